// oidc-provider (npm) that registers clients by itself, with a sign-in form and an approval page; its access tokens are JWTs for the
// service. One client is known before: the service itself, which signs people in on its payment pages.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const escaped = (text) => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
const page = (title, form) => `<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>${title}</title><h1>${title}</h1>
<form method="post">${form}</form></html>`;

export async function start_provider({ port, base, client_id, client_secret }) {
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one' };
  const quiet = ['info', 'warn'].map((level) => [level, console[level]]);
  for (const [level] of quiet) console[level] = () => {};
  const claims_of = (sub) => ({ sub, name: sub.replace(/^user-/, ''), email: `${sub.replace(/^user-/, '')}@example.com` });
  const provider = new Provider(issuer, {
    clients: [{ client_id, client_secret, redirect_uris: [`${base}/connect/callback`], grant_types: ['authorization_code'], response_types: ['code'] }],
    jwks: { keys: [key] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    claims: { openid: ['sub', 'name', 'email'] },
    conformIdTokenClaims: false,
    ttl: { AccessToken: 600, AuthorizationCode: 60, RefreshToken: 3600, IdToken: 600, Grant: 3600, Interaction: 600, Session: 3600 },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => claims_of(sub) }),
    extraTokenClaims: (_, token) => (token.accountId ? claims_of(token.accountId) : undefined),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false }, registration: { enabled: true }, revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
      resourceIndicators: {
        enabled: true, useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({ scope: '', audience: resource, accessTokenTTL: 600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
      },
    },
  });
  for (const [level, original] of quiet) console[level] = original;
  provider.on('server_error', (_, error) => console.error('oidc-provider:', error));
  const seen = { registered: [], grants: [], secrets: [], revoked: 0 };
  provider.on('registration_create.success', (_, client) => { seen.registered.push(client); });
  provider.on('grant.revoked', () => { seen.revoked += 1; });
  provider.on('grant.success', (ctx) => {
    seen.grants.push(ctx.oidc.params.grant_type);
    seen.secrets.push(...[ctx.body.access_token, ctx.body.refresh_token, ctx.body.id_token, ctx.oidc.params.code, ctx.oidc.params.code_verifier].filter(Boolean));
  });

  const answer = provider.callback();
  const server = http.createServer(async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    const { params, session, uid, prompt } = await provider.interactionDetails(request, response);
    const client = await provider.Client.find(params.client_id);
    let body = '';
    for await (const chunk of request) body += chunk;
    const given = new URLSearchParams(body);
    const signed_in = session?.accountId;
    if (request.method !== 'POST') {
      const form = prompt.name === 'login' ? '<label>Name <input name="name" autofocus></label> <button>Sign in</button>'
        : `<p>${escaped(client.clientName ?? params.client_id)} wants to act for you.</p><button name="answer" value="yes">Allow</button> <button name="answer" value="no">Deny</button>`;
      return response.setHeader('content-type', 'text/html; charset=utf-8').end(page(prompt.name === 'login' ? 'Sign in' : 'Allow this?', form));
    }
    if (prompt.name === 'login') {
      return provider.interactionFinished(request, response, { login: { accountId: `user-${given.get('name')}` } });
    }
    if (given.get('answer') === 'no') {
      return provider.interactionFinished(request, response, { error: 'access_denied', error_description: '<script>alert(1)</script>' });
    }
    const grant = new provider.Grant({ accountId: signed_in, clientId: params.client_id });
    grant.addOIDCScope('openid offline_access profile email');
    if (params.resource) grant.addResourceScope(params.resource, '');
    const grantId = await grant.save();
    return provider.interactionFinished(request, response, { consent: { grantId } }, { mergeWithLastSubmission: true, uid });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    issuer, seen,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
