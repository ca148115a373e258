// An identity provider that answers as it is told to: OAuth 2.0 with a user's API, and OpenID Connect.
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import * as jose from 'jose';

export const provider_client = { id: 'our-client-at-the-provider', secret: 'secret-at-the-provider-0123456789' };

export async function start_provider() {
  const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
  const codes = new Map();
  const provider = {
    private_key: privateKey, public_jwk: jwk, seen: { authorize: [], token: [], userinfo: [] }, secrets: new Set(),
    // What is told here holds until `honest()`.
    honest: () => Object.assign(provider, { callback: undefined, token: undefined, userinfo: undefined, id_token: undefined }),
  };
  provider.honest();
  const server = http.createServer(async (request, answer) => {
    const url = new URL(request.url, provider.issuer);
    let body = '';
    for await (const chunk of request) body += chunk;
    const send = (status, value, type = 'application/json') => {
      answer.writeHead(status, { 'content-type': type });
      answer.end(typeof value === 'string' ? value : JSON.stringify(value));
    };
    if (url.pathname === '/.well-known/openid-configuration')
      return send(200, { issuer: provider.issuer, authorization_endpoint: `${provider.issuer}/authorize`, token_endpoint: `${provider.issuer}/token`,
        userinfo_endpoint: `${provider.issuer}/userinfo`, jwks_uri: `${provider.issuer}/jwks`, response_types_supported: ['code'],
        subject_types_supported: ['public'], id_token_signing_alg_values_supported: ['ES256'], code_challenge_methods_supported: ['S256'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'], authorization_response_iss_parameter_supported: true,
        scopes_supported: ['openid', 'profile', 'email'] });
    if (url.pathname === '/jwks') return send(200, { keys: [jwk] });
    if (url.pathname === '/authorize') {
      const asked = Object.fromEntries(url.searchParams);
      provider.seen.authorize.push(asked);
      const code = `upstream-code-${randomBytes(16).toString('hex')}`;
      codes.set(code, asked);
      provider.secrets.add(code);
      const to = new URL(asked.redirect_uri);
      const given = { code, state: asked.state, iss: provider.issuer, ...provider.callback };
      for (const [name, value] of Object.entries(given)) if (value !== undefined) to.searchParams.set(name, value);
      answer.writeHead(302, { location: to.href });
      return answer.end();
    }
    if (url.pathname === '/token') {
      const form = Object.fromEntries(new URLSearchParams(body));
      const asked = codes.get(form.code);
      provider.seen.token.push({ form, asked, authorization: request.headers.authorization });
      if (provider.token) return send(...provider.token(form));
      if (!asked) return send(400, { error: 'invalid_grant' });
      const tokens = { access_token: `upstream-at-${randomBytes(16).toString('hex')}`, refresh_token: `upstream-rt-${randomBytes(16).toString('hex')}` };
      for (const one of Object.values(tokens)) provider.secrets.add(one);
      const now = Math.floor(Date.now() / 1000);
      const claims = { iss: provider.issuer, aud: provider_client.id, sub: 'person-1', iat: now, exp: now + 300, ...(asked.nonce ? { nonce: asked.nonce } : {}) };
      const sign = provider.id_token ?? ((given) => new jose.SignJWT(given).setProtectedHeader({ alg: 'ES256', kid: 'k1' }).sign(privateKey));
      return send(200, { ...tokens, token_type: 'Bearer', expires_in: 3600, id_token: await sign(claims) });
    }
    if (url.pathname === '/userinfo' || url.pathname === '/user') {
      provider.seen.userinfo.push(request.headers.authorization);
      if (provider.userinfo) return send(...provider.userinfo());
      return send(200, { id: 583231, sub: 'person-1', login: 'ada', name: 'Ada' });
    }
    return send(404, { error: 'not_found' });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  provider.issuer = `http://127.0.0.1:${server.address().port}`;
  provider.stop = () => { server.closeAllConnections(); server.close(); };
  return provider;
}
