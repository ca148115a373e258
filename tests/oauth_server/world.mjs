// The authorization server with its provider, clients and database; it can be killed and started again on the same port.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { free_port, start } from '../support/process.mjs';
import { balance } from '../instances/balancer.mjs';
import { start_upstream, upstream_client } from './upstream.mjs';

export const redirect_uri = 'http://127.0.0.1:9/callback';
export const secrets = {
  machine: 'machine-secret: 100% +&=', web: 'web-secret-0123456789abcdef', api: 'introspection-secret-0123',
  invitation: 'invitation-secret-0123456789',
};

export async function start_world({ jwks, extra = {}, database, instances = 1 } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oauth-server-'));
  const ports = [];
  for (let i = 0; i < instances; i += 1) ports.push(await free_port());
  // Several are reached as one, by turns: no two steps of a journey that follow each other are the same instance's.
  const public_port = instances > 1 ? await free_port() : ports[0];
  const balancer = instances > 1 ? await balance(public_port, ports.map((port) => ({ port, alive: true })), { by_turns: true }) : undefined;
  const issuer = `http://127.0.0.1:${public_port}`;
  const resource = `${issuer}/mcp`;
  const upstream = await start_upstream({ port: await free_port(), callback: `${issuer}/callback/oidc` });
  const clients = [
    { client_id: 'machine', client_secret: secrets.machine, grant_types: ['client_credentials'], scope: 'mcp:read' },
    { client_id: 'web', client_name: 'Web app', client_secret: secrets.web, redirect_uris: [redirect_uri],
      grant_types: ['authorization_code', 'refresh_token'] },
    { client_id: 'spa', client_name: 'Single page app', redirect_uris: [redirect_uri],
      grant_types: ['authorization_code', 'refresh_token'] },
  ];
  if (jwks)
    clients.push({ client_id: 'signer', jwks, grant_types: ['client_credentials'], token_endpoint_auth_method: 'private_key_jwt' });
  const clients_file = path.join(folder, 'clients.json');
  fs.writeFileSync(clients_file, JSON.stringify(clients));
  const environment = {
    ISSUER: issuer, RESOURCES: resource, SCOPES: 'mcp:read=Read your notes,mcp:write=Change your notes,openid=Know who you are,profile=Know your name',
    DEFAULT_SCOPES: 'mcp:read', UPSTREAM: 'oidc', UPSTREAM_ISSUER: upstream.issuer, UPSTREAM_LABEL: 'the company',
    UPSTREAM_CLIENT_ID: upstream_client.id, UPSTREAM_CLIENT_SECRET: upstream_client.secret, CLIENTS_FILE: clients_file,
    DATABASE_URL: database ?? `sqlite:${folder}/as.db`, LEANMCP_STATE_KEYS: randomBytes(32).toString('base64url'),
    INTROSPECTION_CLIENT_ID: 'api', INTROSPECTION_CLIENT_SECRET: secrets.api, TOKENS_PER_MINUTE: '0', ...extra,
  };
  const world = {
    folder, issuer, resource, upstream, environment, servers: [], ports, balancer,
    output: '',
    start: async (index = 0) => {
      const server = await start('authorization-server', ['--port', ports[index]],
        { env: environment, bare: true, ready: `http://127.0.0.1:${ports[index]}/health`, patience_ms: 60_000 });
      world.servers[index] = server;
      return server;
    },
    // As a crash would: nothing is said, nothing is finished.
    kill: async (index = 0) => {
      const dying = world.servers[index];
      dying.child.kill('SIGKILL');
      await dying.exited;
      world.output += dying.output();
    },
    logs: () => world.output + world.servers.map((server) => server.output()).join('\n'),
    stop: async () => {
      await Promise.all(world.servers.map((server) => server.stop()));
      await upstream.stop();
      balancer?.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
  for (let i = 0; i < instances; i += 1) await world.start(i);
  return world;
}
