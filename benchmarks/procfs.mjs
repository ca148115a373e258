// What Linux says about a process and its children: CPU time used and anonymous memory resident.
import fs from 'node:fs';

const ticks_per_second = 100;

function tree(pid) {
  const children = [];
  try {
    for (const task of fs.readdirSync(`/proc/${pid}/task`)) {
      const text = fs.readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim();
      for (const child of text ? text.split(' ') : []) children.push(...tree(Number(child)));
    }
  } catch {
    return [];
  }
  return [pid, ...children];
}

// {user, system} in microseconds.
export function cpu(pid) {
  let user = 0;
  let system = 0;
  for (const one of tree(pid)) {
    const fields = fs.readFileSync(`/proc/${one}/stat`, 'utf8').replace(/^.*\) /s, '').split(' ');
    user += Number(fields[11]);
    system += Number(fields[12]);
  }
  return { user: (user * 1e6) / ticks_per_second, system: (system * 1e6) / ticks_per_second };
}

// Kilobytes of RssAnon.
export function memory(pid) {
  return tree(pid).reduce((sum, one) => {
    const match = /^RssAnon:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${one}/status`, 'utf8'));
    return sum + Number(match?.[1] ?? 0);
  }, 0);
}
