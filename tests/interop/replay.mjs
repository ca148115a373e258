// Every example once more in the mode that forces a replay after each answer: nothing may change, nothing may happen twice.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { root } from '../support/process.mjs';

const runs = {
  'everything-server, conformance': ['tests/conformance/run.mjs', '--force-replay'],
  'premium-service, 2.x auto over HTTP': ['tests/interop/run.mjs', '--force-replay', 'v2-auto', 'http'],
  'premium-service, 1.x over HTTP': ['tests/interop/run.mjs', '--force-replay', 'v1', 'http'],
  'premium-service, 2.x auto over stdio': ['tests/interop/run.mjs', '--force-replay', 'v2-auto', 'stdio'],
};

function run([script, ...args]) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [path.join(root, script), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    child.stdout.on('data', (chunk) => { out += chunk; });
    child.on('exit', (code) => resolve({ code, out }));
  });
}

const checks = new Checks('replay');
for (const [what, command] of Object.entries(runs)) {
  const { code, out } = await run(command);
  const counts = /: (\d+) passed, (\d+) failed\s*$/.exec(out);
  for (const line of out.split('\n').filter((text) => /^ {2}(?:FAIL|warn|\s{5})/.test(text))) console.log(line);
  checks.passed += Number(counts?.[1] ?? 0);
  for (let i = 0; i < Number(counts?.[2] ?? 0); ++i) checks.failed.push(what);
  checks.check(`${what}: runs to its end`, counts !== null && (code === 0) === (counts[2] === '0'), out.slice(-800));
}
checks.finish();
