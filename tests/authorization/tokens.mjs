// Wrong tokens, each with its answer, over HTTP on both eras, over _meta, on stdio.
import { spawn } from 'node:child_process';
import { createHmac, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
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
  const { importJWK } = await import('jose');
  const own_key = await importJWK(provider.key, 'RS256');
  const signed_text = (text) => new CompactSign(Buffer.from(text)).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', kid: 'one' }).sign(own_key);
  // Signed by the right key under whatever header, which no library would write.
  const raw_key = createPrivateKey({ key: provider.key, format: 'jwk' });
  const under = (header, text = payload) => {
    const signed = `${b64(header)}.${text}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), raw_key).toString('base64url')}`;
  };
  const by_curve = await provider.forge({}, { alg: 'ES256', kid: 'curve' });
  const curve_text = by_curve.slice(0, by_curve.lastIndexOf('.'));
  const der = sign('sha256', Buffer.from(curve_text), { key: createPrivateKey({ key: provider.ec_key, format: 'jwk' }), dsaEncoding: 'der' }).toString('base64url');
  const { kty, n, e } = provider.key;
  const claims = JSON.parse(Buffer.from(payload, 'base64url'));
  return {
    'other audience': await provider.forge({ aud: 'https://other.example/mcp' }),
    'audience with a slash': await provider.forge({ aud: `${JSON.parse(Buffer.from(payload, 'base64url')).aud}/` }),
    'audience missing': await provider.forge({ aud: undefined }),
    'audience an empty list': await provider.forge({ aud: [] }),
    'audience an object': await provider.forge({ aud: {} }),
    'audience of the host only': await provider.forge({ aud: new URL(JSON.parse(Buffer.from(payload, 'base64url')).aud).origin }),
    'audience in capitals': await provider.forge({ aud: claims.aud.toUpperCase() }),
    'audience with a query': await provider.forge({ aud: `${claims.aud}?x=1` }),
    'audience with a port more': await provider.forge({ aud: claims.aud.replace('/mcp', '0/mcp') }),
    'audience in a list in a list': await provider.forge({ aud: [[claims.aud]] }),
    'audience that begins with a blank': await provider.forge({ aud: ` ${claims.aud}` }),
    'issuer in a list': await provider.forge({ iss: [provider.issuer] }),
    'issuer null': await provider.forge({ iss: null }),
    'issuer by https': await provider.forge({ iss: provider.issuer.replace('http:', 'https:') }),
    'issuer by name': await provider.forge({ iss: provider.issuer.replace('127.0.0.1', 'localhost') }),
    'issuer with a blank': await provider.forge({ iss: `${provider.issuer} ` }),
    'issuer with a path': await provider.forge({ iss: `${provider.issuer}/x` }),
    'other issuer': await provider.forge({ iss: 'https://idp.example' }),
    'issuer with a slash': await provider.forge({ iss: `${provider.issuer}/` }),
    'issuer in capitals': await provider.forge({ iss: provider.issuer.toUpperCase() }),
    'issuer missing': await provider.forge({ iss: undefined }),
    'expired': await provider.forge({ exp: now - 3600 }),
    'expiry missing': await provider.forge({ exp: undefined }),
    'expiry a text': await provider.forge({ exp: `${now + 600}` }),
    'expired, just beyond the skew': await provider.forge({ exp: now - 6 }),
    'expiry below zero': await provider.forge({ exp: -1 }),
    'expiry without end': await provider.forge({ exp: 1e300 }),
    'expiry true': await provider.forge({ exp: true }),
    'not yet valid, a text': await under({ alg: 'RS256', typ: 'at+jwt', kid: 'one' }, b64({ ...claims, nbf: `${now - 60}` })),
    'issued, a text': await under({ alg: 'RS256', typ: 'at+jwt', kid: 'one' }, b64({ ...claims, iat: `${now - 60}` })),
    'not yet valid': await provider.forge({ nbf: now + 3600 }),
    'issued in the future': await provider.forge({ iat: now + 3600 }),
    'subject missing': await provider.forge({ sub: undefined, client_id: undefined }),
    'subject empty': await provider.forge({ sub: '', client_id: undefined }),
    'subject a number': await provider.forge({ sub: 7, client_id: undefined }),
    'a logout token': await provider.forge({}, { typ: 'logout+jwt' }),
    'a proof of possession': await provider.forge({}, { typ: 'dpop+jwt' }),
    'an event': await provider.forge({}, { typ: 'secevent+jwt' }),
    'type a number': under({ alg: 'RS256', typ: 7, kid: 'one' }),
    'key id a number': under({ alg: 'RS256', typ: 'at+jwt', kid: 1 }),
    'key id empty': under({ alg: 'RS256', typ: 'at+jwt', kid: '' }),
    'key id a path': under({ alg: 'RS256', typ: 'at+jwt', kid: '../../dev/null' }),
    'certificate by URL': under({ alg: 'RS256', typ: 'at+jwt', kid: 'one', x5u: `${provider.issuer}/x` }),
    'certificate in the header': under({ alg: 'RS256', typ: 'at+jwt', kid: 'one', x5c: ['AAAA'] }),
    'unencoded payload': under({ alg: 'RS256', typ: 'at+jwt', kid: 'one', b64: false, crit: ['b64'] }),
    'algorithm in small letters': under({ alg: 'rs256', typ: 'at+jwt', kid: 'one' }),
    'algorithm that is not there': under({ typ: 'at+jwt', kid: 'one' }),
    'algorithm twice': under('{"alg":"RS256","alg":"RS256","kid":"one"}'),
    'algorithm RS512 over an RS256 signature': under({ alg: 'RS512', typ: 'at+jwt', kid: 'one' }),
    'algorithm PS256 over an RS256 signature': under({ alg: 'PS256', typ: 'at+jwt', kid: 'one' }),
    'algorithm ES256 over an RS256 signature': under({ alg: 'ES256', typ: 'at+jwt', kid: 'curve' }),
    'a genuine RS512': await provider.forge({}, { alg: 'RS512' }, await importJWK({ ...provider.key, alg: 'RS512' }, 'RS512')),
    'a zero signature on the curve': `${curve_text}.${Buffer.alloc(64).toString('base64url')}`,
    'a DER signature on the curve': `${curve_text}.${der}`,
    'half a signature on the curve': `${curve_text}.${Buffer.from(by_curve.split('.')[2], 'base64url').subarray(0, 32).toString('base64url')}`,
    'an RSA signature under the curve\'s key': await provider.forge({}, { kid: 'curve' }, own_key),
    'encrypted (five parts)': `${b64({ alg: 'dir', enc: 'A128GCM' })}..AAAA.AAAA.AAAA`,
    'padded': `${good}=`,
    'a bit of the signature\'s last character': `${good.slice(0, -1)}${good.endsWith('A') ? 'B' : String.fromCharCode(good.charCodeAt(good.length - 1) ^ 1)}`,
    'claims nested too deep': await signed_text(JSON.stringify({ ...claims, deep: JSON.parse('['.repeat(40) + ']'.repeat(40)) })),
    'claims with a byte order mark': await signed_text(`\ufeff${JSON.stringify(claims)}`),
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
  for (const [what, token] of Object.entries(rows)) {
    const answer = await over_stdio(environment, token);
    checks.check(`${what}, stdio: isError INVALID_TOKEN`, answer.result?.isError && JSON.parse(answer.result.content[0].text).code === 'INVALID_TOKEN', answer);
  }
  checks.check(`${Object.keys(rows).length} wrong tokens on each of five wires`, Object.keys(rows).length >= 60);
  checks.equal('a good one by the other key', (await modern(url, 'tools/call', call, { headers: { authorization: `Bearer ${await provider.forge({}, { alg: 'ES256', kid: 'curve' })}` } })).said, 'Hello');
  const fine = await over_stdio(environment, await provider.forge());
  checks.equal('a good token on stdio', fine.result?.content?.[0]?.text, 'Hello');
  const none = await over_stdio(environment, '');
  checks.check('no token on stdio', none.result?.isError && JSON.parse(none.result.content[0].text).code === 'MISSING_TOKEN', none);
}
