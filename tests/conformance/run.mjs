// Runs the official conformance suite against everything-server, both revisions, and counts its checks.
// "--url URL" tests a server that already runs; "--only SCENARIO" runs one scenario of both revisions; "--force-replay" is passed on.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Checks } from '../support/checks.mjs';
import { free_port, root, start, stop_all } from '../support/process.mjs';

const { values: options } = parseArgs({
  options: { url: { type: 'string' }, only: { type: 'string' }, keep: { type: 'string' },
    'force-replay': { type: 'boolean' } },
});
const suite = path.join(root, 'tests/node_modules/@modelcontextprotocol/conformance');
const revisions = ['2025-11-25', '2026-07-28'];

// What a revision's frozen list holds for servers: what counts, and what runs without counting there. Both count here,
// except the tasks extension, which this SDK does not offer.
function scenarios_of(revision) {
  const lines = fs.readFileSync(path.join(suite, 'requirements', `${revision}.yaml`), 'utf8').split('\n');
  const names = [];
  let section = '';
  let unscored = '';
  for (const line of lines) {
    const heading = /^(\w+):/.exec(line);
    if (heading) section = heading[1];
    const plain = /^ {2}- ([\w-]+)\s*$/.exec(line);
    if (section === 'server' && plain) names.push(plain[1]);
    const entry = /^ {2}- scenario: (\S+)/.exec(line);
    if (section === 'not_scored' && entry) unscored = entry[1];
    if (section === 'not_scored' && /^ {4}leg: server/.test(line) && !unscored.startsWith('tasks-')) names.push(unscored);
  }
  return names;
}

async function run_suite(args) {
  const child = spawn(process.execPath, [path.join(suite, 'dist/index.js'), 'server', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  child.stdout.on('data', (chunk) => { log += chunk; });
  child.stderr.on('data', (chunk) => { log += chunk; });
  await once(child, 'exit');
  return log;
}

function read_results(folder) {
  const results = new Map();
  for (const name of fs.readdirSync(folder)) {
    const file = path.join(folder, name, 'checks.json');
    if (!fs.existsSync(file)) continue;
    const scenario = name.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, '');
    results.set(scenario, JSON.parse(fs.readFileSync(file, 'utf8')));
  }
  return results;
}

const checks = new Checks('conformance');
const folder = options.keep ?? fs.mkdtempSync(path.join(os.tmpdir(), 'conformance-'));
let url = options.url;
let server;
if (!url) {
  const port = await free_port();
  const flags = options['force-replay'] ? ['--force-replay'] : [];
  server = await start('everything-server', ['--port', port, ...flags], { ready: `http://127.0.0.1:${port}/health` });
  url = `http://127.0.0.1:${port}/mcp`;
}

for (const revision of revisions) {
  const expected = scenarios_of(revision).filter((name) => !options.only || name === options.only);
  if (expected.length === 0) {
    checks.check(`${revision}: has scenarios`, Boolean(options.only), 'the list of the suite could not be read');
    continue;
  }
  const out = path.join(folder, revision);
  fs.mkdirSync(out, { recursive: true });
  const started = Date.now();
  const selection = options.only ? ['--scenario', options.only, '--spec-version', revision] : ['--requirements', revision];
  const log = await run_suite(['--url', url, '--output-dir', out, ...selection]);
  fs.writeFileSync(path.join(out, 'log.txt'), log);
  const results = read_results(out);
  let warnings = 0;
  let successes = 0;
  for (const scenario of expected) {
    const found = results.get(scenario);
    if (!checks.check(`${revision} ${scenario}: ran`, found?.length > 0, log.slice(-600))) continue;
    for (const item of found) {
      const name = `${revision} ${scenario}: ${item.id} ${item.name}`;
      if (item.status === 'SUCCESS') {
        checks.check(name, true);
        successes += 1;
      } else if (item.status === 'FAILURE') {
        checks.check(name, false, item.errorMessage ?? item.description);
      } else if (item.status === 'WARNING') {
        warnings += 1;
        console.log(`  warn ${name}: ${item.errorMessage ?? item.description}`);
      }
    }
  }
  console.log(`  ${revision}: ${expected.length} scenarios, ${successes} checks passed, ${warnings} warnings, ` +
    `${((Date.now() - started) / 1000).toFixed(1)} s`);
}

await stop_all();
if (server) checks.check('everything-server stops on SIGTERM', server.code === 0 && !server.killed, server.output().slice(-800));
if (!options.keep) fs.rmSync(folder, { recursive: true, force: true });
checks.finish();
