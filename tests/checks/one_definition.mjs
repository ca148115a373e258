// One name, one class: two definitions of a class with the same qualified name in different files would be merged by the linker
// without a word (their destructors, say), whichever it meets first.
import fs from 'node:fs';
import path from 'node:path';

// Names of what is defined at the outermost level of a namespace, with the namespace; nothing from unnamed namespaces, which
// are a file's own. Relies on the format: what opens a namespace or a class starts its line.
export function definitions(text) {
  const open = [];
  const found = [];
  for (const line of text.split('\n')) {
    const inner = /^(?:inline )?namespace(?:\s+([\w:]+(?:::inline [\w:]+)?))?\s*\{(.*)$/.exec(line);
    if (inner) {
      if (!inner[2].includes('}')) open.push(inner[1] ?? '');
      continue;
    }
    if (/^\}\s*\/\/ namespace/.test(line)) {
      open.pop();
      continue;
    }
    const type = /^(?:template\s*<.*>\s*)?(?:struct|class|enum(?: class)?)\s+(?:\[\[\w+\]\]\s+)?([\w:]+)(\s*[;<])?/.exec(line);
    // What ends there is only announced; what goes on with an argument list is a specialisation.
    if (type && !type[2] && !open.includes('')) found.push([...open, type[1]].join('::'));
  }
  return found;
}

export function check_one_definition(root, files, report) {
  const where = new Map();
  for (const file of files.filter((name) => /^(?:leanmcp|cli)\/.*\.(?:hpp|cpp)$/.test(name))) {
    for (const name of definitions(fs.readFileSync(path.join(root, file), 'utf8'))) {
      where.set(name, [...(where.get(name) ?? []), file]);
    }
  }
  report('classes are found', where.size > 100, String(where.size));
  for (const [name, places] of where) {
    const distinct = [...new Set(places)];
    report(`${name} is defined once`, distinct.length === 1, distinct.join(', '));
  }
}
