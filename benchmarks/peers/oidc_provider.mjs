// The peer of ./bench oauth: oidc-provider (npm) as an authorization server for machine and refresh tokens, with its default
// storage, in memory. Prints the refresh tokens to begin with, one a line, and then listens.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

// The packages of the tests.
const require = createRequire(path.join(import.meta.dirname, '../../tests/package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { exportJWK, generateKeyPair } = await load('jose');
const { Provider } = await load('oidc-provider');

const { values: options } = parseArgs({ options: { port: { type: 'string' }, secret: { type: 'string' }, tokens: { type: 'string' } } });
const issuer = `http://127.0.0.1:${options.port}`;
const resource = `${issuer}/mcp`;
const { privateKey } = await generateKeyPair('ES256', { extractable: true });
console.info = console.warn = () => {};
const provider = new Provider(issuer, {
  clients: [{ client_id: 'bench', client_secret: options.secret, redirect_uris: [`${issuer}/cb`], response_types: ['code'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], id_token_signed_response_alg: 'ES256' }],
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'bench' }] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  scopes: ['offline_access'],
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
  rotateRefreshToken: true,
  ttl: { AccessToken: 600, ClientCredentials: 600, RefreshToken: 86400, Grant: 86400 },
  enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true, defaultResource: () => resource, useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'read', audience: resource, accessTokenTTL: 600, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
});
const client = await provider.Client.find('bench');
const tokens = [];
for (let i = 0; i < Number(options.tokens); ++i) {
  const grant = new provider.Grant({ accountId: `user-${i}`, clientId: 'bench' });
  grant.addOIDCScope('offline_access');
  grant.addResourceScope(resource, 'read');
  const token = new provider.RefreshToken({ client, accountId: `user-${i}`, grantId: await grant.save(), scope: 'offline_access read', gty: 'authorization_code',
    resource, rotations: 0, iiat: Math.floor(Date.now() / 1000) });
  tokens.push(await token.save());
}
const answer = provider.callback();
const server = http.createServer((request, response) => (request.url === '/health' ? response.end('ok') : answer(request, response)));
server.keepAliveTimeout = 60_000;
process.stdout.write(`${tokens.join('\n')}\n`);
server.listen(Number(options.port), '127.0.0.1');
