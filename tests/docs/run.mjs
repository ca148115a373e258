// Compiles every code block of the documents and runs every command in them; see blocks.mjs for how a block says what it is.
import { execFile, spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { root, sleep } from '../support/process.mjs';
import { blocks_of, documents } from './blocks.mjs';

const checks = new Checks('docs');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'docs-'));
const prelude = path.join(root, 'tests/docs/prelude.hpp');

function run(command, args, options = {}) {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: 300000, maxBuffer: 1 << 24, ...options }, (error, out, errors) => {
      resolve({ code: error ? error.code ?? 1 : 0, out: `${out}${errors}` });
    });
  });
}

// The libraries of the release build, as a user would link them.
function link_line() {
  const archives = [];
  const walk = (folder) => {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(name);
      else if (/^libleanmcp_.*\.a$/.test(entry.name)) archives.push(name);
    }
  };
  walk(path.join(root, 'build/leanmcp'));
  return ['-Wl,--start-group', ...archives, '-Wl,--end-group', '-lboost_json', '-lboost_url', '-lssl', '-lcrypto', '-lcurl', '-lsqlite3', '-lpq', '-lre2',
    '-pthread'];
}

const flags = ['-std=c++20', '-Wall', '-Wextra', '-Werror', '-Wno-unused-variable', '-Wno-unused-function', '-Wno-unused-but-set-variable', '-I', root];

function source_of(block) {
  const { options, text } = block;
  if (options.program || /\bint main\(/.test(text)) return text;
  if (options.body) return `#include "${prelude}"\nleanmcp::Task<void> body_of_the_block() {\n${text}\nco_return;\n}\n`;
  return `#include "${prelude}"\n${text}\n`;
}

async function compile(block, where, index) {
  const source = path.join(work, `block${index}.cpp`);
  fs.writeFileSync(source, source_of(block));
  const program = path.join(work, `block${index}`);
  const whole = block.options.run || block.options.serve;
  const built = await run('g++', [...flags, ...(whole ? ['-O0', source, '-o', program, ...link_line()] : ['-fsyntax-only', source])]);
  if (!checks.check(`${where}: compiles`, built.code === 0, built.out.slice(0, 1800)) || !whole) return;
  if (block.options.serve) return void served.push([{ ...block, text: program }, where]);
  const ran = await run(program, [], { timeout: 20000, cwd: work });
  checks.check(`${where}: runs`, ran.code === 0, ran.out.slice(0, 1000));
  if (typeof block.options.expect === 'string') checks.check(`${where}: prints "${block.options.expect}"`, ran.out.includes(block.options.expect), ran.out);
}

function excerpt(block, where) {
  const squeeze = (text) => text.split('\n').map((line) => line.trim()).filter((line) => line && line !== '…' && line !== '// …');
  const file = path.join(root, block.options.in);
  const wanted = squeeze(block.text);
  const held = fs.existsSync(file) ? squeeze(fs.readFileSync(file, 'utf8')) : [];
  const at = held.findIndex((_, start) => wanted.every((line, offset) => held[start + offset] === line));
  checks.check(`${where}: stands in ${block.options.in}`, wanted.length > 0 && at >= 0, wanted.find((line) => !held.includes(line)) ?? 'not in one piece');
}

async function serve(block, where) {
  const child = spawn('bash', ['-c', `exec ${block.text.trim()}`], { cwd: root, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  child.stdout.on('data', (chunk) => { out += chunk; });
  child.stderr.on('data', (chunk) => { out += chunk; });
  let code;
  child.on('exit', (status, signal) => { code = status ?? signal; });
  let answered = false;
  for (let i = 0; i < 600 && !answered && code === undefined; ++i) {
    await sleep(500);
    answered = await fetch(block.options.serve).then((answer) => answer.ok, () => false);
  }
  checks.check(`${where}: answers at ${block.options.serve}`, answered, out.slice(-1500));
  if (code === undefined) process.kill(child.pid, 'SIGINT');
  for (let i = 0; i < 200 && code === undefined; ++i) await sleep(100);
  checks.check(`${where}: Ctrl-C stops it`, code === 0, `${code}: ${out.slice(-500)}`);
  const still = await fetch(block.options.serve).then(() => true, () => false);
  checks.check(`${where}: leaves nothing behind`, !still);
}

async function commands(block, where) {
  const text = block.text.replace(/^\$ /gm, '');
  const ran = await run('bash', ['-euo', 'pipefail', '-c', text], { cwd: root });
  checks.check(`${where}: runs`, ran.code === 0, ran.out.slice(-1500));
  if (typeof block.options.expect === 'string') checks.check(`${where}: prints "${block.options.expect}"`, ran.out.includes(block.options.expect), ran.out);
}

const all = documents(root).flatMap((file) => blocks_of(root, file));
const named = new Map(all.filter(({ options }) => options.name).map((block) => [block.options.name, block]));
for (const block of all.filter(({ options }) => options.add)) {
  const base = named.get(block.options.add);
  const where = `${block.file}:${block.line}`;
  if (checks.check(`${where}: adds to a program that is there`, base !== undefined)) {
    base.text = base.text.replace(/^int main\(/m, () => `${block.text}\n\nint main(`);
  }
}

const compiling = [];
const served = [];
for (const [index, block] of all.entries()) {
  const where = `${block.file}:${block.line}`;
  const { language, options } = block;
  if (options.by) checks.check(`${where}: says what covers it`, typeof options.by === 'string' && options.by.length > 5);
  else if (options.in) excerpt(block, where);
  else if (options.add) continue;
  else if (language === 'cpp') compiling.push([block, where, index]);
  else if (options.serve) await serve(block, where);
  else if (['sh', 'bash'].includes(language)) await commands(block, where);
  else if (language === 'json') await checks.step(`${where}: is JSON`, () => checks.check(`${where}: is JSON`, JSON.parse(block.text) !== undefined));
  else checks.check(`${where}: a language that is checked, or plain text`, ['', 'text', 'console'].includes(language), `\`\`\`${language}`);
}
const workers = Array.from({ length: os.cpus().length }, async () => {
  for (let job = compiling.shift(); job; job = compiling.shift()) await compile(...job);
});
await Promise.all(workers);
for (const job of served) await serve(...job);
const reference = await run('bash', ['-c', `{ cat Doxyfile; echo 'OUTPUT_DIRECTORY = ${work}'; } | doxygen -`], { cwd: root });
checks.check('the reference is made without a warning', reference.code === 0, reference.out.slice(-1500));
fs.rmSync(work, { recursive: true, force: true });
checks.finish();
