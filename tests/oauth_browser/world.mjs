import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import https from 'node:https';
import os from 'node:os';
import path from 'node:path';
import { free_port, start } from '../support/process.mjs';

export const secrets = { upstream: 'upstream-secret-0123456789', state: '33'.repeat(32) };
export const upstream_id = 'our-server';
const folders = [];

export const fresh_folder = () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oauth-browser-'));
  folders.push(folder);
  return folder;
};
export const remove_folders = () => { for (const folder of folders) fs.rmSync(folder, { recursive: true, force: true }); };

// An authorization server and, behind it, an MCP server whose tools want scopes. `upstream_env(issuer)` says where people
// sign in.
export async function start_world(upstream_env, extra = {}) {
  const port = await free_port();
  const mcp_port = await free_port();
  const issuer = `http://127.0.0.1:${port}`;
  const resource = `http://127.0.0.1:${mcp_port}/mcp`;
  const folder = fresh_folder();
  const env = {
    ISSUER: issuer, PORT: String(port), RESOURCES: resource, DATABASE_URL: `sqlite:${path.join(folder, 'as.db')}`, LEANMCP_STATE_KEYS: secrets.state,
    SCOPES: 'notes:read=Read your notes,notes:write=Change and delete your notes,openid=Know that it is you,email=Know your address',
    DEFAULT_SCOPES: 'notes:read', REGISTRATION: 'open', AUTHORIZATIONS_PER_MINUTE: '0', REGISTRATIONS_PER_MINUTE: '0', FAILURES_PER_MINUTE: '0', ...await upstream_env(issuer), ...extra,
  };
  const server = await start('authorization-server', [], { env, bare: true, ready: `${issuer}/jwks` });
  const world = { issuer, resource, folder, server, env };
  world.start_mcp = async () => {
    world.mcp = await start('scoped-tools', [], { bare: true, ready: `http://127.0.0.1:${mcp_port}/health`,
      env: { PORT: String(mcp_port), PUBLIC_URL: `http://127.0.0.1:${mcp_port}`, AUTH_PROVIDER: 'oidc', OIDC_ISSUER: issuer, OIDC_AUDIENCE: resource } });
  };
  world.database_text = () => fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), 'latin1')).join('');
  world.stop = async () => { await world.mcp?.stop(); await server.stop(); };
  return world;
}

// A client metadata document over TLS on loopback, and the authority that vouches for it.
export async function start_document(metadata) {
  const folder = fresh_folder();
  const at = (name) => path.join(folder, name);
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', at('key.pem'), '-out', at('cert.pem'),
    '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'], { stdio: 'pipe' });
  const port = await free_port();
  const client_id = `https://localhost:${port}/client.json`;
  const document = { client_id, ...metadata };
  const seen = { reads: 0 };
  const server = https.createServer({ key: fs.readFileSync(at('key.pem')), cert: fs.readFileSync(at('cert.pem')) }, (_, response) => {
    seen.reads += 1;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(document));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { client_id, document, seen, ca_file: at('cert.pem'), stop: async () => { server.closeAllConnections(); server.close(); await once(server, 'close'); } };
}
