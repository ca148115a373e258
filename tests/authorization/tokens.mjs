// Wrong tokens, each with its answer, over HTTP on both eras, over _meta, on stdio.
import { spawn } from 'node:child_process';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import path from 'node:path';
import readline from 'node:readline';
import { CompactSign } from 'jose';
import { bin } from '../support/process.mjs';
import { modern } from './wire.mjs';

const b64 = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

async function table(provider) {
  const now = Math.floor(Date.now() / 1000);
  const good = await provider.forge();
  const [head, payload, signature] = good.split('.');
  const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
  const hmac = (secret) => {
    const text = `${b64({ alg: 'HS256', typ: 'at+jwt', kid: 'one' })}.${payload}`;
    return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
  };
  const own_key = await import('jose').then(({ importJWK }) => importJWK(provider.key, 'RS256'));
  const signed_text = (text) => new CompactSign(Buffer.from(text)).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'one' }).sign(own_key);
  const { kty, n, e } = provider.key;
  return {
    'other audience': await provider.forge({ aud: 'https://other.example/mcp' }),
    'audience with a slash': await provider.forge({ aud: `${JSON.parse(Buffer.from(payload, 'base64url')).aud}/` }),
    'audience missing': await provider.forge({ aud: undefined }),
    'audience an empty list': await provider.forge({ aud: [] }),
    'audience an object': await provider.forge({ aud: {} }),
    'audience of the host only': await provider.forge({ aud: new URL(JSON.parse(Buffer.from(payload, 'base64url')).aud).origin }),
    'other issuer': await provider.forge({ iss: 'https://idp.example' }),
    'issuer with a slash': await provider.forge({ iss: `${provider.issuer}/` }),
    'issuer in capitals': await provider.forge({ iss: provider.issuer.toUpperCase() }),
    'issuer missing': await provider.forge({ iss: undefined }),
    'expired': await provider.forge({ exp: now - 3600 }),
    'expiry missing': await provider.forge({ exp: undefined }),
    'expiry a text': await provider.forge({ exp: `${now + 600}` }),
    'not yet valid': await provider.forge({ nbf: now + 3600 }),
    'issued in the future': await provider.forge({ iat: now + 3600 }),
    'subject missing': await provider.forge({ sub: undefined, client_id: undefined }),
    'subject empty': await provider.forge({ sub: '', client_id: undefined }),
    'subject a number': await provider.forge({ sub: 7, client_id: undefined }),
    'unknown key': await provider.forge({}, { kid: 'two' }),
    'signed by a stranger': await provider.forge({}, {}, stranger.privateKey),
    'signed by a stranger who brings the key': await provider.forge({}, { jwk: stranger.publicKey.export({ format: 'jwk' }) }, stranger.privateKey),
    'key by URL': await provider.forge({}, { jku: `${provider.issuer}/jwks` }),
    'critical extension': `${b64({ alg: 'RS256', typ: 'at+jwt', kid: 'one', crit: ['x'], x: 1 })}.${payload}.${signature}`,
    'ES256 under an RSA kid': await provider.forge({}, { alg: 'ES256' }, ec.privateKey),
    'alg none': `${b64({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
    'alg None': `${b64({ alg: 'None', typ: 'at+jwt' })}.${payload}.${signature}`,
    'HS256 with a public key': hmac(pem),
    'HS256 with the modulus': hmac(n),
    'HS256 with the JWK': hmac(JSON.stringify({ kty, n, e })),
    'signature cut off': `${head}.${payload}.`,
    'signature shortened': `${head}.${payload}.${signature.slice(0, -8)}`,
    'signature of another': `${head}.${payload}.${(await provider.forge({ sub: 'bob' })).split('.')[2]}`,
    'payload of another': `${head}.${b64({ iss: provider.issuer, sub: 'bob' })}.${signature}`,
    'two parts': `${head}.${payload}`,
    'four parts': `${good}.x`,
    'an ID token\'s audience': await provider.forge({ aud: 'notes-client' }, { typ: 'JWT' }),
    'claims a list': await signed_text('[1]'),
    'claims no JSON': await signed_text('{'),
    'a claim twice': await signed_text(`{"iss":"${provider.issuer}","iss":"x","aud":"a","sub":"ada","exp":${now + 600}}`),
    'an opaque word': 'opaque',
    'bound to a key, as Bearer': await provider.forge({ cnf: { jkt: 'AAAA' } }),
    'bound to a certificate': await provider.forge({ cnf: { 'x5t#S256': 'AAAA' } }),
    'bound to nothing we know': await provider.forge({ cnf: 'x' }),
  };
}

// One stdio server for one token in its environment; the answer to one call.
function over_stdio(environment, token) {
  return new Promise((resolve) => {
    const child = spawn(path.join(bin, 'scoped-tools'), ['--stdio'], { env: { ...environment, ACCESS_TOKEN: token }, stdio: ['pipe', 'pipe', 'ignore'] });
    readline.createInterface({ input: child.stdout }).once('line', (line) => { child.stdin.end(); resolve(JSON.parse(line)); });
    child.on('exit', () => resolve({}));
    const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {} };
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'readNote', arguments: { id: 'welcome' }, _meta: meta } })}\n`);
  });
}

const call = { name: 'readNote', arguments: { id: 'welcome' } };

export async function wrong_tokens(checks, { url, provider, environment, session }) {
  const rows = await table(provider);
  for (const [what, token] of Object.entries(rows)) {
    const header = { headers: { authorization: `Bearer ${token}` } };
    for (const [era, answer] of [['2026', await modern(url, 'tools/call', call, header)], ['2025', await session.request('tools/call', call, header)]]) {
      checks.check(`${what}, header, ${era}: 401 invalid_token`, answer.status === 401 && answer.word === 'INVALID_TOKEN' && answer.body.error?.code === 401
        && /error="invalid_token"/.test(answer.headers['www-authenticate']), { status: answer.status, text: answer.text });
    }
    const authorization = { type: 'bearer', token };
    for (const [era, answer] of [['2026', await modern(url, 'tools/call', call, { meta: { authorization } })], ['2025', await session.request('tools/call', call, { meta: { authorization } })]]) {
      checks.check(`${what}, _meta, ${era}: isError INVALID_TOKEN`, answer.status === 200 && answer.body.result?.isError === true
        && answer.word === 'INVALID_TOKEN' && JSON.parse(answer.said).code === 'INVALID_TOKEN', { status: answer.status, text: answer.text });
    }
  }
  const some = Object.entries(rows).filter((_, i) => i % 8 === 0);
  for (const [what, token] of some) {
    const answer = await over_stdio(environment, token);
    checks.check(`${what}, stdio: isError INVALID_TOKEN`, answer.result?.isError && JSON.parse(answer.result.content[0].text).code === 'INVALID_TOKEN', answer);
  }
  const fine = await over_stdio(environment, await provider.forge());
  checks.equal('a good token on stdio', fine.result?.content?.[0]?.text, 'Hello');
  const none = await over_stdio(environment, '');
  checks.check('no token on stdio', none.result?.isError && JSON.parse(none.result.content[0].text).code === 'MISSING_TOKEN', none);
}
