// What the terminal showed, with everything that differs from run to run made the same, and the blocks of the guide that show it:
//   <!-- doc: transcript=NAME --> above a console block.
import fs from 'node:fs';

export function canonical(text, ports) {
  return text
    .replaceAll(`127.0.0.1:${ports.service}`, '127.0.0.1:3000').replaceAll(`127.0.0.1%3A${ports.service}`, '127.0.0.1%3A3000')
    .replaceAll(`127.0.0.1:${ports.provider}`, '127.0.0.1:4000').replaceAll(`127.0.0.1:${ports.sandbox}`, '127.0.0.1:5000')
    .replace(/(redirect_uri=http%3A%2F%2F127\.0\.0\.1%3A)\d+/g, '$143210').replace(/127\.0\.0\.1:\d+\/callback/g, '127.0.0.1:43210/callback')
    .replace(/\b(client_id|state|code_challenge|code|iss)=[\w.~%-]{8,}/g, '$1=…')
    .replace(/(client {3})\S+/g, '$1…')
    .replace(/\/billing\/go\/[\w-]+/g, '/billing/go/…').replace(/\bcs_test_\w+/g, 'cs_test_…')
    .replace(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '2026-11-28T09:41:00Z');
}

const block = (name) => new RegExp(`(<!-- doc: transcript=${name} -->\\n\`\`\`console\\n)([\\s\\S]*?)\\n?(\`\`\`)`);

export function compare_with_guide(file, transcripts, checks) {
  const guide = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  for (const [name, text] of Object.entries(transcripts)) {
    const shown = block(name).exec(guide)?.[2];
    // A guide need not show everything.
    if (shown !== undefined) checks.equal(`the guide shows what comes: ${name}`, shown, text);
  }
  const wanted = [...guide.matchAll(/<!-- doc: transcript=(\w+) -->/g)].map(([, name]) => name);
  checks.check('the guide shows the sign-in, the form and the payment', ['login', 'form', 'payment'].every((name) => wanted.includes(name)), wanted);
  checks.equal('everything that the guide shows was run', wanted.filter((name) => transcripts[name] === undefined), []);
}

export function write_guide(file, transcripts) {
  let guide = fs.readFileSync(file, 'utf8');
  for (const [name, text] of Object.entries(transcripts)) guide = guide.replace(block(name), (_, before, __, after) => `${before}${text}\n${after}`);
  fs.writeFileSync(file, guide);
}
