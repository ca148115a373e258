// One table, measured side by side: the contestants alternate in rounds, the ratios are taken within each round, their medians count.
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { free_port, root, start, stop_all } from '../tests/support/process.mjs';
import { load_core, request_of, rows, starters } from './contestants.mjs';
import { idle_streams } from './idle_streams.mjs';
import { cpu, memory } from './procfs.mjs';

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '7' }, seconds: { type: 'string', default: '3' },
  connections: { type: 'string', default: '32' }, streams: { type: 'string', default: '5000' } } });
const run = promisify(execFile);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));
const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const mb = (kilobytes) => (kilobytes / 1024).toFixed(1);

async function ask(port, tool, args) {
  const { body, headers } = request_of(tool, args);
  const answer = await fetch(`http://127.0.0.1:${port}/mcp`, { method: 'POST', headers, body });
  return { text: await answer.text(), type: answer.headers.get('content-type') };
}

async function load(port, tool, seconds, args) {
  const { body, headers } = request_of(tool, args);
  const files = [path.join(folder, 'body.json'), path.join(folder, 'headers.txt')];
  fs.writeFileSync(files[0], body);
  fs.writeFileSync(files[1], Object.entries(headers).map(([name, value]) => `${name}: ${value}\n`).join(''));
  const { stdout } = await run('taskset', ['-c', load_core, 'wrk', '-t1', '-c', options.connections, '-d', `${seconds}s`,
    '-s', path.join(root, 'benchmarks/post.lua'), `http://127.0.0.1:${port}/mcp`, '--', ...files]);
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

async function start_up_ms(starter, extra) {
  const times = [];
  for (let i = 0; i < 7; ++i) {
    const port = await free_port();
    const begun = process.hrtime.bigint();
    const server = await starter(port, folder, extra);
    times.push(Number(process.hrtime.bigint() - begun) / 1e6);
    await server.stop('SIGTERM');
  }
  return median(times);
}

const servers = {};
for (const name of ['leanmcp', 'ts-sdk']) {
  const port = await free_port();
  servers[name] = { port, handle: await starters[name](port, folder) };
}
const sample = await ask(servers.leanmcp.port, 'echo_nonblocking');
if (!sample.type.includes('json') || !sample.text.includes('"structuredContent"')) throw new Error(`no typed JSON answer: ${sample.text}`);
const peer = await ask(servers['ts-sdk'].port, 'echo_nonblocking');
if (JSON.stringify(JSON.parse(peer.text).result.structuredContent) !== JSON.stringify(JSON.parse(sample.text).result.structuredContent)) {
  throw new Error(`the peer answers something else: ${peer.text}`);
}
const port = await free_port();
servers.nginx = { port, handle: await starters.nginx(port, folder, sample.text) };

const seconds = Number(options.seconds);
for (const row of rows) {
  row.rounds = [];
  await load(servers[row.server].port, row.tool, 1);
}
for (let round = 0; round < Number(options.rounds); ++round) {
  process.stderr.write(`round ${round + 1} of ${options.rounds}\n`);
  for (const row of round % 2 ? [...rows].reverse() : rows) {
    const { port: at, handle } = servers[row.server];
    const before = cpu(handle.pid);
    const result = await load(at, row.tool, seconds);
    const after = cpu(handle.pid);
    if (result.errors) throw new Error(`${row.name}: ${result.errors} errors`);
    row.rounds[round] = { rps: (result.requests * 1e6) / result.us, p50: result.p50, p99: result.p99,
      user: (after.user - before.user) / result.requests, system: (after.system - before.system) / result.requests };
  }
}

const ratio = (row, base) => median(row.rounds.map((round, index) => round.rps / base.rounds[index].rps));
const [nginx] = rows;
const ts = rows.at(-1);
const column = (row, key) => median(row.rounds.map((round) => round[key]));
console.log(`
tools/call of a typed tool, 2026-07-28, JSON answer of ${sample.text.length} bytes, ${options.connections} connections, server on one core, wrk on another;
${options.rounds} rounds of ${seconds} s, contestants alternating, medians of the per-round figures (${os.cpus()[0].model.trim()})
`);
const pad = (text, width) => String(text).padStart(width);
console.log(`${''.padEnd(38)}${pad('req/s', 9)}${pad('of nginx', 10)}${pad('x TS SDK', 10)}${pad('user us', 9)}${pad('sys us', 8)}${pad('p50 us', 8)}${pad('p99 us', 8)}${pad('RssAnon', 10)}`);
for (const row of rows) {
  console.log(`${row.name.padEnd(38)}${pad(column(row, 'rps').toFixed(0), 9)}${pad(ratio(row, nginx).toFixed(2), 10)}${pad(ratio(row, ts).toFixed(1), 10)}` +
    `${pad(column(row, 'user').toFixed(1), 9)}${pad(column(row, 'system').toFixed(1), 8)}${pad(column(row, 'p50'), 8)}${pad(column(row, 'p99'), 8)}` +
    `${pad(`${mb(memory(servers[row.server].handle.pid))} MB`, 10)}`);
}

const everything_port = await free_port();
const everything = await starters.everything(everything_port);
await load(everything_port, 'test_simple_text', seconds, {});
console.log(`\neverything-server after the same load: ${mb(memory(everything.pid))} MB RssAnon`);

console.log('');
for (const name of ['leanmcp', 'ts-sdk']) {
  await servers[name].handle.stop();
  const at = await free_port();
  const handle = await starters[name](at, folder);
  const count = Number(options.streams);
  const before = memory(handle.pid);
  const { opened, close } = await idle_streams(at, count);
  const after = memory(handle.pid);
  console.log(`${name}: ${opened} idle subscriptions/listen streams, ${((after - before) / Math.max(opened, 1)).toFixed(1)} kB each (${mb(before)} to ${mb(after)} MB RssAnon)`);
  close();
  await handle.stop('SIGTERM');
}
await stop_all();

console.log('');
for (const [name, extra] of [['leanmcp'], ['nginx', sample.text], ['ts-sdk']]) {
  console.log(`${name}: ${(await start_up_ms(starters[name], extra)).toFixed(0)} ms from start to the first answer`);
}
fs.rmSync(folder, { recursive: true, force: true });
