// A provider that misbehaves as it is told: what it answers at each place is the test's to say.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose';

export async function start_mean_provider({ port, client_id, client_secret }) {
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES256', use: 'sig' };
  const seen = { authorize: [], token: [], userinfo: 0 };
  // Each may be replaced: `back(parameters)` the answer to the browser, `claims(good)` the ID token's, `sign(claims)` its
  // form, `token(good)` and `userinfo(good)` [status, body, type].
  const rules = {};
  const nonces = new Map();

  const send = (response, [status, body, type = 'application/json']) =>
    response.writeHead(status, { 'content-type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));

  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, issuer);
    let body = '';
    for await (const chunk of request) body += chunk;
    if (url.pathname === '/.well-known/openid-configuration') {
      return send(response, [200, { issuer, authorization_endpoint: `${issuer}/authorize`, token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/jwks`, userinfo_endpoint: `${issuer}/userinfo`, token_endpoint_auth_methods_supported: ['client_secret_post'] }]);
    }
    if (url.pathname === '/jwks') return send(response, [200, { keys: [jwk] }]);
    if (url.pathname === '/authorize') {
      const asked = Object.fromEntries(url.searchParams);
      seen.authorize.push(asked);
      const code = randomBytes(8).toString('hex');
      nonces.set(code, asked.nonce);
      const good = { code, state: asked.state };
      const back = new URL(asked.redirect_uri);
      for (const [name, value] of Object.entries(rules.back?.(good) ?? good)) back.searchParams.set(name, value);
      return response.writeHead(302, { location: back.href }).end();
    }
    if (url.pathname === '/token') {
      const form = Object.fromEntries(new URLSearchParams(body));
      seen.token.push(form);
      const now = Math.floor(Date.now() / 1000);
      const good_claims = { iss: issuer, aud: client_id, sub: 'person-1', nonce: nonces.get(form.code), iat: now, exp: now + 300 };
      const claims = rules.claims?.(good_claims) ?? good_claims;
      const id_token = await (rules.sign?.(claims) ?? new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: 'k' }).sign(privateKey));
      const good = { access_token: `up-${randomBytes(8).toString('hex')}`, refresh_token: `upr-${randomBytes(8).toString('hex')}`,
        token_type: 'Bearer', expires_in: 3600, id_token };
      if (form.client_secret !== client_secret) return send(response, [401, { error: 'invalid_client' }]);
      return send(response, rules.token?.(good) ?? [200, good]);
    }
    if (url.pathname === '/userinfo') {
      seen.userinfo += 1;
      const good = { sub: 'person-1', name: 'Ada', email: 'ada@example.com' };
      return send(response, rules.userinfo?.(good) ?? [200, good]);
    }
    return send(response, [404, {}]);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    issuer, seen, rules,
    unsigned: (claims) => new UnsecuredJWT(claims).encode(),
    with_secret: (claims, secret) => new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'k' }).sign(new TextEncoder().encode(secret)),
    reset: () => { for (const name of Object.keys(rules)) delete rules[name]; },
    stop: async () => { server.closeAllConnections(); server.close(); await once(server, 'close'); },
  };
}
