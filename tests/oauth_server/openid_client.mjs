// The same by openid-client, as an application would use it.
import * as client from 'openid-client';
import { Browser, sign_in } from './browser.mjs';
import { redirect_uri, secrets } from './world.mjs';

const options = { execute: [client.allowInsecureRequests] };

async function code_flow(world, config, { scope, dpop, push, asked = {}, maxAge, browser = new Browser(), at }) {
  const verifier = client.randomPKCECodeVerifier();
  const state = client.randomState();
  const nonce = client.randomNonce();
  const parameters = {
    redirect_uri, scope, state, nonce, resource: world.resource,
    code_challenge: await client.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...asked,
  };
  const url = push
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, dpop ? { DPoP: dpop } : {})
    : client.buildAuthorizationUrl(config, parameters);
  const back = await sign_in(browser, url.href, redirect_uri, { person: 'grace', at });
  return client.authorizationCodeGrant(config, new URL(back),
    { pkceCodeVerifier: verifier, expectedState: state, ...(scope.includes('openid') ? { expectedNonce: nonce, idTokenExpected: true, maxAge } : {}) },
    { resource: world.resource }, dpop ? { DPoP: dpop } : {});
}

const error_of = (work) => work.then(() => 'no error', (error) => error.error ?? String(error));

export async function run(checks, world) {
  const issuer = new URL(world.issuer);
  await checks.step('openid-client: discovery, code, refresh, userinfo, revocation', async () => {
    const config = await client.discovery(issuer, 'web', { client_secret: secrets.web, id_token_signed_response_alg: 'ES256' },
      client.ClientSecretBasic(secrets.web), options);
    const tokens = await code_flow(world, config, { scope: 'openid profile mcp:read mcp:write', push: true });
    checks.equal('the ID token', tokens.claims()?.sub, 'oidc:grace');
    const info = await client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    checks.equal('userinfo', info.name, 'grace');
    const narrow = await client.refreshTokenGrant(config, tokens.refresh_token, { scope: 'mcp:read' });
    checks.equal('a narrower scope', narrow.scope, 'mcp:read');
    const whole = await client.refreshTokenGrant(config, narrow.refresh_token);
    checks.equal('the whole scope again', whole.scope, 'mcp:read mcp:write openid profile');
    await client.tokenRevocation(config, whole.refresh_token);
    checks.equal('revoked', await error_of(client.refreshTokenGrant(config, whole.refresh_token)), 'invalid_grant');
  });
  // Its own rules for `maxAge` (OpenID Connect Core 1.0, section 3.1.3.7) are the oracle for auth_time.
  await checks.step('openid-client: prompt=login and max_age', async () => {
    const config = await client.discovery(issuer, 'web', { client_secret: secrets.web, id_token_signed_response_alg: 'ES256' },
      client.ClientSecretBasic(secrets.web), options);
    checks.equal('metadata', config.serverMetadata().prompt_values_supported, ['none', 'login', 'consent', 'select_account']);
    const browser = new Browser();
    let logins = 0;
    const at = (step) => { if (step === 'login') logins += 1; };
    const flow = (asked, more = {}) => code_flow(world, config, { scope: 'openid mcp:read', browser, at, asked, ...more });
    await flow({});
    await flow({});
    checks.equal('who is signed in at the provider is let through', logins, 1);
    const recent = await flow({ max_age: '3600' }, { maxAge: 3600 });
    checks.equal('a sign-in that is new enough', [logins, Number.isInteger(recent.claims().auth_time)], [1, true]);
    const login = await flow({ prompt: 'login', max_age: '3600' }, { maxAge: 3600 });
    checks.equal('prompt=login: signed in again', [logins, login.claims().auth_time >= recent.claims().auth_time], [2, true]);
    const pushed = await flow({ prompt: 'login', login_hint: 'grace' }, { push: true });
    checks.equal('and pushed', [logins, Number.isInteger(pushed.claims().auth_time)], [3, true]);
    await flow({ max_age: '0' }, { push: true, maxAge: 0 });
    checks.equal('max_age=0', logins, 4);
    const api = await client.discovery(issuer, 'api', undefined, client.ClientSecretPost(secrets.api), { ...options, algorithm: 'oauth2' });
    checks.equal('introspection says when', (await client.tokenIntrospection(api, recent.access_token)).auth_time, recent.claims().auth_time);
    for (const asked of [{ max_age: '-1' }, { max_age: '18446744073709551616' }, { max_age: 'soon' }, { prompt: 'create' }, { prompt: 'none login' }, { login_hint: 'a\nb' }]) {
      checks.equal(`refused: ${JSON.stringify(asked)}`, await error_of(flow(asked)), 'invalid_request');
      checks.equal(`refused, pushed: ${JSON.stringify(asked)}`, await error_of(flow(asked, { push: true })), 'invalid_request');
    }
  });
  await checks.step('openid-client: OAuth 2.0 only, public client with DPoP', async () => {
    const config = await client.discovery(issuer, 'spa', undefined, client.None(), { ...options, algorithm: 'oauth2' });
    const dpop = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const tokens = await code_flow(world, config, { scope: 'mcp:read', dpop, push: true });
    checks.equal('bound', tokens.token_type, 'dpop');
    const next = await client.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop });
    checks.equal('bound after refresh', next.token_type, 'dpop');
  });
  await checks.step('openid-client: client credentials and introspection', async () => {
    const config = await client.discovery(issuer, 'machine', undefined, client.ClientSecretBasic(secrets.machine), { ...options, algorithm: 'oauth2' });
    const tokens = await client.clientCredentialsGrant(config, { scope: 'mcp:read' });
    const api = await client.discovery(issuer, 'api', undefined, client.ClientSecretPost(secrets.api), { ...options, algorithm: 'oauth2' });
    const said = await client.tokenIntrospection(api, tokens.access_token);
    checks.equal('introspected', [said.active, said.scope, said.aud], [true, 'mcp:read', world.resource]);
    const junk = await client.tokenIntrospection(api, 'junk');
    checks.equal('junk is inactive', junk, { active: false });
  });
  await checks.step('openid-client: dynamic registration', async () => {
    const config = await client.dynamicClientRegistration(issuer, {
      client_name: 'openid-client', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'client_secret_post', application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
    }, undefined, { ...options, algorithm: 'oauth2' });
    const tokens = await code_flow(world, config, { scope: 'mcp:read' });
    checks.check('registered with a secret and signed in', tokens.refresh_token);
  });
}
