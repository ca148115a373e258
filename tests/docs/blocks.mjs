// Finds the code blocks of the documents and what an HTML comment right above a block says about it:
//   <!-- doc: program run expect="Hello" -->   a whole program; "run" starts it, "expect" must be in what it prints
//   <!-- doc: program name=first -->           a whole program that other blocks may add to
//   <!-- doc: add=first -->                    more of that program: put in front of its main()
//   <!-- doc: body -->                         statements: wrapped in a coroutine after tests/docs/prelude.hpp
//   <!-- doc: declarations -->                 declarations: compiled after tests/docs/prelude.hpp
//   <!-- doc: in=examples/x/main.cpp -->       an excerpt: its lines stand in that file, in this order without gaps
//   <!-- doc: serve=URL -->                    a command (or program) that goes on: started, awaited at URL, stopped by Ctrl-C
//   <!-- doc: by="what covers it" -->          not run here, because something else runs exactly this
// Without a comment: cpp with main() is a program, other cpp is "declarations"; sh is run line by line in the root; json is parsed.
import fs from 'node:fs';
import path from 'node:path';

export function blocks_of(root, file) {
  const lines = fs.readFileSync(path.join(root, file), 'utf8').split('\n');
  const found = [];
  let note;
  for (let i = 0; i < lines.length; ++i) {
    const comment = /^<!-- doc: (.*?) -->$/.exec(lines[i].trim());
    const fence = /^( *)```(\w*)\s*$/.exec(lines[i]);
    if (comment) {
      note = options_of(comment[1]);
    } else if (fence) {
      const start = i + 1;
      for (i += 1; i < lines.length && lines[i].trim() !== '```'; ++i);
      const text = lines.slice(start, i).map((line) => (line.startsWith(fence[1]) ? line.slice(fence[1].length) : line)).join('\n');
      found.push({ file, line: start, language: fence[2], text, options: note ?? {} });
      note = undefined;
    } else if (lines[i].trim() !== '') {
      note = undefined;
    }
  }
  return found;
}

function options_of(text) {
  const options = {};
  for (const [, key, quoted, plain] of text.matchAll(/([\w-]+)(?:=(?:"([^"]*)"|(\S+)))?/g)) options[key] = quoted ?? plain ?? true;
  return options;
}

export function documents(root) {
  const found = fs.readdirSync(root).filter((name) => name.endsWith('.md'));
  const walk = (folder) => {
    if (!fs.existsSync(path.join(root, folder))) return;
    for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const name = path.join(folder, entry.name);
      if (entry.isDirectory()) walk(name);
      else if (name.endsWith('.md')) found.push(name);
    }
  };
  walk('docs');
  return found.sort();
}
