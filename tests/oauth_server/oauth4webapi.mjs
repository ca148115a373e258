// The flows by oauth4webapi, which refuses whatever is not as the specifications say.
import * as oauth from 'oauth4webapi';
import { Browser, sign_in } from './browser.mjs';
import { redirect_uri, secrets } from './world.mjs';

const plain = { [oauth.allowInsecureRequests]: true };

export async function discover(world, algorithm = 'oauth2') {
  const issuer = new URL(world.issuer);
  return oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm, ...plain }));
}

// A whole sign-in: the answer of the token endpoint, checked.
export async function code_flow(world, as, client, auth, { scope = 'mcp:read', dpop, nonce, push, person, own, browser = new Browser(), at } = {}) {
  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const parameters = new URLSearchParams({
    client_id: client.client_id, redirect_uri, response_type: 'code', state, scope, resource: world.resource,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    ...(nonce ? { nonce } : {}),
  });
  const authorize = new URL(as.authorization_endpoint);
  if (push) {
    const pushed = await oauth.processPushedAuthorizationResponse(as, client,
      await oauth.pushedAuthorizationRequest(as, client, auth, parameters, { ...plain, ...(dpop ? { DPoP: dpop } : {}) }));
    authorize.search = new URLSearchParams({ client_id: client.client_id, request_uri: pushed.request_uri });
  } else {
    authorize.search = parameters;
  }
  const back = await sign_in(browser, authorize.href, redirect_uri, { person, own, at });
  const callback = oauth.validateAuthResponse(as, client, new URL(back), state);
  const answer = await oauth.authorizationCodeGrantRequest(as, client, auth, callback, redirect_uri, verifier,
    { ...plain, ...(dpop ? { DPoP: dpop } : {}), additionalParameters: { resource: world.resource } });
  return oauth.processAuthorizationCodeResponse(as, client, answer, nonce ? { expectedNonce: nonce, requireIdToken: true } : {});
}

export async function refresh(world, as, client, auth, token, options = {}) {
  return oauth.processRefreshTokenResponse(as, client,
    await oauth.refreshTokenGrantRequest(as, client, auth, token, { ...plain, ...options }));
}

export async function introspect(as, token) {
  const api = { client_id: 'api' };
  return oauth.processIntrospectionResponse(as, api,
    await oauth.introspectionRequest(as, api, oauth.ClientSecretBasic(secrets.api), token, plain));
}

const error_of = async (work) => {
  try {
    await work;
    return 'no error';
  } catch (error) {
    return error.error ?? error.code ?? String(error);
  }
};

// What a protected server does with a token of ours.
async function validate(world, as, token, options = {}) {
  const request = new Request(world.resource, { method: 'POST', headers: { authorization: `${options.scheme ?? 'Bearer'} ${token}`, ...options.headers } });
  return oauth.validateJwtAccessToken(as, request, world.resource, plain);
}

