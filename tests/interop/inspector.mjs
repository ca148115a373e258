// The Inspector's command line against everything-server: it lists and calls tools on every era, over HTTP and stdio.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { bin, free_port, root, start, stop_all } from '../support/process.mjs';

const launcher = path.join(root, 'tests/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js');
const home = fs.mkdtempSync(path.join(os.tmpdir(), 'inspector-'));

function inspect(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [launcher, '--cli', ...args], { env: { PATH: process.env.PATH, HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk) => { out += chunk; });
    child.stderr.on('data', (chunk) => { errors += chunk; });
    const timer = setTimeout(() => child.kill('SIGKILL'), 300_000);
    // When all it printed has been read, too.
    child.on('close', (code) => {
      clearTimeout(timer);
      let json;
      try {
        json = JSON.parse(out);
      } catch {
        // Left undefined: the checks show what was printed.
      }
      resolve({ code, out, errors, json });
    });
  });
}

const checks = new Checks('inspector');
const port = await free_port();
const server = await start('everything-server', ['--port', port], { ready: `http://127.0.0.1:${port}/health` });
const targets = {
  http: [`http://127.0.0.1:${port}/mcp`, '--transport', 'http'],
  stdio: [path.join(bin, 'everything-server'), '--stdio'],
};

async function look(label, target, era) {
  const run = (...args) => inspect([...target, '--protocol-era', era, ...args]);
  const listed = await run('--method', 'tools/list', '--strict');
  checks.equal(`${label}: tools/list succeeds, no schema fault`, listed.code, 0);
  checks.check(`${label}: lists the tools`, listed.json?.tools?.some((tool) => tool.name === 'test_simple_text'), (listed.errors + listed.out).slice(0, 800));
  const called = await run('--method', 'tools/call', '--tool-name', 'test_simple_text');
  checks.equal(`${label}: calls a tool`, called.json?.content?.[0]?.text, 'This is a simple text response for testing.');
  const typed = await run('--method', 'tools/call', '--tool-name', 'test_x_mcp_header', '--tool-arg', 'region=north', 'query=q', 'limit=5', 'dry_run=true');
  checks.check(`${label}: calls a typed tool`, typed.code === 0 && typed.json?.isError !== true, typed.out + typed.errors);
  const wrong = await run('--method', 'tools/call', '--tool-name', 'test_x_mcp_header', '--tool-arg', 'region=north', 'query=q', 'limit=0');
  checks.check(`${label}: shows a fault`, wrong.json?.isError === true && wrong.out.includes('/limit'), wrong.out + wrong.errors);
  const resources = await run('--method', 'resources/list');
  checks.check(`${label}: lists resources`, resources.json?.resources?.length >= 3, resources.out + resources.errors);
  const read = await run('--method', 'resources/read', '--uri', 'test://static-text');
  checks.equal(`${label}: reads one`, read.json?.contents?.[0]?.text, 'This is the content of the static text resource.');
  const prompt = await run('--method', 'prompts/get', '--prompt-name', 'test_prompt_with_arguments', '--prompt-args', 'arg1=one', 'arg2=two');
  checks.check(`${label}: gets a prompt`, prompt.out.includes("arg1='one', arg2='two'"), prompt.out + prompt.errors);
}

for (const [transport, target] of Object.entries(targets)) {
  for (const era of ['legacy', 'modern']) await checks.step(`${transport} ${era}`, () => look(`${transport} ${era}`, target, era));
}
await stop_all();
checks.check('everything-server stops on SIGTERM', server.code === 0 && !server.killed, server.output().slice(-800));
fs.rmSync(home, { recursive: true, force: true });
checks.finish();
