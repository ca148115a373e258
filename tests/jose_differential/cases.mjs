// Seeded choices, headers, payloads and the ways in which a token can be changed.
import { b64, raw_token } from './keys.mjs';

export function chooser(seed) {
  let state = seed >>> 0;
  const below = (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
  return { below, pick: (list) => list[below(list.length)], chance: (p) => below(1000) < p * 1000 };
}

const members = [
  ['typ', ['JWT', 'at+jwt', 'application/at+jwt', 'dpop+jwt', 'é']], ['cty', ['JWT', 'json']], ['kid', ['a', 'key 1', '✓', 'x'.repeat(300)]],
  ['x5t', ['abc']], ['x5t#S256', ['abc']], ['nonce', ['n']], ['iss', ['someone']], ['number', [1, -2.5, 1e20]], ['list', [[], [1, [2]], [{ a: 1 }]]],
  ['object', [{}, { a: { b: 'c:d' } }]], ['null', [null]], ['true', [true]], ['__proto', [{ a: 1 }]], ['zwei:"x"', ['":{']],
];
export function header(choose, alg) {
  const out = { alg };
  for (let i = choose.below(4); i > 0; --i) {
    const [name, values] = choose.pick(members);
    out[name] = choose.pick(values);
  }
  return out;
}

export function payload(choose) {
  return choose.pick(['', '{}', 'text', '{"sub":"ada"}', 'Grüße \u{1f600}', 'a.b.c', '\u0000\u0001', 'x'.repeat(5000), '[1,2,3]', ' ']);
}

// Headers that are written by hand: what is signed is sound, what it says is not (or is unusual).
export const odd_headers = [
  (alg) => `{"alg":"${alg}","alg":"${alg}"}`,
  (alg) => `{"alg":"none","alg":"${alg}"}`,
  (alg) => `{"a\\u006cg":"none","alg":"${alg}"}`,
  (alg) => `{"alg":"${alg}","x":{"a":1,"a":2}}`,
  (alg) => ` {"alg" :\t"${alg}"\r\n} `,
  (alg) => `\ufeff{"alg":"${alg}"}`,
  (alg) => Buffer.concat([Buffer.from(`{"alg":"${alg}","x":"`), Buffer.from([0xff]), Buffer.from('"}')]),
  (alg) => `{"alg":"${alg}","x":"\\ud800"}`,
  (alg) => `{"alg":"${alg}","x":1,}`,
  (alg) => `{"alg":"${alg}"`,
  (alg) => `[{"alg":"${alg}"}]`,
  (alg) => `"${alg}"`,
  () => '{}', () => '', () => 'null', () => '{"alg":null}', () => '{"alg":["none"]}', () => '{"alg":"none"}', () => '{"alg":"NONE"}', () => '{"alg":""}',
  (alg) => `{"alg":"${alg.toLowerCase()}"}`,
  (alg) => `{"alg":"${alg} "}`,
  (alg) => `{"alg":"${alg}","crit":[]}`,
  (alg) => `{"alg":"${alg}","crit":["exp"],"exp":1}`,
  (alg) => `{"alg":"${alg}","crit":["b64"],"b64":true}`,
  (alg) => `{"alg":"${alg}","crit":["b64"],"b64":false}`,
  (alg) => `{"alg":"${alg}","crit":"exp","exp":1}`,
  (alg) => `{"alg":"${alg}","b64":true}`,
  (alg) => `{"alg":"${alg}","jku":"https://evil.example/keys"}`,
  (alg) => `{"alg":"${alg}","x5u":"https://evil.example/cert"}`,
  (alg) => `{"alg":"${alg}","x5c":["AAAA"]}`,
  (alg) => `{"alg":"${alg}","jwk":{"kty":"oct","k":"AAAA"}}`,
  (alg) => `{"alg":"${alg}","kid":7}`,
  (alg) => `{"alg":"${alg}","kid":""}`,
  (alg) => `{"alg":"${alg}","typ":null}`,
  (alg) => `{"alg":"${alg}","x":${'['.repeat(20)}${']'.repeat(20)}}`,
  (alg) => `{"alg":"${alg}","enc":"A128GCM"}`,
  (alg) => `{"alg":"${alg}","x":1e999}`,
  (alg) => `{"alg":"${alg}","x":-0.0,"y":01}`,
];

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const with_part = (token, i, change) => token.split('.').map((part, at) => (at === i ? change(part) : part)).join('.');
const flip_byte = (choose) => (part) => {
  const bytes = Buffer.from(part, 'base64url');
  if (bytes.length === 0) return 'A';
  bytes[choose.below(bytes.length)] ^= 1 << choose.below(8);
  return b64(bytes);
};
export const mutations = {
  'a bit of the text': (token, choose) => {
    const bytes = Buffer.from(token);
    bytes[choose.below(bytes.length)] ^= 1 << choose.below(7);
    return bytes.toString('latin1');
  },
  'a bit of the header': (token, choose) => with_part(token, 0, flip_byte(choose)),
  'a bit of the payload': (token, choose) => with_part(token, 1, flip_byte(choose)),
  'a bit of the signature': (token, choose) => with_part(token, 2, flip_byte(choose)),
  'a character more': (token, choose) => { const at = choose.below(token.length + 1); return token.slice(0, at) + choose.pick([...alphabet, '.', '=', ' ', '\n', '+', '/', '\u0000', 'é']) + token.slice(at); },
  'a character less': (token, choose) => { const at = choose.below(token.length); return token.slice(0, at) + token.slice(at + 1); },
  'cut off': (token, choose) => token.slice(0, choose.below(token.length)),
  'no signature': (token) => with_part(token, 2, () => ''),
  'a zero signature': (token) => with_part(token, 2, (part) => b64(Buffer.alloc(Buffer.from(part, 'base64url').length))),
  'half a signature': (token) => with_part(token, 2, (part) => b64(Buffer.from(part, 'base64url').subarray(0, 32))),
  'a longer signature': (token) => with_part(token, 2, (part) => b64(Buffer.concat([Buffer.from(part, 'base64url'), Buffer.alloc(1)]))),
  padding: (token) => `${token}=`,
  'padded parts': (token) => token.split('.').map((part) => part + '='.repeat((4 - (part.length % 4)) % 4)).join('.'),
  'standard base64': (token) => token.replaceAll('-', '+').replaceAll('_', '/'),
  'spare bits': (token) => token.slice(0, -1) + alphabet[(alphabet.indexOf(token.at(-1)) + 1) % 64],
  'parts swapped': (token) => { const [a, b, c] = token.split('.'); return `${b}.${a}.${c}`; },
  'four parts': (token) => `${token}.`,
  'five parts': (token) => `${token}.x.y`,
  'two parts': (token) => token.split('.').slice(0, 2).join('.'),
  'a blank before': (token) => ` ${token}`,
  'a line end': (token) => `${token}\n`,
  nothing: () => '',
};

// The claim sets of a JWT: values for each claim, most of them good.
const now = 1_800_000_000;
const claim_values = {
  iss: ['https://idp.example', 'https://idp.example', 'https://idp.example', 'https://idp.example/', 'HTTPS://idp.example', '', 7, null, ['https://idp.example'], undefined],
  aud: ['mcp', 'mcp', ['mcp'], ['a', 'mcp'], 'MCP', ['a'], [], '', 7, null, {}, ['mcp', 7], undefined],
  exp: [now + 60, now + 60, now + 60, now + 60, now + 1, now, now - 1, now + 0.5, now - 0.5, 0, -5, 1e300, 253402300800, String(now + 60), null, true, undefined],
  nbf: [undefined, undefined, undefined, now - 60, now, now + 1, now + 0.5, -1, String(now), null],
  iat: [undefined, undefined, undefined, now - 60, now, now + 1, -1, 1e300, String(now), null],
};
export function claims(choose) {
  const out = { sub: 'ada' };
  // At most two claims are unusual, or next to nothing would be valid.
  const odd = [choose.pick(Object.keys(claim_values)), choose.chance(0.3) ? choose.pick(Object.keys(claim_values)) : ''];
  for (const [name, values] of Object.entries(claim_values)) {
    const value = odd.includes(name) ? choose.pick(values) : values[0];
    if (value !== undefined) out[name] = value;
  }
  return out;
}
export const odd_claims = [
  '[]', 'null', '', '7', '"text"', '{', `{"iss":"https://idp.example","aud":"mcp","exp":${now + 60},"exp":${now + 61}}`,
  `{"iss":"https://evil.example","iss":"https://idp.example","aud":"mcp","exp":${now + 60}}`, `\ufeff{"iss":"https://idp.example","aud":"mcp","exp":${now + 60}}`,
  `{"iss":"https://idp.example","aud":"mcp","exp":${now + 60},"x":${'['.repeat(40)}${']'.repeat(40)}}`,
];
export { now, raw_token };