export async function run(checks, world, signer_key) {
  const as = await discover(world);
  checks.equal('the issuer', as.issuer, world.issuer);
  const openid = await discover(world, 'oidc');
  checks.equal('the OpenID document says the same', openid.token_endpoint, as.token_endpoint);

  await checks.step('dynamic registration, code and refresh', async () => {
    const registered = await oauth.processDynamicClientRegistrationResponse(await oauth.dynamicClientRegistrationRequest(as, {
      client_name: 'oauth4webapi', redirect_uris: [redirect_uri], token_endpoint_auth_method: 'none', application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'],
    }, plain));
    const tokens = await code_flow(world, as, registered, oauth.None());
    checks.equal('scope of the code flow', tokens.scope, 'mcp:read');
    const claims = await validate(world, as, tokens.access_token);
    checks.equal('subject of the access token', claims.sub, 'oidc:ada');
    checks.equal('client of the access token', claims.client_id, registered.client_id);
    const next = await refresh(world, as, registered, oauth.None(), tokens.refresh_token);
    checks.check('the refresh token is rotated', next.refresh_token && next.refresh_token !== tokens.refresh_token);
    checks.equal('the new access token is live', (await introspect(as, next.access_token)).active, true);
    // The answer was lost, the client asks again.
    const again = await refresh(world, as, registered, oauth.None(), tokens.refresh_token);
    checks.equal('a repetition gets the same answer', [again.access_token, again.refresh_token], [next.access_token, next.refresh_token]);
    const newest = await refresh(world, as, registered, oauth.None(), next.refresh_token);
    checks.equal('a token of two generations ago is refused',
      await error_of(refresh(world, as, registered, oauth.None(), tokens.refresh_token)), 'invalid_grant');
    checks.equal('and ends the family', await error_of(refresh(world, as, registered, oauth.None(), newest.refresh_token)), 'invalid_grant');
    checks.equal('access tokens too', (await introspect(as, newest.access_token)).active, false);
  });

  await checks.step('confidential client, OpenID Connect, revocation', async () => {
    const web = { client_id: 'web', id_token_signed_response_alg: 'ES256' };
    const auth = oauth.ClientSecretBasic(secrets.web);
    const nonce = oauth.generateRandomNonce();
    const tokens = await code_flow(world, as, web, auth, { scope: 'openid profile mcp:read', nonce });
    const claims = oauth.getValidatedIdTokenClaims(tokens);
    checks.equal('subject of the ID token', claims.sub, 'oidc:ada');
    const info = await oauth.processUserInfoResponse(as, web, claims.sub, await oauth.userInfoRequest(as, web, tokens.access_token, plain));
    checks.equal('userinfo', [info.sub, info.name, info.email], ['oidc:ada', 'ada', undefined]);
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, web, auth, tokens.refresh_token, plain));
    checks.equal('a revoked family is not refreshed', await error_of(refresh(world, as, web, auth, tokens.refresh_token)), 'invalid_grant');
    checks.equal('and not live', (await introspect(as, tokens.access_token)).active, false);
  });

  await checks.step('pushed authorization request', async () => {
    const web = { client_id: 'web' };
    const tokens = await code_flow(world, as, web, oauth.ClientSecretBasic(secrets.web), { push: true });
    checks.equal('scope after PAR', tokens.scope, 'mcp:read');
  });

  await checks.step('DPoP, for a public client', async () => {
    const client = { client_id: 'spa' };
    const keys = await oauth.generateKeyPair('ES256');
    const dpop = oauth.DPoP(client, keys);
    const tokens = await code_flow(world, as, client, oauth.None(), { dpop, push: true });
    checks.equal('the token is bound', tokens.token_type, 'dpop');
    const claims = await introspect(as, tokens.access_token);
    checks.equal('introspection says how', [claims.token_type, claims.cnf?.jkt], ['DPoP', await dpop.calculateThumbprint()]);
    const next = await refresh(world, as, client, oauth.None(), tokens.refresh_token, { DPoP: dpop });
    checks.equal('the refreshed one too', next.token_type, 'dpop');
    const thief = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
    checks.equal('another key is refused', await error_of(refresh(world, as, client, oauth.None(), next.refresh_token, { DPoP: thief })), 'invalid_grant');
    checks.equal('no key is refused', await error_of(refresh(world, as, client, oauth.None(), next.refresh_token)), 'invalid_grant');
    checks.check('the right one still works', await refresh(world, as, client, oauth.None(), next.refresh_token, { DPoP: dpop }));
  });

  await checks.step('client credentials: secret and signed assertion', async () => {
    const machine = { client_id: 'machine' };
    const parameters = new URLSearchParams({ resource: world.resource });
    const grant = async (client, auth, options = {}) => oauth.processClientCredentialsResponse(as, client,
      await oauth.clientCredentialsGrantRequest(as, client, auth, parameters, { ...plain, ...options }));
    const tokens = await grant(machine, oauth.ClientSecretBasic(secrets.machine));
    checks.equal('subject is the client', (await validate(world, as, tokens.access_token)).sub, 'machine');
    checks.equal('another way than registered', await error_of(grant(machine, oauth.ClientSecretPost(secrets.machine))), 'invalid_client');
    const signer = { client_id: 'signer' };
    const signed = await grant(signer, oauth.PrivateKeyJwt({ key: signer_key, kid: 'signer-1' }));
    checks.equal('private_key_jwt', (await introspect(as, signed.access_token)).client_id, 'signer');
    const keys = await oauth.generateKeyPair('ES256');
    const bound = await grant(machine, oauth.ClientSecretBasic(secrets.machine), { DPoP: oauth.DPoP(machine, keys) });
    checks.equal('with DPoP', bound.token_type, 'dpop');
    await oauth.processRevocationResponse(await oauth.revocationRequest(as, machine, oauth.ClientSecretBasic(secrets.machine), bound.access_token, plain));
    checks.equal('one access token is revoked', (await introspect(as, bound.access_token)).active, false);
    checks.equal('the others are not', (await introspect(as, tokens.access_token)).active, true);
  });
}


// DPoP with nonces of the server's (RFC 9449, section 8), and RS256.
export async function with_nonces(checks, world) {
  const as = await discover(world);
  const machine = { client_id: 'machine' };
  const dpop = oauth.DPoP(machine, await oauth.generateKeyPair('ES256'));
  const grant = async () => oauth.processClientCredentialsResponse(as, machine, await oauth.clientCredentialsGrantRequest(
    as, machine, oauth.ClientSecretBasic(secrets.machine), new URLSearchParams(), { ...plain, DPoP: dpop }));
  const first = await grant().catch((error) => error);
  checks.check('a proof without nonce is sent back for one', oauth.isDPoPNonceError(first), String(first));
  const tokens = await grant();
  checks.equal('with it the token comes', tokens.token_type, 'dpop');
  checks.check('and again, with the nonce of the answer', (await grant()).access_token);
  const { alg } = JSON.parse(Buffer.from(tokens.access_token.split('.')[0], 'base64url'));
  checks.equal('the access token is signed with RS256', alg, 'RS256');
  checks.equal('and verifies', (await introspect(as, tokens.access_token)).active, true);
}
