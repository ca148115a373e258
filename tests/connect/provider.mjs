// A real OpenID provider (oidc-provider from npm) with a sign-in form, for the connect page as its client.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';

const page = `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Sign in</title>
<form method="post"><label>Name <input name="name" autofocus></label> <button>Sign in</button></form></html>`;

export async function start_provider({ port, base, client_id, client_secret }) {
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one' };
  const quiet = ['info', 'warn'].map((level) => [level, console[level]]);
  for (const [level] of quiet) console[level] = () => {};
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [`${base}/connect/callback`], grant_types: ['authorization_code'], response_types: ['code'] }],
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    pkce: { required: () => true },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Grant: 600, Interaction: 600, Session: 600 },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: { devInteractions: { enabled: false } },
  });
  for (const [level, original] of quiet) console[level] = original;
  provider.on('server_error', (_, error) => console.error('oidc-provider:', error));
  const answer = provider.callback();
  const server = http.createServer(async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    const { params, session } = await provider.interactionDetails(request, response);
    let accountId = session?.accountId;
    if (!accountId) {
      if (request.method !== 'POST') return response.setHeader('content-type', 'text/html').end(page);
      let body = '';
      for await (const chunk of request) body += chunk;
      accountId = `user-${new URLSearchParams(body).get('name')}`;
    }
    const grant = new provider.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope('openid');
    const grantId = await grant.save();
    return provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    issuer,
    // What an MCP client has: an access token for the server, of the same person.
    token: async (name) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ iss: issuer, aud: `${base}/mcp`, sub: `user-${name}`, client_id: 'mcp-client', iat: now, exp: now + 3600 })
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'one' }).sign(await importJWK(key, 'RS256'));
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
