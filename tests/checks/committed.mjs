// What must not be committed: folders of one machine, hosts of package registries, marks of an unfinished merge, what a build or an
// install leaves behind.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

// Written in parts, so that this file does not hold what it looks for.
const of_a_machine = new RegExp(['/wo' + 'rk/', '/ro' + 'ot/', '/ho' + 'me/(?!user\\b)\\w', '/Us' + 'ers/\\w'].map((part) => `(?<![\\w.}])${part}`).join('|'));
const of_a_registry = new RegExp(['npm' + 'js\\.', 'py' + 'pi\\.org', 'crates' + '\\.io', 'registry' + '\\.(?:npm|yarn)', '"reso' + 'lved"\\s*:'].join('|'));
const of_a_merge = new RegExp(['<', '|', '>'].map((sign) => `^\\${sign}{7}(?: |$)`).join('|'));
const left_behind = /(?:^|\/)(?:node_modules|build[^/]*|\.cache|CMakeFiles)\/|\.(?:o|a|so|log|pyc|orig|rej|tmp|db|sqlite)$|(?:^|\/)core\.\d+$/;
const most_bytes = 300_000;

// The faults of one file: its name and its text.
export function faults_of(name, text) {
  const found = [];
  if (left_behind.test(name)) found.push('a build or an install left it behind');
  if (text.length > most_bytes) found.push(`${text.length} bytes`);
  text.split('\n').forEach((line, index) => {
    if (of_a_machine.test(line)) found.push(`line ${index + 1}: a folder of one machine`);
    if (of_a_merge.test(line)) found.push(`line ${index + 1}: a merge's mark`);
    if (of_a_registry.test(line)) found.push(`line ${index + 1}: a package registry`);
  });
  return found;
}

// What git has, or would have with "git add ."; without git all files but those that are ignored by name.
function committed(root, files) {
  try {
    const listed = execFileSync('git', ['-C', root, 'ls-files', '--cached', '--others', '--exclude-standard'], { stdio: ['ignore', 'pipe', 'ignore'] });
    return String(listed).split('\n').filter((name) => name && fs.existsSync(path.join(root, name)));
  } catch {
    return files;
  }
}

export function check_committed(root, files, report) {
  const bad = { 'build-x/a.txt': '', 'tests/node_modules/a.js': '', 'a/b.o': '', 'a.md': `see /wo${'rk'}/main`, 'b.md': `in /ho${'me'}/ada/x`,
    'f.md': `a\n${'<'.repeat(7)} HEAD\nb`, 'g.md': `a\n${'>'.repeat(7)} other`, 'h.cpp': `${'|'.repeat(7)}\n`,
    'c.json': `{"reso${'lved'}": "https://x"}`, 'd.sh': `curl https://regis${'try'}.npm${'js'}.org/x`, 'e.txt': 'x'.repeat(most_bytes + 1) };
  for (const [name, text] of Object.entries(bad)) report(`${name} would be refused`, faults_of(name, text).length > 0);
  const good = { 'a.md': 'file:///home/user/projects, https://x/work/y, ./build, $root/work/', 'builder.cpp': 'rebuild/', 'title.md': 'Title\n=======\n', 'shift.cpp': 'out <<<<<<< x', 'a.hpp': '#include <x/registry.hpp>' };
  for (const [name, text] of Object.entries(good)) report(`${name} would pass`, faults_of(name, text).length === 0, faults_of(name, text));
  for (const name of committed(root, files)) {
    const found = faults_of(name, fs.readFileSync(path.join(root, name), 'utf8'));
    report(`${name}: fit to be committed`, found.length === 0, found.slice(0, 5).join('; '));
  }
}
