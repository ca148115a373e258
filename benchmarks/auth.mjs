// Tools that need a token, beside one that does not: with one token for all calls, and with a new token each time (more of them
// than the server remembers). What a signature costs to check comes from `openssl speed` in the same run. The server's own CPU time
// per request is there beside the rates: on a machine that has other things to do it is the steadier of the two.
import { execFile } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { free_port, root, stop_all } from '../tests/support/process.mjs';
import { load_core, request_of, server_core, starters } from './contestants.mjs';
import { cpu } from './procfs.mjs';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '15' }, seconds: { type: 'string', default: '1' },
  connections: { type: 'string', default: '32' }, tokens: { type: 'string', default: '20000' } } });
const run = promisify(execFile);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-auth-'));
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

const keys = { RS256: generateKeyPairSync('rsa', { modulusLength: 2048 }), ES256: generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
const jwks = { keys: Object.entries(keys).map(([alg, { publicKey }]) => ({ ...publicKey.export({ format: 'jwk' }), kid: alg, alg, use: 'sig' })) };
const provider_port = await free_port();
const issuer = `http://127.0.0.1:${provider_port}`;
const provider = http.createServer((request, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(request.url === '/jwks' ? jwks : { issuer, jwks_uri: `${issuer}/jwks`, userinfo_endpoint: `${issuer}/me` }));
}).listen(provider_port, '127.0.0.1');

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function token(alg, number) {
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg, kid: alg, typ: 'at+jwt' })}.${part({ iss: issuer, aud: 'bench', sub: `user-${number % 100}`, jti: String(number), iat: now,
    exp: now + 3600, scope: 'read', client_id: 'bench', email: 'ada@example.com' })}`;
  return `${text}.${sign('sha256', Buffer.from(text), { key: keys[alg].privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

const rows = [{ name: 'no token, open tool', tool: 'echo_nonblocking' }];
for (const alg of ['RS256', 'ES256']) {
  process.stderr.write(`signing ${options.tokens} ${alg} tokens\n`);
  const tokens = Array.from({ length: Number(options.tokens) }, (_, number) => token(alg, number));
  const file = path.join(folder, `${alg}.txt`);
  fs.writeFileSync(file, `${tokens.join('\n')}\n`);
  rows.push({ name: `${alg}, the same token`, tool: 'echo_protected', alg, token: tokens[0] }, { name: `${alg}, a new token each time`, tool: 'echo_protected', alg, file });
}

const port = await free_port();
const server = await starters.leanmcp(port, folder, issuer);
const cpu_us = () => { const used = cpu(server.pid); return used.user + used.system; };
async function load(row) {
  const { body, headers } = request_of(row.tool);
  if (row.token) headers.Authorization = `Bearer ${row.token}`;
  const files = [path.join(folder, 'body.json'), path.join(folder, 'headers.txt')];
  fs.writeFileSync(files[0], body);
  fs.writeFileSync(files[1], Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`).join(''));
  const before = cpu_us();
  const { stdout } = await run('taskset', ['-c', load_core, 'wrk', '-t1', '-c', options.connections, '-d', `${options.seconds}s`, '-s',
    path.join(root, 'benchmarks', row.file ? 'tokens.lua' : 'post.lua'), `http://127.0.0.1:${port}/mcp`, '--', ...files, ...(row.file ? [row.file, String(row.taken ?? 0)] : [])]);
  const result = JSON.parse(stdout.trim().split('\n').at(-1));
  // The next run goes on with tokens that the server has not seen, or has forgotten.
  row.taken = (row.taken ?? 0) + result.requests;
  if (result.errors) throw new Error(`${row.name}: ${result.errors} errors`);
  return { rate: (result.requests * 1e6) / result.us, us: (cpu_us() - before) / result.requests };
}
async function verify_us(name) {
  const { stdout } = await run('taskset', ['-c', server_core, 'openssl', 'speed', '-seconds', '1', name]);
  return 1e6 / Number(stdout.trim().split('\n').at(-1).trim().split(/\s+/).at(-1));
}

for (const row of rows) {
  row.rounds = [];
  await load(row);
}
const speed = { RS256: [], ES256: [] };
for (let round = 0; round < Number(options.rounds); ++round) {
  process.stderr.write(`round ${round + 1} of ${options.rounds}\n`);
  for (const row of round % 2 ? [...rows].reverse() : rows) row.rounds[round] = await load(row);
  speed.RS256.push(await verify_us('rsa2048'));
  speed.ES256.push(await verify_us('ecdsap256'));
}
console.log(`
tools/call with and without a token, ${options.connections} connections, server on one core, wrk on another; ${options.rounds} rounds of ${options.seconds} s,
medians. "of open": the rate over that of the open tool. "of possible": over 1 / (a bare signature check by openssl + an open call). The
second pair is the same by the server's CPU time per request.
`);
console.log(`${''.padEnd(32)}${['req/s', 'of open', 'of possible', 'openssl us', 'CPU us', 'of open', 'of possible'].map((title) => title.padStart(13)).join('')}`);
for (const row of rows) {
  const by = (value) => row.rounds.map((own, round) => value(own, rows[0].rounds[round], speed[row.alg]?.[round]));
  const cells = [median(by((own) => own.rate)).toFixed(0), median(by((own, open) => own.rate / open.rate)).toFixed(2),
    row.file ? median(by((own, open, verify) => own.rate * (verify + 1e6 / open.rate) / 1e6)).toFixed(2) : '',
    row.alg ? median(speed[row.alg]).toFixed(1) : '', median(by((own) => own.us)).toFixed(1), median(by((own, open) => open.us / own.us)).toFixed(2),
    row.file ? median(by((own, open, verify) => (verify + open.us) / own.us)).toFixed(2) : ''];
  console.log(`${row.name.padEnd(32)}${cells.map((cell) => cell.padStart(13)).join('')}`);
}
await stop_all();
provider.close();
provider.closeAllConnections();
fs.rmSync(folder, { recursive: true, force: true });
