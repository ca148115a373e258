// The team's identity provider: oidc-provider with its own sign-in and consent pages.
import { once } from 'node:events';
import http from 'node:http';
import { randomBytes } from 'node:crypto';
import { Provider } from 'oidc-provider';

export const upstream_client = { id: 'authorization-server', secret: 'upstream-secret-0123456789' };

export async function start_upstream({ port, callback }) {
  const issuer = `http://127.0.0.1:${port}`;
  // The product warns about each setting it would rather have in a database; these are tests.
  const quiet = ['info', 'warn'].map((level) => [level, console[level]]);
  for (const [level] of quiet) console[level] = () => {};
  const provider = new Provider(issuer, {
    clients: [{
      client_id: upstream_client.id, client_secret: upstream_client.secret, redirect_uris: [callback],
      grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'],
    }],
    cookies: { keys: [randomBytes(16).toString('hex')] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, email: `${sub}@example.com`, email_verified: true, name: sub }) }),
    pkce: { required: () => true },
    features: { devInteractions: { enabled: true } },
    ttl: { AccessToken: 3600, AuthorizationCode: 60, IdToken: 3600, Grant: 3600, Interaction: 600, Session: 3600, RefreshToken: 86400 },
  });
  for (const [level, original] of quiet) console[level] = original;
  let exchanges = 0;
  provider.on('grant.success', () => { exchanges += 1; });
  const server = http.createServer(provider.callback());
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    issuer,
    exchanges: () => exchanges,
    stop: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
