// The providers, their settings, what a right token of each says, and the table of forged and wrong ones with the expected
// code. Data only, so that each transport can go through it: see run.mjs for how a row becomes a token.
//   how     good (default: genuine signature), stranger (another key, the same kid), unknown_key, unsigned, unsigned_odd_case,
//           hs_with_public_key, hs_with_secret, flipped, cut, padded, repeated_claim, raw (the text itself)
//   claims  put over the right ones; null takes one away
//   header  the same for the header
//   rest_ms  how long the provider has asked us to leave it alone
//   expect  OK, INVALID_TOKEN or VERIFICATION_FAILED; for whom: tool getUserId (the token alone), or getProfile where it says so

export const audience = 'https://mcp.example.com/mcp';
export const tenant = '11111111-2222-4333-8444-555555555555';
export const api_client = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
export const supabase_secret = 'a-legacy-secret-of-at-least-32-bytes!';

const hour = (now) => ({ iat: now - 10, exp: now + 3600 });

// w: {base, now}. env → the server's settings; header and claims → of a right token; id and profile → what the tools answer.
export const providers = {
  clerk: {
    program: 'clerk-auth', alg: 'RS256', header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA' },
    env: (w) => ({ CLERK_FRONTEND_API: 'x-y-12.clerk.accounts.dev', CLERK_SECRET_KEY: 'sk_test_double', CLERK_AUTHORIZED_PARTIES: 'https://app.example.com',
      CLERK_ISSUER: `${w.base}/clerk`, CLERK_API_URL: `${w.base}/clerk-api` }),
    claims: (w) => ({ iss: `${w.base}/clerk`, sub: 'user_2abc123xyz', azp: 'https://app.example.com', sid: 'sess_1', v: 2, ...hour(w.now), nbf: w.now - 20,
      o: { id: 'org_1', slg: 'acme', rol: 'admin', per: 'manage,read', fpm: '3,2' }, fea: 'o:dash,o:teams' }),
    id: 'user_2abc123xyz',
    profile: { sub: 'user_2abc123xyz', userId: 'user_2abc123xyz', email: 'user@example.com', firstName: 'John', lastName: 'Doe', imageUrl: 'https://img.clerk.com/x' },
  },
  cognito: {
    program: 'cognito-auth', alg: 'RS256', header: {},
    env: (w) => ({ AWS_REGION: 'eu-west-1', COGNITO_USER_POOL_ID: 'eu-west-1_AbCdEf123', COGNITO_CLIENT_ID: 'webapp', COGNITO_DOMAIN: `${w.base}/cognito-domain`,
      COGNITO_ISSUER: `${w.base}/cognito/eu-west-1_AbCdEf123`, COGNITO_API_URL: `${w.base}/cognito-api/` }),
    claims: (w) => ({ iss: `${w.base}/cognito/eu-west-1_AbCdEf123`, sub: '0f-user-uuid', token_use: 'access', client_id: 'webapp', username: 'ada',
      scope: 'aws.cognito.signin.user.admin openid', 'cognito:groups': ['admin', 'users'], version: 2, jti: 'j', auth_time: w.now - 30, ...hour(w.now) }),
    id: '0f-user-uuid',
    profile: { sub: '0f-user-uuid', email: 'ada@example.com', email_verified: true, 'cognito:username': 'ada', 'cognito:groups': ['admin', 'users'] },
  },
  auth0: {
    program: 'auth0-auth', alg: 'RS256', header: { typ: 'JWT' },
    env: (w) => ({ AUTH0_DOMAIN: 'tenant.eu.auth0.com', AUTH0_CLIENT_ID: 'webapp', AUTH0_CLIENT_SECRET: 'shh', AUTH0_AUDIENCE: audience, AUTH0_ISSUER: `${w.base}/auth0/` }),
    claims: (w) => ({ iss: `${w.base}/auth0/`, sub: 'auth0|507f1f77bcf86cd799439011', aud: [audience, `${w.base}/auth0/userinfo`], azp: 'webapp', scope: 'openid profile email',
      permissions: ['read:data'], ...hour(w.now) }),
    id: 'auth0|507f1f77bcf86cd799439011',
    profile: { sub: 'auth0|507f1f77bcf86cd799439011', email: 'user@example.com', email_verified: true, name: 'John Doe' },
  },
  firebase: {
    alg: 'RS256', header: { typ: 'JWT' },
    env: (w) => ({ FIREBASE_PROJECT_ID: 'demo-app', FIREBASE_JWKS_URL: `${w.base}/firebase/jwk/securetoken@system.gserviceaccount.com`, FIREBASE_API_KEY: 'k' }),
    claims: (w) => ({ iss: 'https://securetoken.google.com/demo-app', aud: 'demo-app', sub: 'fire-1', auth_time: w.now - 60, email: 'f@example.com', email_verified: false,
      name: 'Fi Re', firebase: { sign_in_provider: 'password' }, ...hour(w.now) }),
    id: 'fire-1',
    profile: { sub: 'fire-1', uid: 'fire-1', email: 'f@example.com', email_verified: false, name: 'Fi Re', picture: null, phone_number: null, sign_in_provider: 'password' },
  },
  oidc: {
    alg: 'ES256', header: { typ: 'at+jwt' },
    env: (w) => ({ OIDC_ISSUER: `${w.base}/oidc`, OIDC_AUDIENCE: audience }),
    claims: (w) => ({ iss: `${w.base}/oidc`, aud: audience, sub: 'generic-1', client_id: 'webapp', scope: 'openid email', jti: 'x', ...hour(w.now) }),
    id: 'generic-1', profile: { sub: 'generic-1', email: 'g@example.com', email_verified: null, name: 'Gen Eric' },
  },
  keycloak: {
    alg: 'RS256', header: { typ: 'JWT' },
    env: (w) => ({ KEYCLOAK_URL: `${w.base}/keycloak`, KEYCLOAK_REALM: 'demo', KEYCLOAK_AUDIENCE: audience, KEYCLOAK_CLIENTS: 'webapp' }),
    claims: (w) => ({ iss: `${w.base}/keycloak/realms/demo`, aud: [audience, 'account'], sub: 'kc-1', azp: 'webapp', typ: 'Bearer', scope: 'openid email', email: 'k@example.com',
      email_verified: true, name: 'Key Cloak', preferred_username: 'kc', realm_access: { roles: ['user'] }, resource_access: { webapp: { roles: ['editor'] } }, ...hour(w.now) }),
    id: 'kc-1', profile: { sub: 'kc-1', email: 'k@example.com', email_verified: true, name: 'Key Cloak' },
  },
  okta: {
    alg: 'RS256', header: {},
    env: (w) => ({ OKTA_ISSUER: `${w.base}/okta/oauth2/default`, OKTA_AUDIENCE: 'api://default' }),
    claims: (w) => ({ iss: `${w.base}/okta/oauth2/default`, aud: 'api://default', sub: 'ada@example.com', uid: '00u1', cid: 'webapp', scp: ['openid', 'email'], ver: 1, ...hour(w.now) }),
    id: '00u1', profile: { sub: 'ada@example.com', email: 'ada@example.com', email_verified: true, name: 'Ada L' },
  },
  entra: {
    alg: 'RS256', header: { typ: 'JWT' },
    env: (w) => ({ AZURE_TENANT_ID: tenant, AZURE_CLIENT_ID: api_client, AZURE_AUTHORITY: `${w.base}/entra` }),
    claims: (w) => ({ iss: `${w.base}/entra/${tenant}/v2.0`, aud: api_client, sub: 'pairwise', oid: '99999999-0000-4000-8000-000000000001', tid: tenant, azp: 'client', ver: '2.0',
      scp: 'read write', roles: ['Admin'], name: 'En Tra', preferred_username: 'e@example.com', ...hour(w.now) }),
    id: '99999999-0000-4000-8000-000000000001', profile: { sub: 'pairwise', email: null, email_verified: null, name: 'En Tra' },
  },
  workos: {
    alg: 'RS256', header: {},
    env: (w) => ({ WORKOS_CLIENT_ID: 'client_1', WORKOS_API_KEY: 'sk_w', WORKOS_API_URL: `${w.base}/workos` }),
    claims: (w) => ({ iss: `${w.base}/workos/user_management/client_1`, sub: 'user_01', sid: 'session_1', org_id: 'org_01', role: 'member', permissions: ['a:b'], ...hour(w.now) }),
    id: 'user_01', profile: { sub: 'user_01', email: 'w@example.com', email_verified: true, name: 'Wo Rk' },
  },
  supabase: {
    alg: 'ES256', header: { typ: 'JWT' },
    env: (w) => ({ SUPABASE_URL: `${w.base}/supabase`, SUPABASE_OAUTH_CLIENTS: 'mcp-client' }),
    claims: (w) => ({ iss: `${w.base}/supabase/auth/v1`, aud: 'authenticated', sub: 'supa-1', role: 'authenticated', email: 's@example.com', session_id: 's', is_anonymous: false,
      app_metadata: {}, user_metadata: { full_name: 'Su Pa', roles: ['owner'] }, client_id: 'mcp-client', ...hour(w.now) }),
    id: 'supa-1', profile: { sub: 'supa-1', email: 's@example.com', email_verified: null, name: 'Su Pa' },
  },
  google: {
    alg: 'RS256', header: { typ: 'JWT' },
    env: (w) => ({ GOOGLE_CLIENT_ID: 'goo.apps', GOOGLE_API_URL: `${w.base}/google` }),
    claims: (w) => ({ iss: 'https://accounts.google.com', aud: 'goo.apps', azp: 'goo.apps', sub: '1234567890', email: 'go@example.com', email_verified: true, name: 'Goo Gle', ...hour(w.now) }),
    id: '1234567890', profile: { sub: '1234567890', email: 'go@example.com', email_verified: true, name: 'Goo Gle' },
  },
  github: {
    opaque: 'gho_right', env: (w) => ({ GITHUB_CLIENT_ID: 'Iv1.app', GITHUB_CLIENT_SECRET: 'shh', GITHUB_API_URL: `${w.base}/github` }),
    id: '42', profile: { sub: '42', email: 'octo@example.com', email_verified: true, name: 'Octo Cat' },
  },
  introspection: {
    opaque: 'opaque-right', env: (w) => ({ INTROSPECTION_URL: `${w.base}/introspect`, INTROSPECTION_CLIENT_ID: 'rs', INTROSPECTION_CLIENT_SECRET: 'shh',
      INTROSPECTION_AUDIENCE: audience, INTROSPECTION_ISSUER: 'https://as.example' }),
    id: 'intro-1', profile: { sub: 'intro-1', email: null, email_verified: null, name: null },
  },
};

