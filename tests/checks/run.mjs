// Checks on the sources themselves: the order of rooms, the co_await rules, file lengths, and that every TODO is in ROADMAP.md;
// that settings are documented; and on what is committed.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Checks } from '../support/checks.mjs';
import { root } from '../support/process.mjs';
import { faults } from './co_await.mjs';
import { accepted, refused } from './co_await_cases.mjs';
import { check_committed } from './committed.mjs';
import { check_one_definition, definitions } from './one_definition.mjs';
import { check_rooms } from './rooms.mjs';
import { check_settings } from './settings.mjs';

const max_lines = 450;
const checks = new Checks('checks');
const report = (name, ok, detail) => checks.check(name, ok, detail);

function walk(folder, found = []) {
  for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
    if (/^(?:node_modules|build.*|\.git|\.cache)$/.test(entry.name)) continue;
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) walk(name, found);
    else if (entry.isFile()) found.push(name);
  }
  return found;
}

const files = walk('.');
const text_of = (file) => fs.readFileSync(path.join(root, file), 'utf8');

for (const [index, source] of refused.entries()) report(`co_await case ${index} is refused`, faults(source).length > 0, source);
for (const [index, source] of accepted.entries()) {
  const found = faults(source);
  report(`co_await case ${index} is accepted`, found.length === 0, `${source}: ${JSON.stringify(found)}`);
}

check_rooms(root, files, report);
const sample = 'namespace leanmcp {\nnamespace {\nstruct A {\n};\n}  // namespace\nstruct B final : C {\nstruct D;\nenum class E { a };\n'
  + 'template <>\nstruct F<int> {\nnamespace detail {\ntemplate <class T>\nclass G {\n}  // namespace detail\n}  // namespace leanmcp\nstruct H {};\n';
checks.equal('definitions are told from announcements', definitions(sample), ['leanmcp::B', 'leanmcp::E', 'leanmcp::detail::G', 'H']);
checks.equal('a namespace below an inline one keeps its name',
  definitions('namespace leanmcp::inline v0::as {\nclass A {\n}  // namespace leanmcp::inline v0::as\n'), ['leanmcp::inline v0::as::A']);
check_one_definition(root, files, report);

for (const file of files.filter((name) => /\.(?:hpp|cpp)$/.test(name))) {
  const found = faults(text_of(file));
  report(`${file}: co_await stands alone`, found.length === 0, found.map(({ line, what }) => `line ${line}: ${what}`).join('; '));
}
for (const file of files.filter((name) => name.endsWith('.md'))) {
  for (const block of text_of(file).matchAll(/```cpp\n([\s\S]*?)```/g)) {
    const found = faults(block[1]);
    report(`${file}: co_await stands alone in its examples`, found.length === 0, found.map(({ what }) => what).join('; '));
  }
}

const written = files.filter((name) => /\.(?:hpp|cpp|mjs|sh|cmake)$/.test(name) || ['run', 'test', 'bench'].includes(name));
for (const file of written) {
  const lines = text_of(file).split('\n').length - 1;
  report(`${file}: at most ${max_lines} lines`, lines <= max_lines, `${lines} lines: it holds two things`);
}

check_settings(root, report);
check_committed(root, files, report);

const roadmap = fs.existsSync(path.join(root, 'ROADMAP.md')) ? text_of('ROADMAP.md') : '';
const marks = new RegExp(`\\b(?:${['TO', 'FIX'].map((a, i) => a + ['DO', 'ME'][i]).join('|')})\\b(?:\\(([^)]*)\\))?`, 'g');
for (const file of written.filter((name) => /\.(?:hpp|cpp|cmake)$/.test(name))) {
  for (const mark of text_of(file).matchAll(marks)) {
    report(`${file}: ${mark[0]} is in ROADMAP.md`, Boolean(mark[1]) && roadmap.includes(mark[1]), 'name its entry in parentheses');
  }
}

for (const file of ['run', 'test', 'bench', '.ci/run', ...files.filter((name) => name.endsWith('.sh'))]) {
  if (!fs.existsSync(path.join(root, file))) continue;
  try {
    execFileSync('bash', ['-n', path.join(root, file)], { stdio: 'pipe' });
    report(`${file}: valid bash`, true);
  } catch (error) {
    report(`${file}: valid bash`, false, String(error.stderr));
  }
}
checks.finish();
