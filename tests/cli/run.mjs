// `leanmcp schema|webhook|stripe` as scripts use them: JSON lines in and out, files, exit codes; the official stripe package signs
// and verifies the other side.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Stripe from 'stripe';
import { Checks } from '../support/checks.mjs';
import { bin } from '../support/process.mjs';

const checks = new Checks('cli');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'cli-'));
const stripe = new Stripe('sk_test_123');

function leanmcp(args, { input = '', env = {} } = {}) {
  const ran = spawnSync(path.join(bin, 'leanmcp'), args, { input, env: { PATH: process.env.PATH, ...env }, maxBuffer: 1 << 28 });
  return { code: ran.status, out: ran.stdout.toString(), err: ran.stderr.toString() };
}
function lines(args, entries) {
  const text = entries.map((entry) => (typeof entry === 'string' ? entry : JSON.stringify(entry))).join('\n') + '\n';
  const ran = leanmcp([...args, '--jsonl'], { input: text });
  checks.equal(`${args.join(' ')} --jsonl ends well`, ran.code, 0);
  return ran.out.trim().split('\n').map((line) => JSON.parse(line));
}
const file = (name, text) => (fs.writeFileSync(path.join(work, name), text), path.join(work, name));

// Lines that ask for nothing get a verdict each, in their place.
const odd = lines(['schema', 'validate'], [
  { schema: { type: 'integer' }, instance: 2 },
  'not json',
  '[1]',
  '',
  '{"schema":{}}',
  '['.repeat(200),
  { schema: { type: 'integer' }, instance: 2.5 },
]);
checks.equal('one verdict a line, in order', odd.map((verdict) => verdict.valid), [true, false, false, false, false, false]);
checks.check('each says what is wrong, in the verdict\'s own shape', odd.every((verdict) => Object.keys(verdict).join() === 'valid,errors') &&
  odd.slice(1).every(({ errors }) => errors.every(({ path: at, message }) => typeof at === 'string' && message.length > 5)), odd);
const long = leanmcp(['schema', 'validate', '--jsonl'], { input: `{"schema":{},"instance":"${'x'.repeat(17 << 20)}"}\n{"schema":{},"instance":1}` });
checks.equal('a line over the limit is refused, the next one read', long.out.trim().split('\n').map((line) => JSON.parse(line).valid), [false, true]);

// schema validate
const [fits, faults, unusable, deep] = lines(['schema', 'validate'], [
  { schema: { type: 'object', properties: { a: { minimum: 3 } }, required: ['b'] }, instance: { a: 3, b: null } },
  { schema: { type: 'object', properties: { 'a/b': { minimum: 3 } }, required: ['b'] }, instance: { 'a/b': 2 } },
  { schema: { type: 'nonsense' }, instance: 1 },
  { schema: { $ref: 'https://example.com/schema' }, instance: 1 },
]);
checks.equal('a document that fits', fits, { valid: true, errors: [] });
checks.check('every fault with its JSON pointer', !faults.valid && faults.errors.length === 2 && faults.errors.some(({ path: at }) => at === '/a~1b'), faults);
checks.check('a schema that is none fits nothing', !unusable.valid && Object.keys(unusable).join() === 'valid,errors' && /\/type/.test(unusable.errors[0].message), unusable);
checks.check('a remote reference is not fetched', !deep.valid && /cannot be used/.test(deep.errors[0].message), deep);
const schema = file('schema.json', '{"type":"array","items":{"type":"string"}}');
checks.equal('files: valid', leanmcp(['schema', 'validate', schema, file('good.json', '["a"]')]), { code: 0, out: 'valid\n', err: '' });
const bad = leanmcp(['schema', 'validate', schema, file('bad.json', '["a",1]')]);
checks.check('files: not valid', bad.code === 1 && bad.out.startsWith('/1 '), bad);
checks.equal('standard input', leanmcp(['schema', 'validate', schema, '-'], { input: '[]' }).code, 0);
checks.equal('a missing file is wrong usage', leanmcp(['schema', 'validate', schema, path.join(work, 'none')]).code, 2);
checks.equal('no files is wrong usage', leanmcp(['schema', 'validate']).code, 2);

