// A real OpenID provider (oidc-provider from npm) on loopback. Its sign-in page answers by itself, so that the code
// flow can be driven without a browser; everything else is the product as it is: PKCE, RFC 8707, JWT access tokens.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';

// Everybody has an account here: "ada-1" is user-ada-1, Ada Lovelace, ada-1@example.com.
export const person = (name) => ({
  sub: `user-${name}`,
  email: `${name}@example.com`,
  given_name: name[0].toUpperCase() + name.slice(1).split('-')[0],
  family_name: 'Lovelace',
});
const redirect_uri = 'http://127.0.0.1/callback';

const claims_of = ({ email, given_name, family_name }) => ({
  email, email_verified: true, name: `${given_name} ${family_name}`, given_name, family_name,
});

async function make_jwk(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: randomBytes(6).toString('hex') };
}

const by_sub = (sub) => person(sub.replace(/^user-/, ''));

function configuration(keys, audience, alg, client_secret) {
  const client = {
    client_id: 'premium-service', client_secret, redirect_uris: [redirect_uri, new URL('/connect/callback', audience).href],
    grant_types: ['authorization_code', 'client_credentials'], response_types: ['code'], id_token_signed_response_alg: alg,
  };
  return {
    clients: [client],
    jwks: { keys },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'] },
    scopes: ['openid', 'email', 'profile'],
    enabledJWA: { idTokenSigningAlgValues: [alg] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...claims_of(by_sub(sub)) }) }),
    ttl: { AccessToken: 3600, ClientCredentials: 600, AuthorizationCode: 60, IdToken: 3600, Grant: 3600, Interaction: 600, Session: 3600 },
    extraTokenClaims: (_, token) => (token.accountId ? claims_of(by_sub(token.accountId)) : undefined),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'mcp', audience: resource, accessTokenTTL: 3600, accessTokenFormat: 'jwt', jwt: { sign: { alg } },
        }),
      },
    },
  };
}

export async function start_provider({ port, audience, client_secret, alg = 'RS256' }) {
  const issuer = `http://127.0.0.1:${port}`;
  const keys = [await make_jwk(alg)];
  // The product warns about each setting it would rather have in a database; these are tests.
  const quiet = ['info', 'warn'].map((level) => [level, console[level]]);
  for (const [level] of quiet) console[level] = () => {};
  const provider = new Provider(issuer, configuration(keys, audience, alg, client_secret));
  for (const [level, original] of quiet) console[level] = original;
  provider.on('server_error', (_, error) => console.error('oidc-provider:', error));

  let next_person = 'ada';
  const answer = provider.callback();
  const server = http.createServer(async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    const { params, session } = await provider.interactionDetails(request, response);
    const accountId = session?.accountId ?? person(params.login_hint ?? next_person).sub;
    const grant = new provider.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope('openid email profile');
    grant.addResourceScope(audience, 'mcp');
    const grantId = await grant.save();
    return provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');

  return {
    issuer,
    keys,
    sign_in_next_as: (name) => { next_person = name; },
    token: (name) => code_flow({ issuer, audience, client_secret }, name),
    machine_token: () => client_credentials({ issuer, audience, client_secret }),
    // A token of this provider's own key whose claims are wrong in one way.
    forge: async (name, changes = {}, header = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss: issuer, aud: audience, sub: person(name).sub, client_id: 'premium-service', scope: 'mcp',
        jti: randomBytes(8).toString('hex'), iat: now, exp: now + 3600, ...claims_of(person(name)), ...changes };
      const signer = new SignJWT(payload).setProtectedHeader({ alg, typ: 'at+jwt', kid: keys[0].kid, ...header });
      return signer.sign(await importJWK(keys[0], alg));
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function exchange({ issuer, client_secret }, form) {
  const basic = `Basic ${Buffer.from(`premium-service:${client_secret}`).toString('base64')}`;
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: basic, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`token endpoint: ${answer.status} ${JSON.stringify(body)}`);
  return body.access_token;
}

const client_credentials = (at) =>
  exchange(at, { grant_type: 'client_credentials', scope: 'mcp', resource: at.audience });

// Authorization code with PKCE, following the redirects with a cookie jar as a browser would.
async function code_flow(at, name) {
  const { issuer, audience } = at;
  const verifier = randomBytes(32).toString('base64url');
  const state = randomBytes(8).toString('hex');
  const start = new URL('/auth', issuer);
  start.search = new URLSearchParams({
    client_id: 'premium-service', redirect_uri, response_type: 'code', scope: 'openid email profile mcp', state,
    resource: audience, login_hint: name, code_challenge_method: 'S256', prompt: 'login consent',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  });
  const end = await follow(start, (url) => url.href.startsWith(redirect_uri));
  const code = end.searchParams.get('code');
  if (!code || end.searchParams.get('state') !== state) throw new Error(`sign-in ended at ${end.href}`);
  return exchange(at, { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier, resource: audience });
}

// Follows redirects with cookies until `arrived(url)`; returns that URL without asking for it.
export async function follow(from, arrived, jars = new Map()) {
  let url = new URL(from);
  for (let hop = 0; hop < 20; ++hop) {
    if (arrived(url)) return url;
    const jar = jars.get(url.host) ?? jars.set(url.host, new Map()).get(url.host);
    const cookie = [...jar].map(([key, value]) => `${key}=${value}`).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: cookie ? { cookie } : {} });
    await answer.arrayBuffer();
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';');
      const at = pair.indexOf('=');
      if (pair.slice(at + 1) === '') jar.delete(pair.slice(0, at));
      else jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    const location = answer.headers.get('location');
    if (!location) throw new Error(`${url.href} answered ${answer.status} without a redirect`);
    url = new URL(location, url);
  }
  throw new Error(`too many redirects from ${from}`);
}