const invalid = (provider, name, rest) => ({ provider, name, expect: 'INVALID_TOKEN', ...rest });
const fine = (provider, name, rest = {}) => ({ provider, name, expect: 'OK', ...rest });

// What holds for every provider that signs.
const signed = Object.keys(providers).filter((name) => providers[name].alg);
const common = signed.flatMap((p) => [
  fine(p, 'right'),
  invalid(p, 'expired', { claims: { exp: ({ now }) => now - 60 } }),
  invalid(p, 'issuer of somebody else', { claims: { iss: 'https://evil.example' } }),
  invalid(p, 'signed by a stranger with our kid', { how: 'stranger' }),
]);

const others = [
  invalid('clerk', 'alg none', { how: 'unsigned' }),
  invalid('clerk', 'alg nOnE', { how: 'unsigned_odd_case' }),
  invalid('clerk', 'HS256 with the public key as secret', { how: 'hs_with_public_key' }),
  invalid('clerk', 'unknown kid', { how: 'unknown_key' }),
  invalid('clerk', 'azp of another site', { claims: { azp: 'https://evil.example' } }),
  invalid('clerk', 'no azp', { claims: { azp: null } }),
  invalid('clerk', 'pending session', { claims: { sts: 'pending' } }),
  invalid('clerk', "a machine's token", { claims: { sub: 'mch_1' } }),
  invalid('clerk', 'OAuth token of an application that is not ours', { header: { typ: 'at+jwt' }, claims: { client_id: 'other', azp: null } }),
  invalid('clerk', 'issuer with a slash at the end', { claims: { iss: ({ base }) => `${base}/clerk/` } }),
  invalid('clerk', 'no sub', { claims: { sub: null } }),
  invalid('clerk', 'an API key', { how: 'raw', raw: 'ak_live_123' }),
  invalid('clerk', "a machine's token by its category", { header: { cat: 'cl_B7d4PD333AAA' } }),
  invalid('clerk', 'ID token of an OAuth application', { claims: { azp: null, aud: 'oauth_app', at_hash: 'x' } }),
  invalid('clerk', 'azp as a list', { claims: { azp: ['https://app.example.com'] } }),
  invalid('clerk', 'not valid yet', { claims: { nbf: ({ now }) => now + 600 } }),
  { provider: 'clerk', name: 'profile: the secret key is refused by Clerk', tool: 'getProfile', claims: { sub: 'user_badkey' }, expect: 'VERIFICATION_FAILED' },
  { provider: 'clerk', name: 'profile: rate limited', tool: 'getProfile', claims: { sub: 'user_limited' }, expect: 'VERIFICATION_FAILED', rest_ms: 1100 },
  invalid('clerk', 'profile: the user is gone', { tool: 'getProfile', claims: { sub: 'user_gone' } }),
  invalid('clerk', 'profile: the user is banned', { tool: 'getProfile', claims: { sub: 'user_banned' } }),
  { provider: 'clerk', name: "profile: another user's comes back", tool: 'getProfile', claims: { sub: 'user_swapped' }, expect: 'VERIFICATION_FAILED' },
  fine('clerk', 'the id alone works where the profile would not', { claims: { sub: 'user_badkey' } }),
  invalid('cognito', 'access token of another app client', { claims: { client_id: 'other' } }),
  invalid('cognito', 'access token without client_id', { claims: { client_id: null } }),
  invalid('cognito', 'ID token for another app client', { claims: { token_use: 'id', aud: 'other', client_id: null } }),
  fine('cognito', 'ID token for ours', { claims: { token_use: 'id', aud: 'webapp', client_id: null, email: 'ada@example.com', 'cognito:username': 'ada' } }),
  invalid('cognito', 'no token_use', { claims: { token_use: null } }),
  invalid('cognito', 'token_use of a refresh token', { claims: { token_use: 'refresh' } }),
  invalid('cognito', 'another pool of the same region', { claims: { iss: ({ base }) => `${base}/cognito/eu-west-1_Other` } }),
  invalid('cognito', 'unknown kid', { how: 'unknown_key' }),
  invalid('cognito', 'signature with a flipped bit', { how: 'flipped' }),
  invalid('cognito', 'profile: the token was revoked', { tool: 'getProfile', claims: { sub: 'revoked' } }),
  { provider: 'cognito', name: 'profile: too many requests', tool: 'getProfile', claims: { sub: 'throttled' }, expect: 'VERIFICATION_FAILED', rest_ms: 1100 },
  { provider: 'cognito', name: 'profile: no scope that allows a look-up', tool: 'getProfile', claims: { scope: 'other' }, expect: 'VERIFICATION_FAILED' },
  invalid('auth0', 'audience of another API', { claims: { aud: 'https://other.example' } }),
  invalid('auth0', 'audience list without ours', { claims: { aud: ['https://other.example', ({ base }) => `${base}/auth0/userinfo`] } }),
  invalid('auth0', 'ID token of the app', { claims: { aud: 'webapp' } }),
  invalid('auth0', 'no audience', { claims: { aud: null } }),
  invalid('auth0', 'audience that only begins like ours', { claims: { aud: `${audience}/more` } }),
  invalid('auth0', 'issuer without its slash', { claims: { iss: ({ base }) => `${base}/auth0` } }),
  invalid('auth0', 'opaque token', { how: 'raw', raw: 'v1.opaque-access-token' }),
  invalid('auth0', 'encrypted token (five parts)', { how: 'raw', raw: 'eyJhbGciOiJkaXIifQ..a.b.c' }),
  invalid('auth0', 'HS256 with the client secret', { how: 'hs_with_secret', secret: 'shh' }),
  invalid('auth0', 'crit header', { how: 'forged', header: { crit: ['x'], x: 1 } }),
  invalid('auth0', 'jku header', { header: { jku: 'https://evil.example/jwks' } }),
  invalid('auth0', 'a logout token', { header: { typ: 'logout+jwt' } }),
  invalid('auth0', 'a claim twice', { how: 'repeated_claim' }),
  invalid('auth0', 'cut signature', { how: 'cut' }),
  invalid('auth0', 'padded signature', { how: 'padded' }),
  invalid('auth0', 'no expiry', { claims: { exp: null } }),
  invalid('auth0', 'expiry as text', { claims: { exp: '9999999999' } }),
  invalid('auth0', 'issued in the future', { claims: { iat: ({ now }) => now + 600 } }),
  fine('auth0', 'RFC 9068 profile', { header: { typ: 'application/AT+JWT' }, claims: { client_id: 'webapp', azp: null } }),
  { provider: 'auth0', name: 'profile: rate limited', tool: 'getProfile', claims: { sub: 'auth0|limited' }, expect: 'VERIFICATION_FAILED' },
  invalid('auth0', 'profile: userinfo says 401', { tool: 'getProfile', claims: { sub: 'auth0|revoked' } }),
  { provider: 'auth0', name: "profile: another person's", tool: 'getProfile', claims: { sub: 'auth0|swapped' }, expect: 'VERIFICATION_FAILED' },
  invalid('firebase', 'another project', { claims: { aud: 'other-app' } }),
  invalid('firebase', 'session cookie', { claims: { iss: 'https://session.firebase.google.com/demo-app' } }),
  invalid('firebase', 'custom token', { claims: { iss: 'svc@demo-app.iam.gserviceaccount.com', aud: 'https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit' } }),
  invalid('firebase', 'project among others', { claims: { aud: ['demo-app', 'x'] } }),
  invalid('firebase', 'no kid', { header: { kid: null } }),
  invalid('firebase', 'signed in in the future', { claims: { auth_time: ({ now }) => now + 600 } }),
  invalid('firebase', 'emulator token', { how: 'unsigned' }),
  invalid('firebase', 'sub of 129 characters', { claims: { sub: 'x'.repeat(129) } }),
  invalid('oidc', 'no audience', { claims: { aud: null } }),
  invalid('oidc', 'issuer with a slash at the end', { claims: { iss: ({ base }) => `${base}/oidc/` } }),
  invalid('oidc', 'unknown kid', { how: 'unknown_key' }),
  invalid('keycloak', 'audience account alone', { claims: { aud: 'account' } }),
  invalid('keycloak', 'ID token', { claims: { typ: 'ID' } }),
  invalid('keycloak', 'refresh token', { claims: { typ: 'Refresh' } }),
  invalid('keycloak', 'no type', { claims: { typ: null } }),
  invalid('keycloak', 'azp of another client', { claims: { azp: 'other' } }),
  invalid('keycloak', 'another realm', { claims: { iss: ({ base }) => `${base}/keycloak/realms/other` } }),
  invalid('okta', 'org server token', { claims: { iss: ({ base }) => `${base}/okta` } }),
  invalid('okta', 'another audience', { claims: { aud: 'api://other' } }),
  invalid('okta', 'ID token (no cid)', { claims: { cid: null } }),
  invalid('entra', 'for Microsoft Graph', { claims: { aud: '00000003-0000-0000-c000-000000000000' } }),
  invalid('entra', 'of another tenant', { claims: { tid: '99999999-2222-4333-8444-555555555555' } }),
  invalid('entra', 'version 1 issuer', { claims: { iss: `https://sts.windows.net/${tenant}/`, ver: '1.0' } }),
  invalid('entra', 'ID token (no scp, no roles)', { claims: { scp: null, roles: null } }),
  invalid('entra', 'no oid', { claims: { oid: null } }),
  fine('entra', 'audience as App ID URI', { claims: { aud: `api://${api_client}` } }),
  invalid('workos', 'of another application', { claims: { iss: ({ base }) => `${base}/workos/user_management/client_2` } }),
  invalid('workos', 'issuer with a slash at the end', { claims: { iss: ({ base }) => `${base}/workos/` } }),
  invalid('workos', 'no session id', { claims: { sid: null } }),
  invalid('supabase', 'another audience', { claims: { aud: 'anon' } }),
  invalid('supabase', 'anon key', { claims: { role: 'anon' } }),
  invalid('supabase', 'service role', { claims: { role: 'service_role' } }),
  invalid('supabase', 'OAuth client that is not ours', { claims: { client_id: 'other' } }),
  invalid('supabase', 'signed in anonymously', { claims: { is_anonymous: true } }),
  invalid('supabase', 'HS256 by the legacy secret, which is not configured', { how: 'hs_with_secret', secret: supabase_secret }),
  fine('google', 'issuer without scheme', { claims: { iss: 'accounts.google.com' } }),
  invalid('google', 'client among others', { claims: { aud: ['goo.apps', 'x'] } }),
  invalid('google', 'for another client', { claims: { aud: 'other.apps' } }),
  invalid('google', 'lives for a year', { claims: { exp: ({ now }) => now + 365 * 86400 } }),
  fine('google', 'access token by tokeninfo', { how: 'raw', raw: 'ya29.right' }),
  invalid('google', "access token of another client's", { how: 'raw', raw: 'ya29.other' }),
  invalid('google', 'access token that Google does not know', { how: 'raw', raw: 'ya29.unknown' }),
  fine('github', 'right', { how: 'raw', raw: 'gho_right' }),
  invalid('github', "another app's token", { how: 'raw', raw: 'gho_other' }),
  invalid('github', 'personal access token', { how: 'raw', raw: 'ghp_personal' }),
  { provider: 'github', name: 'GitHub is away', how: 'raw', raw: 'gho_broken', expect: 'VERIFICATION_FAILED' },
  fine('introspection', 'right', { how: 'raw', raw: 'opaque-right' }),
  invalid('introspection', 'not active', { how: 'raw', raw: 'opaque-dead' }),
  invalid('introspection', 'for another audience', { how: 'raw', raw: 'opaque-other' }),
  invalid('introspection', 'active as a text', { how: 'raw', raw: 'opaque-text', expect: 'VERIFICATION_FAILED' }),
  invalid('introspection', 'expired all the same', { how: 'raw', raw: 'opaque-old' }),
];

export const rows = [...common, ...others];

// The claims and header of a row, with its functions called.
export function filled(row, w) {
  const provider = providers[row.provider];
  const value_of = (value) => {
    if (typeof value === 'function') return value(w);
    return Array.isArray(value) ? value.map(value_of) : value;
  };
  const over = (base, changes = {}) => {
    const out = { ...base };
    for (const [name, value] of Object.entries(changes)) {
      if (value === null) delete out[name];
      else out[name] = value_of(value);
    }
    return out;
  };
  return { claims: over(provider.claims(w), row.claims), header: { ...provider.header, ...row.header } };
}