// webhook sign and verify, each against the official package
const body = '{"id":"evt_1","object":"event","text":"ünï \\u2028"}';
const t = 1700000000;
const signed = lines(['webhook', 'sign'], [{ body, secret: 'whsec_a', timestamp: t }, { body: 'x', secret: 'whsec_a' }, { secret: 'whsec_a', timestamp: t }]);
checks.check('our header satisfies the official package', stripe.webhooks.signature.verifyHeader(body, signed[0].header, 'whsec_a', 1e12), signed[0]);
checks.check('now is the default time', Math.abs(Number(/^t=(\d+)/.exec(signed[1].header)[1]) - Date.now() / 1000) < 60, signed[1]);
checks.check('what is missing is named', signed[2].valid === false && signed[2].error.includes('body'), signed[2]);
const header = stripe.webhooks.generateTestHeaderString({ payload: body, secret: 'whsec_a', timestamp: t });
const verdicts = lines(['webhook', 'verify'], [
  { body, header, secrets: ['whsec_a'], now: t, tolerance: 300 },
  { body, header, secrets: ['whsec_b', 'whsec_a'], now: t + 300 },
  { body, header, secrets: ['whsec_b'], now: t },
  { body: `${body} `, header, secrets: ['whsec_a'], now: t },
  { body, header, secrets: ['whsec_a'], now: t + 301 },
  { body, header, secrets: ['whsec_a'], now: t + 301, tolerance: 400 },
  { body, header, secrets: ['whsec_a'], now: t - 301 },
  { body, header: '', secrets: ['whsec_a'], now: t },
  { body, header: `t=${t},v1=${'0'.repeat(64)},${header.split(',')[1]}`, secrets: ['whsec_a'], now: t },
  { body, header: header.replace('v1', 'v0'), secrets: ['whsec_a'], now: t },
  { body, header, secrets: [], now: t },
  { body, header, secrets: 'whsec_a', now: t },
  { body, header, secrets: ['whsec_a'], now: 'today' },
  { body, header, secrets: ['whsec_a'], now: t, tolerance: -1 },
]);
checks.equal('verdicts on the official package\'s header', verdicts.map(({ valid }) => valid),
  [true, true, false, false, false, true, false, false, true, false, false, true, false, false]);
checks.check('each refusal has its word', verdicts.every(({ valid, error }) => valid || error.length > 3), verdicts);
checks.check('no verdict repeats a secret', !JSON.stringify(verdicts).includes('whsec_'), verdicts);
const body_file = file('body.json', body);
const env = { STRIPE_WEBHOOK_SECRET: 'whsec_b,whsec_a' };
checks.equal('a file, the secret from the environment', leanmcp(['webhook', 'verify', body_file, '--header', header, '--now', t], { env }), { code: 0, out: 'valid\n', err: '' });
checks.equal('a secret file that does not fit', leanmcp(['webhook', 'verify', body_file, '--header', header, '--now', t, '--secret-file', file('secret', 'whsec_c\n')], { env }).code, 1);
checks.equal('no secret is wrong usage', leanmcp(['webhook', 'verify', body_file, '--header', header]).code, 2);
const by_file = leanmcp(['webhook', 'sign', '-', '--timestamp', t], { input: body, env: { STRIPE_WEBHOOK_SECRET: 'whsec_a' } });
checks.equal('sign by standard input', by_file.out.trim(), header);

// stripe encode
const [encoded, wrong] = lines(['stripe', 'encode'], [
  { params: { line_items: [{ price: 'price_1', quantity: 1 }], metadata: { 'k e': 'ü!*()\'' }, none: null, empty: [], flag: false, ratio: 0.1 } },
  { params: [] },
]);
checks.equal('a body as Stripe reads it', encoded.body,
  'line_items[0][price]=price_1&line_items[0][quantity]=1&metadata[k%20e]=%C3%BC%21%2A%28%29%27&none=&flag=false&ratio=0.1');
checks.check('only an object has parameters', wrong.valid === false && wrong.error.includes('params'), wrong);
checks.equal('stripe encode of a text', leanmcp(['stripe', 'encode'], { input: '{"a":{"b":1}}' }), { code: 0, out: 'a[b]=1\n', err: '' });
checks.equal('stripe encode of no object', leanmcp(['stripe', 'encode'], { input: '3' }).code, 1);

// jws and jwt: the shapes; what they decide is compared with other libraries elsewhere.
const secret_jwk = { kty: 'oct', k: Buffer.from('0123456789abcdef0123456789abcdef').toString('base64url'), alg: 'HS256' };
const jws = leanmcp(['jws', 'sign', '--jsonl'], { input: `${JSON.stringify({ jwk: secret_jwk, header: { alg: 'HS256' }, payload: '{}' })}\n` });
const token = JSON.parse(jws.out).jws;
const jws_verdicts = lines(['jws', 'verify'], [{ jwk: secret_jwk, jws: token }, { jwk: secret_jwk, jws: `${token}x` }, { jwk: secret_jwk }]);
checks.equal('jws verify: verdicts', jws_verdicts.map(({ valid }) => valid), [true, false, false]);
checks.check('jws verify: valid and error, nothing else', jws_verdicts.every((verdict) => Object.keys(verdict).join() === 'valid,error'), jws_verdicts);
checks.equal('jws verify: no error when valid', jws_verdicts[0].error, '');
const jwt_verdicts = lines(['jwt', 'verify'], [{ jwks: { keys: [] }, issuer: 'i', audience: 'a', algorithms: ['RS256'], now: t, token }, { token }]);
checks.check('jwt verify: valid, error and claims', jwt_verdicts.every((verdict) => Object.keys(verdict).join() === 'valid,error,claims' &&
  verdict.valid === false && verdict.error.length > 3 && verdict.claims === null), jwt_verdicts);

