import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { free_port, start } from '../support/process.mjs';
import { connect } from '../elicitation/clients.mjs';
import { start_github } from './github.mjs';
import { start_provider } from './provider.mjs';

export const secrets = { client: 'oidc-secret-0123456789', github: 'github-secret-0123456789', key: '22'.repeat(32) };

export async function start_world(extra = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'connect-'));
  const port = await free_port();
  const base = `http://127.0.0.1:${port}`;
  const provider = await start_provider({ port: await free_port(), base, client_id: 'connect-github', client_secret: secrets.client });
  const github = await start_github({ port: await free_port(), client_id: 'gh-client', client_secret: secrets.github });
  const file = path.join(folder, 'connect.db');
  const env = {
    PORT: String(port), PUBLIC_URL: base, DATABASE_URL: `sqlite:${file}`, LEANMCP_STATE_KEYS: secrets.key, OIDC_ISSUER: provider.issuer,
    OIDC_AUDIENCE: `${base}/mcp`, OIDC_CLIENT_ID: 'connect-github', OIDC_CLIENT_SECRET: secrets.client, GITHUB_URL: github.origin,
    GITHUB_API_URL: github.origin, GITHUB_REVOKE_URL: `${github.origin}/revoke`, GITHUB_CLIENT_ID: 'gh-client', GITHUB_CLIENT_SECRET: secrets.github, ...extra,
  };
  const world = { base, provider, github, log: '' };
  world.start = async () => { world.server = await start('connect-github', [], { env, bare: true, ready: `${base}/health` }); };
  world.halt = async (signal) => {
    const code = await world.server.stop(signal);
    world.log += world.server.output();
    return code;
  };
  world.sql = (statement, ...values) => {
    const database = new DatabaseSync(file);
    try {
      return database.prepare(statement).all(...values);
    } finally {
      database.close();
    }
  };
  world.kept = () => world.sql('SELECT owner FROM vault ORDER BY owner').map((row) => row.owner);
  world.file_text = () => fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), 'latin1')).join('');
  world.client = async (kind, name, handlers = {}) =>
    connect({ kind, url: `${base}/mcp`, token: await provider.token(name), ...handlers });
  world.stop = async () => {
    await world.halt();
    await Promise.all([provider.stop(), github.stop()]);
    fs.rmSync(folder, { recursive: true, force: true });
  };
  await world.start();
  return world;
}
