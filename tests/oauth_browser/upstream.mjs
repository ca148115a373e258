// The person's identity provider: oidc-provider from npm with a sign-in form.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const page = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Sign in at the provider</title>
<h1>Provider</h1><form method="post"><label>Name <input name="name" autofocus></label> <button>Sign in</button></form></html>`;

export async function start_upstream({ port, client_id, client_secret, redirect_uris }) {
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const state = { refreshed: 0, signed_in: 0, authorize: [] };
  const quiet = ['info', 'warn'].map((level) => [level, console[level]]);
  for (const [level] of quiet) console[level] = () => {};
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris, grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one' }] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    pkce: { required: () => true },
    conformIdTokenClaims: false,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: sub.replace('user-', ''), email: `${sub}@example.com`, email_verified: true }) }),
    issueRefreshToken: async () => true,
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Grant: 600, Interaction: 600, Session: 600, RefreshToken: 600 },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: { devInteractions: { enabled: false } },
  });
  for (const [level, original] of quiet) console[level] = original;
  provider.on('server_error', (_, error) => console.error('oidc-provider:', error));
  const answer = provider.callback();
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, issuer);
    if (url.pathname === '/auth') state.authorize.push(Object.fromEntries(url.searchParams));
    if (!url.pathname.startsWith('/interaction/')) return answer(request, response);
    const { params, prompt, session } = await provider.interactionDetails(request, response);
    const signs_in = prompt.name === 'login';
    let accountId = signs_in ? undefined : session?.accountId;
    if (!accountId) {
      if (request.method !== 'POST') return response.setHeader('content-type', 'text/html').end(page);
      let body = '';
      for await (const chunk of request) body += chunk;
      accountId = `user-${new URLSearchParams(body).get('name')}`;
      state.signed_in += 1;
    }
    const grant = new provider.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope('openid profile email');
    const grantId = await grant.save();
    return provider.interactionFinished(request, response, { ...(signs_in ? { login: { accountId } } : {}), consent: { grantId } });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { issuer, state, stop: async () => { server.closeAllConnections(); server.close(); await once(server, 'close'); } };
}
