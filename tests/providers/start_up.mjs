// A server with a wrong setting stops at once, with a sentence that names the setting.
import { free_port, start } from '../support/process.mjs';
import { providers } from './table.mjs';

export async function check_start_up(checks, world) {
  const wrong = [
    ['nothing at all', {}, /AUTH_PROVIDER is not set/],
    ['an unknown provider', { AUTH_PROVIDER: 'okto' }, /AUTH_PROVIDER is 'okto', which is none of clerk,/],
    ['clerk without its host', { AUTH_PROVIDER: 'clerk' }, /CLERK_FRONTEND_API is not set/],
    ['clerk with a key for a host', { AUTH_PROVIDER: 'clerk', CLERK_FRONTEND_API: 'pk_test_x', CLERK_AUTHORIZED_PARTIES: 'x' }, /CLERK_FRONTEND_API must be a host like/],
    ['clerk without authorized parties', { AUTH_PROVIDER: 'clerk', CLERK_FRONTEND_API: 'a.clerk.accounts.dev' }, /CLERK_AUTHORIZED_PARTIES is not set/],
    ['clerk with the publishable key', { AUTH_PROVIDER: 'clerk', ...providers.clerk.env(world), CLERK_SECRET_KEY: 'pk_test_x' }, /CLERK_SECRET_KEY does not begin with sk_/],
    ['cognito with another region', { AUTH_PROVIDER: 'cognito', AWS_REGION: 'us-east-1', COGNITO_USER_POOL_ID: 'eu-west-1_x', COGNITO_CLIENT_ID: 'c' }, /region us-east-1 does not match pool eu-west-1_x/],
    ['cognito without a client', { AUTH_PROVIDER: 'cognito', COGNITO_USER_POOL_ID: 'eu-west-1_x' }, /COGNITO_CLIENT_ID is not set/],
    ['auth0 without an audience', { AUTH_PROVIDER: 'auth0', AUTH0_DOMAIN: 'a.auth0.com' }, /AUTH0_AUDIENCE is not set/],
    ['auth0 with a rule that is misspelt', { AUTH_PROVIDER: 'auth0', ...providers.auth0.env(world), AUTH0_ACCESS_TOKENS_ONLY: 'yes' }, /AUTH0_ACCESS_TOKENS_ONLY must be 1 or 0/],
    ['auth0 with the management API', { AUTH_PROVIDER: 'auth0', AUTH0_DOMAIN: 'a.auth0.com', AUTH0_AUDIENCE: 'https://a.auth0.com/api/v2/' }, /one of Auth0's own APIs/],
    ['auth0 issuer without its slash', { AUTH_PROVIDER: 'auth0', ...providers.auth0.env(world), AUTH0_ISSUER: `${world.base}/auth0` }, /ends in a slash/],
    ['firebase with the number', { AUTH_PROVIDER: 'firebase', FIREBASE_PROJECT_ID: '123456' }, /FIREBASE_PROJECT_ID is the project's number/],
    ['clerk with a broken publishable key', { AUTH_PROVIDER: 'clerk', CLERK_PUBLISHABLE_KEY: 'pk_test_x', CLERK_AUTHORIZED_PARTIES: 'x' }, /CLERK_PUBLISHABLE_KEY names no host/],
    ['oidc with an algorithm that is none', { AUTH_PROVIDER: 'oidc', ...providers.oidc.env(world), OIDC_ALGORITHMS: 'rs256' }, /OIDC_ALGORITHMS has 'rs256'/],
    ['the same provider twice', { AUTH_PROVIDER: 'introspection,introspection', ...providers.introspection.env(world) }, /two providers are both named 'introspection'/],
    ['oidc with a slash too many', { AUTH_PROVIDER: 'oidc', OIDC_ISSUER: `${world.base}/oidc/`, OIDC_AUDIENCE: 'a' }, /OIDC_ISSUER is '.*\/oidc\/', but the issuer is/],
    ['oidc by plain http', { AUTH_PROVIDER: 'oidc', OIDC_ISSUER: 'http://idp.example', OIDC_AUDIENCE: 'a' }, /must be an https URL/],
    ['oidc where nothing is', { AUTH_PROVIDER: 'oidc', OIDC_ISSUER: `${world.base}/nowhere`, OIDC_AUDIENCE: 'a' }, /OIDC_ISSUER: the provider's discovery document cannot be fetched from .*status 404/],
    ['okta org server', { AUTH_PROVIDER: 'okta', OKTA_ISSUER: `${world.base}/okta`, OKTA_AUDIENCE: 'a' }, /use a custom authorization server/],
    ['entra for everybody', { AUTH_PROVIDER: 'entra', AZURE_TENANT_ID: 'common', AZURE_CLIENT_ID: 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee' }, /AZURE_ALLOWED_TENANTS/],
    ['github without its secret', { AUTH_PROVIDER: 'github', GITHUB_CLIENT_ID: 'x' }, /GITHUB_CLIENT_SECRET is not set/],
    ['introspection without an audience', { AUTH_PROVIDER: 'introspection', INTROSPECTION_URL: 'https://as.example/i', INTROSPECTION_CLIENT_ID: 'c', INTROSPECTION_CLIENT_SECRET: 's' }, /INTROSPECTION_AUDIENCE is not set/],
    ['keys that are none', { AUTH_PROVIDER: 'keycloak', ...providers.keycloak.env(world), KEYCLOAK_REALM: 'other' }, /keys at .*realms\/other.* status 404/],
  ];
  // The example programs, each with its settings and without one of them, or with one that is wrong.
  const without = (name, ...missing) => Object.fromEntries(Object.entries(providers[name].env(world)).filter(([key]) => !missing.includes(key)));
  const examples = [
    ['clerk-auth', without('clerk', 'CLERK_FRONTEND_API', 'CLERK_ISSUER'), /CLERK_FRONTEND_API must be a host/],
    ['clerk-auth', without('clerk', 'CLERK_AUTHORIZED_PARTIES'), /CLERK_AUTHORIZED_PARTIES is not set/],
    ['cognito-auth', without('cognito', 'COGNITO_USER_POOL_ID'), /COGNITO_USER_POOL_ID must look like/],
    ['cognito-auth', without('cognito', 'COGNITO_CLIENT_ID'), /COGNITO_CLIENT_ID is not set/],
    ['auth0-auth', without('auth0', 'AUTH0_DOMAIN', 'AUTH0_ISSUER'), /AUTH0_DOMAIN/],
    ['auth0-auth', without('auth0', 'AUTH0_AUDIENCE'), /AUTH0_AUDIENCE is not set/],
    ...['clerk', 'cognito', 'auth0'].flatMap((name) => ['abc', '99999', '80x'].map((PORT) =>
      [`${name}-auth`, { ...providers[name].env(world), PORT }, new RegExp(`${name}-auth: PORT: '${PORT}' is no port`)])),
  ];
  for (const [name, env, expected, program = 'provider-server'] of [...wrong, ...examples.map(([program, env, expected]) => [`${program}, ${expected}`, env, expected, program])]) {
    const server = await start(program, [], { bare: true, env: { PORT: '0', ...env } });
    const code = await server.exited;
    checks.check(`start-up, ${name}: stops and says why`, code === 2 && expected.test(server.output()), `${code}: ${server.output()}`);
  }
  // Nobody is there: the setting, the URL, and what was wrong.
  const settings = { clerk: 'CLERK_ISSUER', cognito: 'COGNITO_ISSUER', auth0: 'AUTH0_ISSUER', firebase: 'FIREBASE_JWKS_URL', oidc: 'OIDC_ISSUER', keycloak: 'KEYCLOAK_URL',
    okta: 'OKTA_ISSUER', entra: 'AZURE_TENANT_ID', workos: 'WORKOS_CLIENT_ID', supabase: 'SUPABASE_URL', google: 'GOOGLE_API_URL' };
  const nowhere = { base: `http://127.0.0.1:${await free_port()}`, now: 0 };
  for (const [name, setting] of Object.entries(settings)) {
    const server = await start('provider-server', [], { bare: true, env: { PORT: '0', AUTH_PROVIDER: name, ...providers[name].env(nowhere) } });
    const code = await server.exited;
    const said = server.output();
    checks.check(`start-up, ${name} is away: names the setting, the URL and the cause`, code === 2 && said.includes(setting) && said.includes(nowhere.base) && said.includes('cannot_connect'), `${code}: ${said}`);
  }
}
