// Loopback doubles of the providers, in their own shapes, error bodies included. One HTTP server, a path for each.
import { once } from 'node:events';
import http from 'node:http';
import { make_key } from './keys.mjs';
import { audience, providers, tenant } from './table.mjs';

async function body_of(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// The verified claims are nobody's business here: the token was made by the test, so its payload says who it is.
const claims_of = (token) => {
  try {
    return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  } catch {
    return {};
  }
};

export async function start_doubles() {
  const keys = {};
  const strangers = {};
  for (const [name, { alg }] of Object.entries(providers)) {
    if (!alg) continue;
    keys[name] = [await make_key(alg)];
    strangers[name] = await make_key(alg, keys[name][0].kid);
  }
  const world = { keys, strangers, fetches: {}, requests: [], introspected: [], down: new Set(), headers: { jwks: {} } };
  const json = (response, status, value, headers = {}) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };
  const jwks = (response, name) => {
    world.fetches[name] = (world.fetches[name] ?? 0) + 1;
    const members = name === 'entra' ? { issuer: `${world.base}/entra/{tenantid}/v2.0` } : {};
    json(response, 200, { keys: keys[name].map(({ jwk }) => ({ ...jwk, ...members })) }, world.headers.jwks[name]);
  };
  const bearer = (request) => (request.headers.authorization ?? '').replace(/^Bearer /, '');

  const routes = {
    'GET /clerk/.well-known/jwks.json': (_, response) => jwks(response, 'clerk'),
    'GET /clerk/oauth/userinfo': (request, response) => json(response, 200, { sub: claims_of(bearer(request)).sub, email: 'user@example.com', email_verified: true,
      given_name: 'John', family_name: 'Doe', picture: 'https://img.clerk.com/x' }),
    'GET /clerk-api/v1/users/*': (request, response, id) => {
      const error = (code, message) => ({ errors: [{ code, message, long_message: message, meta: {} }], clerk_trace_id: 't' });
      if (bearer(request) !== 'sk_test_double' || id === 'user_badkey') return json(response, 401, error('clerk_key_invalid', 'The provided Clerk Secret Key is invalid.'));
      if (id === 'user_gone') return json(response, 404, error('resource_not_found', 'not found'));
      if (id === 'user_limited') return json(response, 429, error('too_many_requests', 'Too many requests'), { 'Retry-After': '1' });
      return json(response, 200, { id: id === 'user_swapped' ? 'user_other' : id, object: 'user', first_name: 'John', last_name: 'Doe', image_url: 'https://img.clerk.com/x',
        banned: id === 'user_banned', primary_email_address_id: 'idn_2', created_at: 1700000000000,
        email_addresses: [{ id: 'idn_1', object: 'email_address', email_address: 'unverified@example.com', verification: { status: 'unverified' } },
          { id: 'idn_2', object: 'email_address', email_address: 'user@example.com', verification: { status: 'verified', strategy: 'email_code' } }] });
    },
    'GET /cognito/eu-west-1_AbCdEf123/.well-known/jwks.json': (_, response) => jwks(response, 'cognito'),
    'POST /cognito-api/': async (request, response) => {
      const target = request.headers['x-amz-target'];
      const input = JSON.parse(await body_of(request));
      if (target !== 'AWSCognitoIdentityProviderService.GetUser') return json(response, 400, { __type: 'UnknownOperationException' });
      const { sub, username } = claims_of(input.AccessToken);
      if (sub === 'revoked') return json(response, 400, { __type: 'NotAuthorizedException', message: 'Access Token has been revoked' });
      if (sub === 'throttled') return json(response, 400, { __type: 'com.amazonaws#TooManyRequestsException', message: 'Rate exceeded' });
      return json(response, 200, { Username: username, UserMFASettingList: [], UserAttributes: [{ Name: 'sub', Value: sub }, { Name: 'email_verified', Value: 'true' },
        { Name: 'email', Value: 'ada@example.com' }] });
    },
    'GET /auth0/.well-known/jwks.json': (_, response) => jwks(response, 'auth0'),
    'GET /auth0/userinfo': (request, response) => {
      const { sub } = claims_of(bearer(request));
      if (sub === 'auth0|revoked') return json(response, 401, { error: 'invalid_token' }, { 'WWW-Authenticate': 'Bearer error="invalid_token"' });
      if (sub === 'auth0|limited') return json(response, 429, { error: 'too_many_requests' }, { 'X-RateLimit-Limit': '10', 'X-RateLimit-Remaining': '0' });
      return json(response, 200, { sub: sub === 'auth0|swapped' ? 'auth0|other' : sub, email: 'user@example.com', email_verified: true, name: 'John Doe', nickname: 'john' });
    },
    'GET /firebase/jwk/securetoken@system.gserviceaccount.com': (_, response) => jwks(response, 'firebase'),
    'GET /oidc/.well-known/openid-configuration': (_, response) => json(response, 200, { issuer: `${world.base}/oidc`, jwks_uri: `${world.base}/oidc/jwks`,
      userinfo_endpoint: `${world.base}/oidc/me`, token_endpoint: `${world.base}/oidc/token` }),
    'GET /oidc/jwks': (_, response) => jwks(response, 'oidc'),
    'GET /oidc/me': (request, response) => json(response, 200, { sub: claims_of(bearer(request)).sub, email: 'g@example.com', name: 'Gen Eric' }),
    'GET /keycloak/realms/demo/protocol/openid-connect/certs': (_, response) => jwks(response, 'keycloak'),
    'GET /okta/oauth2/default/v1/keys': (_, response) => jwks(response, 'okta'),
    'GET /okta/oauth2/default/v1/userinfo': (request, response) => json(response, 200, { sub: claims_of(bearer(request)).uid, email: 'ada@example.com', email_verified: true,
      name: 'Ada L', preferred_username: 'ada@example.com' }),
    [`GET /entra/${tenant}/discovery/v2.0/keys`]: (_, response) => jwks(response, 'entra'),
    'GET /entra/organizations/discovery/v2.0/keys': (_, response) => jwks(response, 'entra'),
    'GET /workos/sso/jwks/client_1': (_, response) => jwks(response, 'workos'),
    'GET /workos/user_management/users/*': (_, response, id) => json(response, 200, { object: 'user', id, email: 'w@example.com', email_verified: true, first_name: 'Wo',
      last_name: 'Rk', profile_picture_url: null }),
    'GET /supabase/auth/v1/.well-known/jwks.json': (_, response) => jwks(response, 'supabase'),
    'GET /google/oauth2/v3/certs': (_, response) => jwks(response, 'google'),
    'POST /google/tokeninfo': async (request, response) => {
      const token = new URLSearchParams(await body_of(request)).get('access_token');
      const expires = String(Math.floor(Date.now() / 1000) + 600);
      if (token === 'ya29.right') return json(response, 200, { aud: 'goo.apps', azp: 'goo.apps', sub: '1234567890', exp: expires, scope: 'openid email', email: 'go@example.com' });
      if (token === 'ya29.other') return json(response, 200, { aud: 'other.apps', azp: 'other.apps', sub: '1234567890', exp: expires });
      return json(response, 400, { error: 'invalid_token', error_description: 'Invalid Value' });
    },
    'GET /google/v1/userinfo': (_, response) => json(response, 200, { sub: '1234567890', email: 'go@example.com', email_verified: true, name: 'Goo Gle' }),
    'POST /github/applications/Iv1.app/token': async (request, response) => {
      const { access_token } = JSON.parse(await body_of(request));
      if (access_token === 'gho_broken') return json(response, 502, { message: 'Server Error' });
      if (request.headers.authorization !== `Basic ${Buffer.from('Iv1.app:shh').toString('base64')}` || access_token !== 'gho_right') {
        return json(response, 404, { message: 'Not Found', documentation_url: 'https://docs.github.com/rest' });
      }
      return json(response, 200, { id: 1, token: access_token, app: { client_id: 'Iv1.app', name: 'App' }, scopes: ['read:user', 'user:email'],
        user: { login: 'octo', id: 42, avatar_url: 'https://avatars.example/42' } });
    },
    'GET /github/user': (_, response) => json(response, 200, { login: 'octo', id: 42, name: 'Octo Cat', email: null, avatar_url: 'https://avatars.example/42' }),
    'GET /github/user/emails': (_, response) => json(response, 200, [{ email: 'other@example.com', primary: false, verified: true },
      { email: 'octo@example.com', primary: true, verified: true }]),
    'POST /introspect': async (request, response) => {
      if (request.headers.authorization !== `Basic ${Buffer.from('rs:shh').toString('base64')}`) return json(response, 401, { error: 'invalid_client' });
      const token = new URLSearchParams(await body_of(request)).get('token');
      world.introspected.push(token);
      const exp = Math.floor(Date.now() / 1000) + 600;
      const right = { active: true, iss: 'https://as.example', aud: [audience], sub: 'intro-1', client_id: 'webapp', scope: 'read', exp };
      const answers = { 'opaque-right': right, 'opaque-other': { ...right, aud: 'https://other.example' }, 'opaque-text': { ...right, active: 'true' },
        'opaque-old': { ...right, exp: exp - 1200 } };
      return json(response, 200, answers[token] ?? { active: false });
    },
  };

  const server = http.createServer(async (request, response) => {
    const name = request.url.split('/')[1];
    if (world.down.has(name)) return request.socket.destroy();
    const key = `${request.method} ${request.url}`;
    const star = Object.keys(routes).find((route) => route.endsWith('/*') && key.startsWith(route.slice(0, -1)));
    world.requests.push(key);
    const route = routes[key] ?? routes[star];
    if (!route) return json(response, 404, { error: 'no such route', key });
    return route(request, response, star ? key.slice(star.length - 1) : undefined);
  });
  server.keepAliveTimeout = 500;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  world.base = `http://127.0.0.1:${server.address().port}`;
  world.rotate = async (name) => {
    keys[name] = [await make_key(providers[name].alg)];
    return keys[name][0];
  };
  world.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return world;
}