// Help with examples for every command, and wrong usage
const inner = (help) => (help.split('Subcommands:')[1] ?? '').split('\n\n')[0].split('\n').map((line) => /^ {2}([a-z]+) /.exec(line)?.[1]).filter(Boolean);
function look_at_help(words) {
  const help = leanmcp([...words, '--help']);
  const below = inner(help.out);
  checks.check(`leanmcp ${words.join(' ')} --help shows examples`, help.code === 0 && ((below.length > 0 && words.length > 0) || /Examples?:\n {2}/.test(help.out)), help);
  checks.check(`leanmcp ${words.join(' ')} --help has no colour in a pipe`, !help.out.includes('\x1b'));
  for (const name of below) look_at_help([...words, name]);
}
look_at_help([]);
const commands = inner(leanmcp(['--help']).out);
checks.check('all commands are named', ['list', 'call', 'read', 'get', 'ping', 'discover', 'inspect', 'login', 'logout', 'whoami', 'jwt', 'jws', 'schema', 'webhook',
  'stripe', 'completion', 'sandbox'].every((name) => commands.includes(name)), commands);

// Completion, in the shell that it is for
const script = file('completion.bash', leanmcp(['completion', 'bash']).out);
const complete = (...words) => spawnSync('bash', ['-c', `source '${script}'; COMP_WORDS=(leanmcp "$@"); COMP_CWORD=$#; _leanmcp; printf '%s\n' "\${COMPREPLY[@]}"`,
  'bash', ...words]).stdout.toString().trim().split('\n');
checks.equal('completion: commands', complete('lo'), ['login', 'logout']);
checks.equal('completion: commands within commands', complete('webhook', 've'), ['verify']);
checks.check('completion: options', ['--no-browser', '--anew', '--profile'].every((name) => complete('login', '--').includes(name)), complete('login', '--'));
checks.check('completion: options within commands', complete('webhook', 'verify', '--').includes('--tolerance') && !complete('webhook', 'sign', '--').includes('--tolerance'));
checks.check('completion: options behind other words', complete('call', 'https://a.example/mcp', 'greet', '--a').includes('--arg'));
checks.check('completion: for the other shells', leanmcp(['completion', 'zsh']).out.includes('bashcompinit') && leanmcp(['completion', 'fish']).out.includes('-a whoami'));

// Saved sign-ins where there are none
const nobody = { HOME: path.join(work, 'home') };
checks.equal('whoami: nobody', leanmcp(['whoami', '--json'], { env: nobody }), { code: 4, out: '{"sign_ins":[]}\n', err: '' });
checks.equal('logout: nobody', leanmcp(['logout'], { env: nobody }).code, 0);
checks.check('and nothing is made', !fs.existsSync(nobody.HOME));
fs.mkdirSync(path.join(nobody.HOME, '.local/state/leanmcp'), { recursive: true, mode: 0o755 });
const open = leanmcp(['whoami'], { env: nobody });
checks.check('a directory that others may read is refused', open.code === 9 && /0700/.test(open.err), open);
fs.chmodSync(path.join(nobody.HOME, '.local/state/leanmcp'), 0o700);
fs.writeFileSync(path.join(nobody.HOME, '.local/state/leanmcp/tokens'), 'leanmcp tokens 1\nkey file\nAAAA\n', { mode: 0o600 });
for (const args of [['whoami'], ['logout'], ['login', 'http://127.0.0.1:9/mcp']]) {
  const ran = leanmcp(args, { env: nobody });
  checks.check(`${args[0]}: a damaged file is told and stays`, ran.code === 9 && fs.existsSync(path.join(nobody.HOME, '.local/state/leanmcp/tokens')), ran);
}
const no_keyring = leanmcp(['whoami', '--store', 'keyring'], { env: { ...nobody, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent' } });
checks.check('a keyring that is not there is told', no_keyring.code === 9 && /no desktop keyring/.test(no_keyring.err), no_keyring);
for (const args of [[], ['nonsense'], ['schema'], ['webhook', 'verify', '--tolerance', '-1']]) {
  checks.equal(`leanmcp ${args.join(' ')} is wrong usage`, leanmcp(args).code, 2);
}
fs.rmSync(work, { recursive: true, force: true });
checks.finish();
