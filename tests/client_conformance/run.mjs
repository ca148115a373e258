// Runs the official conformance suite against everything-client, both revisions, and counts its checks; a warning counts as
// a failure. "--only SCENARIO" runs one; "--auth" or "--protocol" runs the scenarios with or without sign-in.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Checks } from '../support/checks.mjs';
import { bin, root } from '../support/process.mjs';

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, auth: { type: 'boolean' }, protocol: { type: 'boolean' } },
});
const suite = path.join(root, 'tests/node_modules/@modelcontextprotocol/conformance');
const program = path.join(bin, 'everything-client');
const at_once = 2;

// A revision's frozen list for clients: what counts, and what runs without counting there. Both count here.
function scenarios_of(revision) {
  const names = [];
  let section = '';
  let unscored = '';
  for (const line of fs.readFileSync(path.join(suite, 'requirements', `${revision}.yaml`), 'utf8').split('\n')) {
    const heading = /^(\w+):/.exec(line);
    if (heading) section = heading[1];
    const plain = /^ {2}- ([\w/-]+)\s*$/.exec(line);
    if (section === 'client' && plain) names.push(plain[1]);
    const entry = /^ {2}- scenario: (\S+)/.exec(line);
    if (section === 'not_scored' && entry) unscored = entry[1];
    if (section === 'not_scored' && /^ {4}leg: client/.test(line)) names.push(unscored);
  }
  return names.map((scenario) => ({ revision, scenario }));
}

async function run_scenario({ revision, scenario }, folder) {
  const out = path.join(folder, `${revision}-${scenario.replaceAll('/', '_')}`);
  fs.mkdirSync(out, { recursive: true });
  const child = spawn(process.execPath, [path.join(suite, 'dist/index.js'), 'client', '--command', program,
    '--scenario', scenario, '--spec-version', revision, '--force', '--output-dir', out], { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stdout.on('data', (chunk) => { log += chunk; });
  child.stderr.on('data', (chunk) => { log += chunk; });
  const [code] = await once(child, 'exit');
  const found = fs.readdirSync(out, { recursive: true }).filter((name) => path.basename(name) === 'checks.json');
  return { code, log, items: found.flatMap((name) => JSON.parse(fs.readFileSync(path.join(out, name), 'utf8'))) };
}

function judge(checks, { revision, scenario }, { code, log, items }) {
  const prefix = `${revision} ${scenario}`;
  if (!checks.check(`${prefix}: ran`, items.length > 0, log.slice(-800))) return;
  checks.check(`${prefix}: the suite's own verdict`, code === 0, log.slice(-800));
  for (const item of items) {
    const name = `${prefix}: ${item.id} ${item.name}`;
    if (item.status === 'SUCCESS') checks.check(name, true);
    if (item.status === 'FAILURE' || item.status === 'WARNING')
      checks.check(name, false, `${item.status}: ${item.errorMessage ?? item.description}`);
  }
}

const checks = new Checks('client_conformance');
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'client-conformance-'));
const wanted = [...scenarios_of('2025-11-25'), ...scenarios_of('2026-07-28'),
  { revision: '2025-03-26', scenario: 'auth/2025-03-26-oauth-metadata-backcompat' },
  { revision: '2025-03-26', scenario: 'auth/2025-03-26-oauth-endpoint-fallback' }]
  .filter(({ scenario }) => !options.only || scenario === options.only)
  .filter(({ scenario }) => !options.auth || scenario.startsWith('auth/'))
  .filter(({ scenario }) => !options.protocol || !scenario.startsWith('auth/'));
checks.check('the lists of the suite can be read', wanted.length > 0);
const queue = [...wanted];
await Promise.all(Array.from({ length: at_once }, async () => {
  for (let next = queue.shift(); next; next = queue.shift()) judge(checks, next, await run_scenario(next, folder));
}));
console.log(`  ${wanted.length} scenarios`);
fs.rmSync(folder, { recursive: true, force: true });
checks.finish();
