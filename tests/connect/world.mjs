import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { free_port, start } from '../support/process.mjs';
import { balance } from '../instances/balancer.mjs';
import { connect } from '../elicitation/clients.mjs';
import { start_github } from './github.mjs';
import { start_provider } from './provider.mjs';

export const secrets = { client: 'oidc-secret-0123456789', github: 'github-secret-0123456789', key: '22'.repeat(32) };

// With `database` (a PostgreSQL URL) two instances behind one name, by turns; `sql` and what reads the file are for one alone.
export async function start_world(extra = {}, { database } = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'connect-'));
  const port = await free_port();
  const base = `http://127.0.0.1:${port}`;
  const provider = await start_provider({ port: await free_port(), base, client_id: 'connect-github', client_secret: secrets.client });
  const github = await start_github({ port: await free_port(), client_id: 'gh-client', client_secret: secrets.github });
  const file = path.join(folder, 'connect.db');
  const env = {
    PORT: String(port), PUBLIC_URL: base, DATABASE_URL: database ?? `sqlite:${file}`, LEANMCP_STATE_KEYS: secrets.key, OIDC_ISSUER: provider.issuer,
    OIDC_AUDIENCE: `${base}/mcp`, OIDC_CLIENT_ID: 'connect-github', OIDC_CLIENT_SECRET: secrets.client, GITHUB_URL: github.origin,
    GITHUB_CLIENT_ID: 'gh-client', GITHUB_CLIENT_SECRET: secrets.github, ...extra,
  };
  const ports = database ? [await free_port(), await free_port()] : [port];
  const balancer = database ? await balance(port, ports.map((each) => ({ port: each, alive: true })), { by_turns: true }) : undefined;
  const world = { base, provider, github, balancer, log: '' };
  world.start = async () => {
    world.servers = await Promise.all(ports.map((each) => start('connect-github', [], { env: { ...env, PORT: String(each) }, bare: true, ready: `http://127.0.0.1:${each}/health` })));
  };
  world.halt = async (signal) => {
    await Promise.all(world.servers.map((server) => server.stop(signal)));
    world.log += world.servers.map((server) => server.output()).join('');
  };
  world.sql = (statement, ...values) => {
    const opened = new DatabaseSync(file);
    try {
      return opened.prepare(statement).all(...values);
    } finally {
      opened.close();
    }
  };
  world.kept = () => world.sql('SELECT owner FROM vault ORDER BY owner').map((row) => row.owner);
  world.file_text = () => fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), 'latin1')).join('');
  world.client = async (kind, name, handlers = {}) =>
    connect({ kind, url: `${base}/mcp`, token: await provider.token(name), ...handlers });
  world.stop = async () => {
    await world.halt();
    balancer?.stop();
    await Promise.all([provider.stop(), github.stop()]);
    fs.rmSync(folder, { recursive: true, force: true });
  };
  await world.start();
  return world;
}
