// `leanmcp jws|jwt … --jsonl` and the jose package must agree, verdict by verdict: what jose signs, what we sign, and what neither
// should take. Where they may differ stands in a list with the reason; a row that nothing uses any more is a failure.
//   run.mjs [cases of each kind] [seed]
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import * as jose from 'jose';
import { bin } from '../support/process.mjs';
import { chooser, claims, header, mutations, now, odd_claims, odd_headers, payload } from './cases.mjs';
import { code_of, jose_verifies, make_keys, raw_token } from './keys.mjs';

const count = Number(process.argv[2] ?? 1200);
const seed = Number(process.argv[3] ?? 20261124);
const choose = chooser(seed);
const keys = make_keys();

// We refuse, jose takes: by our reason.
const stricter = new Map([
  ['header names its own keys', 'jku, x5u, x5c and jwk are never wanted in a token; jose ignores them unless asked'],
  ['header with critical extensions', 'b64 (RFC 7797) is not taken; jose knows it'],
  ['header with a repeated member', 'two readers could see two headers; JSON.parse keeps the last'],
  ['broken header', 'UTF-8, byte order mark, lone surrogates, kid and typ of the wrong type: jose decodes leniently'],
  ['header nested too deep', 'bounded; jose has no limit'],
  ['not canonical base64url', 'one spelling for each signature; jose takes padding, the standard alphabet, blanks and spare bits'],
  ['repeated claim', 'two readers could see two tokens'],
  ['broken claims', 'a list aud holds texts only; claims in strict UTF-8 without a byte order mark'],
  ['claims nested too deep', 'bounded; jose has no limit'],
  ['a date that is none', 'dates lie between 1970 and 9999; jose takes any number, and looks at iat only where an age is limited'],
  ['issued in the future', 'iat may not be ahead; jose looks at it only where an age is limited'],
]);
// We take, jose refuses: by its code.
const looser = new Map([
  ['ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'no kid and several keys that fit: we try each, jose leaves that to its caller'],
  ['SyntaxError', 'WebCrypto imports no public key whose key_ops name sign beside verify (RFC 7517, section 4.3 has no such rule)'],
]);
const used = new Set();

let passed = 0;
let failed = 0;
function count_check(good, message) {
  if (good) {
    ++passed;
  } else if (++failed <= 12) {
    console.log(`FAIL ${message}`);
  }
}
function compare(what, ours, theirs, detail) {
  if (ours?.valid === theirs.valid) return count_check(true);
  const row = theirs.valid ? ours?.error : theirs.code;
  const known = (theirs.valid ? stricter : looser).has(row);
  if (known) used.add(row);
  return count_check(known, `${what}: jose says ${JSON.stringify(theirs)}, we say ${JSON.stringify(ours)}\n  ${JSON.stringify(detail).slice(0, 1500)}`);
}
function ask(args, lines) {
  const ran = spawnSync(path.join(bin, 'leanmcp'), [...args, '--jsonl'], { input: lines.map((line) => JSON.stringify(line)).join('\n') + '\n', maxBuffer: 1 << 28 });
  const answers = ran.stdout.toString().trim().split('\n').map((line) => JSON.parse(line));
  count_check(ran.status === 0 && answers.length === lines.length, `${args.join(' ')} answers each line: ${ran.status} ${answers.length} of ${lines.length} ${ran.stderr}`);
  return answers;
}
const sign = async (key, alg, head, text) => new jose.CompactSign(new TextEncoder().encode(text)).setProtectedHeader(head).sign(await jose.importJWK(key.private_jwk, alg));

// 1. What jose signs, as it is and changed, and under headers written by hand.
async function verifying() {
  const cases = [];
  for (const key of keys) for (const alg of key.algs) for (let i = 0; i < 3; ++i) cases.push({ what: 'signed by jose', key, jws: await sign(key, alg, header(choose, alg), payload(choose)) });
  const whole = [...cases];
  for (const key of keys) for (const alg of key.algs.slice(0, 2)) for (const odd of odd_headers) cases.push({ what: 'odd header', key, jws: raw_token(key, alg, odd(alg), '{}') });
  const kinds = Object.entries(mutations);
  for (let i = 0; i < count * 2; ++i) {
    const [what, change] = kinds[i % kinds.length];
    const from = choose.pick(whole);
    cases.push({ what, key: from.key, jws: change(from.jws, choose) });
  }
  for (let i = 0; i < count / 4; ++i) cases.push({ what: 'the wrong key', key: choose.pick(keys), jws: choose.pick(whole).jws });
  const answers = ask(['jws', 'verify'], cases.map(({ key, jws }) => ({ jwk: key.public_jwk, jws })));
  let valid = 0;
  for (const [i, { what, key, jws }] of cases.entries()) {
    const theirs = await jose_verifies(key.public_jwk, jws);
    valid += Number(theirs.valid);
    compare(`${what}, ${key.name}`, answers[i], theirs, { jwk: key.public_jwk, jws });
  }
  count_check(whole.every((_, i) => answers[i].valid), 'what jose signs is valid');
  return `${cases.length} signatures (${valid} valid for jose)`;
}

// 2. What we sign: jose takes it, and where the algorithm leaves no choice it is the same token.
async function signing() {
  const cases = keys.flatMap((key) => key.algs.flatMap((alg) => Array.from({ length: 8 }, () => ({ jwk: key.private_jwk, header: header(choose, alg), payload: payload(choose), key, alg }))));
  const answers = ask(['jws', 'sign'], cases.map(({ jwk, header: head, payload: text }) => ({ jwk, header: head, payload: text })));
  for (const [i, { key, alg, header: head, payload: text }] of cases.entries()) {
    const { jws } = answers[i];
    const theirs = jws ? await jose_verifies(key.public_jwk, jws) : { valid: false, code: answers[i].error };
    count_check(theirs.valid, `ours with ${alg}, ${key.name}: ${JSON.stringify(theirs)} ${JSON.stringify(head)}`);
    count_check(jws && Buffer.from(jws.split('.')[1], 'base64url').toString() === text, `payload of ${alg}`);
    if (/^(RS|HS|Ed)/.test(alg)) count_check(jws?.split('.')[2] === raw_token(key, alg, Buffer.from(jws.split('.')[0], 'base64url'), text).split('.')[2], `${alg} makes one signature`);
  }
  return `${cases.length} of ours`;
}

// 3. JWTs against sets of keys.
async function tokens() {
  const usable = keys.filter(({ public_jwk }) => public_jwk.kty !== 'oct');
  const cases = [];
  while (cases.length < count) {
    const chosen = Array.from({ length: 1 + choose.below(3) }, () => choose.pick(usable)).filter((key, at, all) => all.indexOf(key) === at);
    const named = choose.chance(0.7);
    const jwks = { keys: chosen.map((key, at) => ({ ...key.public_jwk, ...(named ? { kid: `k${at}` } : {}), ...(choose.chance(0.2) ? { alg: choose.pick(key.algs) } : {}),
      ...(choose.chance(0.2) ? { use: choose.pick(['sig', 'sig', 'enc']) } : {}), ...(choose.chance(0.1) ? { key_ops: choose.pick([['verify'], ['sign'], ['verify', 'sign']]) } : {}) })) };
    const at = choose.below(chosen.length);
    const signer = choose.chance(0.95) ? chosen[at] : choose.pick(keys);
    const alg = choose.pick(signer.algs);
    const kid = named && choose.chance(0.9) ? { kid: choose.chance(0.9) ? `k${at}` : choose.pick(['k0', 'k1', 'nobody']) } : {};
    const text = choose.chance(0.06) ? choose.pick(odd_claims) : JSON.stringify(claims(choose));
    const token = raw_token(signer, alg, JSON.stringify({ alg, ...kid }), text);
    const algorithms = choose.chance(0.85) ? [alg] : [choose.pick(['RS256', 'ES256', 'EdDSA'])];
    const issuer = choose.pick(['https://idp.example', ['https://idp.example'], ['https://other.example', 'https://idp.example']]);
    const audience = choose.pick(['mcp', ['mcp'], ['other', 'mcp']]);
    cases.push({ jwks, issuer, audience, algorithms, now, token });
  }
  const answers = ask(['jwt', 'verify'], cases);
  let valid = 0;
  for (const [i, { jwks, issuer, audience, algorithms, token }] of cases.entries()) {
    let theirs;
    try {
      const { payload: said } = await jose.jwtVerify(token, jose.createLocalJWKSet(jwks), { issuer, audience, algorithms, currentDate: new Date(now * 1000), requiredClaims: ['exp'] });
      theirs = { valid: true, said };
      ++valid;
    } catch (error) {
      theirs = { valid: false, code: code_of(error) };
    }
    compare('a JWT', answers[i], { valid: theirs.valid, code: theirs.code }, cases[i]);
    if (theirs.valid && answers[i].valid) count_check(JSON.stringify(answers[i].claims) === JSON.stringify(theirs.said), `the same claims: ${JSON.stringify([answers[i].claims, theirs.said])}`);
  }
  count_check(valid > count / 10, `enough JWTs are valid: ${valid}`);
  return `${cases.length} JWTs (${valid} valid for jose)`;
}

const said = [await verifying(), await signing(), await tokens()];
for (const row of [...stricter.keys(), ...looser.keys()]) count_check(used.has(row), `the row "${row}" is still needed`);
console.log(`seed ${seed}: ${said.join(', ')}`);
console.log(`jose differential: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed >= 3000 ? 0 : 1);
