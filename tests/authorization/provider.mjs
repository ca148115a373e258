// oidc-provider (npm) with the scopes of examples/scoped_tools, DPoP, and one public client; its sign-in page answers by
// itself and grants what was asked for. Access tokens are JWTs for the resource.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';
import { Provider } from 'oidc-provider';

export const redirect_uri = 'http://127.0.0.1/callback';
export const client_id = 'notes-client';
const known_scopes = 'notes:read notes:write notes:admin';

export async function start_provider({ port, audience }) {
  const issuer = `http://127.0.0.1:${port}`;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const key = { ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig', kid: 'one' };
  const { privateKey: ec_private } = await generateKeyPair('ES256', { extractable: true });
  const ec_key = { ...(await exportJWK(ec_private)), alg: 'ES256', use: 'sig', kid: 'curve' };
  const quiet = ['info', 'warn'].map((level) => [level, console[level]]);
  for (const [level] of quiet) console[level] = () => {};
  const provider = new Provider(issuer, {
    clients: [{ client_id, token_endpoint_auth_method: 'none', redirect_uris: [redirect_uri], application_type: 'native',
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] }],
    jwks: { keys: [key, ec_key] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['openid', 'offline_access'],
    ttl: { AccessToken: 600, AuthorizationCode: 60, RefreshToken: 3600, IdToken: 600, Grant: 3600, Interaction: 600, Session: 3600 },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true, allowReplay: false, nonceSecret: undefined, requireNonce: () => false },
      resourceIndicators: {
        enabled: true, defaultResource: () => audience, useGrantedResource: () => true,
        getResourceServerInfo: (_, resource) => ({ scope: known_scopes, audience: resource, accessTokenTTL: 600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'RS256' } } }),
      },
    },
  });
  for (const [level, original] of quiet) console[level] = original;
  provider.on('server_error', (_, error) => console.error('oidc-provider:', error));

  const asked = [];
  const answer = provider.callback();
  const server = http.createServer(async (request, response) => {
    if (!request.url.startsWith('/interaction/')) return answer(request, response);
    const { params } = await provider.interactionDetails(request, response);
    asked.push(params.scope);
    const accountId = params.login_hint ?? 'ada';
    const grant = new provider.Grant({ accountId, clientId: params.client_id });
    grant.addOIDCScope('openid offline_access');
    grant.addResourceScope(audience, params.scope ?? '');
    const grantId = await grant.save();
    return provider.interactionFinished(request, response, { login: { accountId }, consent: { grantId } });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const signer = await importJWK(key, 'RS256');
  const other_signers = { ES256: await importJWK(ec_key, 'ES256') };

  return {
    issuer, asked, key, ec_key,
    // A token of this provider's own key, changed as told. `undefined` takes a claim out.
    forge: (changes = {}, header = {}, sign_with = (header.kid === 'curve' && other_signers[header.alg]) || signer) => {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss: issuer, aud: audience, sub: 'ada', client_id, scope: 'notes:read', iat: now, exp: now + 600,
        jti: randomBytes(8).toString('hex'), ...changes };
      for (const name of Object.keys(payload)) if (payload[name] === undefined) delete payload[name];
      return new SignJWT(payload).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'one', ...header }).sign(sign_with);
    },
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
