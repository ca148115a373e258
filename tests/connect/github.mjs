// GitHub as far as a connection needs it, in GitHub's own shapes: errors with status 200, form-encoded answers unless JSON
// is asked for, tokens that may expire (GitHub Apps), PKCE, "delete an app token".
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

export async function start_github({ port, client_id, client_secret }) {
  const origin = `http://127.0.0.1:${port}`;
  const state = { codes: new Map(), tokens: new Set(), refresh: new Set(), refreshed: 0, exchanged: 0, revoked: [], visits: 0,
    expires_in: undefined, user: { login: 'octocat', id: 1, name: null, email: null },
    decline: false, break_exchange: false, refuse_refresh: false, ask: false };

  const tokens = () => {
    const access_token = `gho_${randomBytes(16).toString('hex')}`;
    state.tokens.add(access_token);
    const answer = { access_token, token_type: 'bearer', scope: 'read:user,repo' };
    if (state.expires_in !== undefined) {
      answer.refresh_token = `ghr_${randomBytes(16).toString('hex')}`;
      state.refresh.add(answer.refresh_token);
      answer.expires_in = state.expires_in;
    }
    return answer;
  };

  const valid = (token) => state.tokens.has(token) && !state.revoked.includes(token);

  const exchange = (form) => {
    if (form.get('client_id') !== client_id || form.get('client_secret') !== client_secret) return { error: 'incorrect_client_credentials' };
    if (form.get('grant_type') === 'refresh_token') {
      if (state.refuse_refresh || !state.refresh.delete(form.get('refresh_token'))) return { error: 'bad_refresh_token', error_description: '<script>alert(1)</script>' };
      state.refreshed += 1;
      return tokens();
    }
    const code = state.codes.get(form.get('code'));
    state.codes.delete(form.get('code'));
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    if (!code || state.break_exchange || code.challenge !== challenge) return { error: 'bad_verification_code', error_description: '<script>alert(1)</script>' };
    if (form.get('redirect_uri') !== code.redirect_uri) return { error: 'redirect_uri_mismatch' };
    state.exchanged += 1;
    return tokens();
  };

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, origin);
    let body = '';
    for await (const chunk of request) body += chunk;
    const json = (status, value) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (url.pathname === '/login/oauth/authorize') {
      state.visits += 1;
      if (state.ask && !url.searchParams.has('ok')) {
        url.searchParams.set('ok', '1');
        return response.setHeader('content-type', 'text/html').end(`<!doctype html><html lang="en"><title>Authorize</title><a id="ok" href="${url.pathname}${url.search.replaceAll('&', '&amp;')}">Authorize</a></html>`);
      }
      const back = new URL(url.searchParams.get('redirect_uri'));
      back.searchParams.set('state', url.searchParams.get('state'));
      if (state.decline) {
        back.searchParams.set('error', 'access_denied');
        back.searchParams.set('error_description', '<script>alert(1)</script>');
      } else {
        const code = randomBytes(10).toString('hex');
        state.codes.set(code, { redirect_uri: url.searchParams.get('redirect_uri'), challenge: url.searchParams.get('code_challenge_method') === 'S256' && url.searchParams.get('code_challenge') });
        back.searchParams.set('code', code);
      }
      return response.writeHead(302, { location: back.href }).end();
    }
    if (url.pathname === '/login/oauth/access_token' && request.method === 'POST') {
      const answer = exchange(new URLSearchParams(body));
      if (request.headers.accept === 'application/json') return json(200, answer);
      return response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' }).end(new URLSearchParams(answer).toString());
    }
    // GitHub Enterprise Server has its API below a path.
    const api = url.pathname.replace(/^\/api\/v3(?=\/)/, '');
    if (api === `/applications/${client_id}/token` && request.method === 'DELETE') {
      const basic = `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`;
      if (request.headers.authorization !== basic) return json(401, { message: 'Requires authentication' });
      const { access_token } = JSON.parse(body);
      if (!valid(access_token)) return json(404, { message: 'Not Found' });
      state.revoked.push(access_token);
      return response.writeHead(204).end();
    }
    const token = /^Bearer (.*)$/.exec(request.headers.authorization ?? '')?.[1];
    if (!valid(token)) return json(401, { message: 'Bad credentials' });
    if (api === '/user') return json(200, state.user);
    if (api === '/user/emails') return json(404, { message: 'Not Found' });
    if (api === '/user/repos') return json(200, [{ full_name: 'octocat/hello-world' }]);
    return json(404, { message: 'Not Found' });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { origin, state, stop: async () => { server.closeAllConnections(); server.close(); await once(server, 'close'); } };
}
