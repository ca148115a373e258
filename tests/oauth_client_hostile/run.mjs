// Runs hostile-client against one bad server after the other. Each run must end by itself with the library's own error, in
// bounded time and memory, and what is secret must not have been told to anybody it is not for.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { bin, stop_all } from '../support/process.mjs';
import { stop_doubles } from './doubles.mjs';
import { answers } from './answers.mjs';
import { callbacks } from './callbacks.mjs';
import { metadata } from './metadata.mjs';
import { private_addresses } from './private_addresses.mjs';
import { processes } from './processes.mjs';
import { tokens } from './tokens.mjs';

const checks = new Checks('oauth_client_hostile');
const only = process.argv[2];
const at_once = 4;
// Far over what any answer takes, far below what an unbounded client would take: 1 GB.
const most_kib = 160 * 1024;
const most_ms = 30_000;

async function drive(orders) {
  const child = spawn(path.join(bin, 'hostile-client'), [JSON.stringify(orders)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (piece) => { out += piece; });
  child.stderr.on('data', (piece) => { err += piece; });
  const killer = setTimeout(() => child.kill('SIGKILL'), orders.die_after_ms ?? most_ms * 2);
  const [code, signal] = await once(child, 'close');
  clearTimeout(killer);
  let report;
  try { report = JSON.parse(out); } catch { report = undefined; }
  return { code: code ?? signal, report, text: out + err };
}

// A case: {name, orders, expect, after}. `expect` is a cause, a list of them, or 'ok'; `after(check, outcome)` looks at the doubles.
async function play({ name, orders, expect, after }) {
  const outcome = await drive(orders);
  const { report } = outcome;
  if (!checks.check(`${name}: ends by itself with a report`, (outcome.code === 0 || outcome.code === 1) && report, outcome)) return;
  const wanted = [expect].flat();
  checks.check(`${name}: ${wanted.join(' or ')}`, wanted.includes(report.ok ? 'ok' : report.cause), outcome.text);
  checks.check(`${name}: bounded in memory`, report.peak_kib < most_kib, report.peak_kib);
  checks.check(`${name}: bounded in time`, report.ms < most_ms, report.ms);
  if (after) await after((what, condition, detail) => checks.check(`${name}: ${what}`, condition, detail ?? outcome.text), outcome);
}

const groups = { answers, tokens, metadata, callbacks, private_addresses };
for (const [name, group] of Object.entries(groups)) {
  if (only && only !== name) continue;
  await checks.step(name, async () => {
    const queue = await group();
    await Promise.all(Array.from({ length: at_once }, async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await checks.step(next.name, () => play(next));
    }));
  });
  stop_doubles();
}
if (!only || only === 'processes')
  await checks.step('processes', () => processes(drive, (what, condition, detail) => checks.check(`processes: ${what}`, condition, detail)));
stop_doubles();
await stop_all();
checks.finish();
process.exit();
