// What the guide says of the authorization server's settings, and what the program reads: the same names, the same defaults.
import fs from 'node:fs';
import path from 'node:path';

const program = 'examples/authorization_server/config.cpp';
const guide = 'docs/guides/oauth-server.md';
const reads = /\b(?:setting|setting_or|need|flag|list|number)\(\s*"([A-Z][A-Z_]+)"/g;

// Names in the first column of the tables below "Settings of the program", with the last column.
export function documented(text) {
  const part = text.slice(text.indexOf('## Settings of the program')).split('\n## ')[0];
  const found = new Map();
  for (const row of part.matchAll(/^\| ((?:`[A-Z_]+`(?:, )?)+) \|.*\| ([^|]*) \|$/gm)) {
    for (const name of row[1].matchAll(/`([A-Z_]+)`/g)) found.set(name[1], row[2].replaceAll('`', ''));
  }
  return found;
}

export function check_settings(root, report) {
  const code = fs.readFileSync(path.join(root, program), 'utf8');
  const known = documented(fs.readFileSync(path.join(root, guide), 'utf8'));
  const used = new Set([...code.matchAll(reads)].map((match) => match[1]));
  report('settings of the authorization server are found', used.size > 30 && known.size > 30, `${used.size} ${known.size}`);
  for (const name of used) report(`${name} of ${program} is in ${guide}`, known.has(name));
  for (const name of known.keys()) report(`${name} of ${guide} is read by ${program}`, used.has(name));
  for (const [, name, value] of code.matchAll(/setting_or\("([A-Z_]+)", "([^"]*)"\)/g)) {
    // A preset's name where nothing is said is the value of UPSTREAM.
    if (name !== 'UPSTREAM_NAME') report(`${name}: its default is documented`, known.get(name) === value, `${value} ${known.get(name)}`);
  }
  for (const [, name] of code.matchAll(/flag\("([A-Z_]+)"\)/g)) report(`${name}: its default is documented`, known.get(name) === '0', known.get(name));
}
