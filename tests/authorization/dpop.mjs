// Tokens bound to a key (RFC 9449): the right proof, and every wrong one.
import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { modern, open_session } from './wire.mjs';

const hash = (token) => createHash('sha256').update(token).digest('base64url');

export async function bound_tokens(checks, { url, provider }) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const other = await generateKeyPair('ES256', { extractable: true });
  const token = await provider.forge({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
  const now = Math.floor(Date.now() / 1000);
  const proof = (changes = {}, header = {}, key = privateKey) => {
    const payload = { htm: 'POST', htu: url, iat: now, jti: randomUUID(), ath: hash(token), ...changes };
    for (const name of Object.keys(payload)) if (payload[name] === undefined) delete payload[name];
    return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }).sign(key);
  };
  const read = { name: 'readNote', arguments: { id: 'welcome' } };
  const call = (headers) => modern(url, 'tools/call', read, { headers });
  const good = await proof();
  const first = await call({ authorization: `DPoP ${token}`, dpop: good });
  checks.equal('a good proof', first.said, 'Hello');
  const refused = async (what, headers) => {
    const answer = await call(headers);
    checks.check(`${what}: 401`, answer.status === 401 && answer.word === 'INVALID_TOKEN', { status: answer.status, text: answer.text });
    return answer;
  };
  const again = await refused('the same proof again', { authorization: `DPoP ${token}`, dpop: good });
  const challenges = again.headers['www-authenticate'];
  checks.check('both schemes are challenged, the error with the one used', /Bearer resource_metadata=/.test(challenges)
    && /DPoP error="invalid_token"/.test(challenges) && /algs="ES256/.test(challenges), challenges);
  await refused('as Bearer', { authorization: `Bearer ${token}` });
  await refused('as Bearer with a proof', { authorization: `Bearer ${token}`, dpop: await proof() });
  await refused('without a proof', { authorization: `DPoP ${token}` });
  await refused('two proofs', { authorization: `DPoP ${token}`, dpop: [await proof(), await proof()] });
  const wrong = {
    'other method': await proof({ htm: 'GET' }), 'other URL': await proof({ htu: 'https://other.example/mcp' }), 'other path': await proof({ htu: `${url}/x` }),
    'no token hash': await proof({ ath: undefined }), 'hash of another token': await proof({ ath: hash('x') }), 'no id': await proof({ jti: undefined }),
    'too old': await proof({ iat: now - 3600 }), 'from the future': await proof({ iat: now + 3600 }), 'no time': await proof({ iat: undefined }),
    'another key': await proof({}, { jwk: await exportJWK(other.publicKey) }, other.privateKey), 'signed by another': await proof({}, {}, other.privateKey),
    'a private key': await proof({}, { jwk: await exportJWK(privateKey) }), 'another type': await proof({}, { typ: 'JWT' }), 'no proof at all': 'x.y.z',
  };
  for (const [what, dpop] of Object.entries(wrong)) await refused(what, { authorization: `DPoP ${token}`, dpop });
  await refused('an unbound token as DPoP', { authorization: `DPoP ${await provider.forge()}`, dpop: await proof() });
  const query = await call({ authorization: `DPoP ${token}`, dpop: await proof({ htu: `${url}?a=b` }) });
  checks.equal('a query does not count', query.said, 'Hello');
  const session = await open_session(url);
  const in_session = async (dpop) => session.request('tools/call', read, { headers: { authorization: `DPoP ${token}`, dpop } });
  const used = await proof();
  checks.equal('in a session', (await in_session(used)).said, 'Hello');
  checks.equal('in the session it now owns', (await in_session(await proof())).said, 'Hello');
  checks.equal('a used proof in a session', (await in_session(used)).status, 401);
  checks.equal('its list needs a proof too', (await session.request('tools/list', {}, { headers: { authorization: `Bearer ${token}` } })).status, 401);
  const plain = await call({ authorization: `Bearer ${await provider.forge()}` });
  checks.equal('unbound tokens still work', plain.said, 'Hello');
}

// A server that asks for nonces of its own (RFC 9449, section 9): the challenge, the retry, old and made-up ones.
export async function nonces(checks, { url, provider }) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const token = await provider.forge({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
  const proof = (nonce, changes = {}) => new SignJWT({ htm: 'POST', htu: url, iat: Math.floor(Date.now() / 1000), jti: randomUUID(), ath: hash(token),
    ...(nonce === undefined ? {} : { nonce }), ...changes }).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk }).sign(privateKey);
  const call = (dpop) => modern(url, 'tools/call', { name: 'whoami', arguments: {} }, { headers: { authorization: `DPoP ${token}`, dpop } });
  const asks = (answer) => [answer.status, answer.word, /DPoP error="use_dpop_nonce"/.test(answer.headers['www-authenticate'] ?? ''), typeof answer.headers['dpop-nonce']];
  const unasked = await proof();
  const first = await call(unasked);
  checks.equal('without a nonce: asked for one', asks(first), [401, 'INVALID_TOKEN', true, 'string']);
  const nonce = first.headers['dpop-nonce'];
  checks.check('nonces cannot be guessed', nonce.length >= 20, nonce);
  const answer = await proof(nonce);
  checks.equal('the retry with it', (await call(answer)).said, 'oidc:ada');
  const again = await call(answer);
  checks.equal('the same proof once more: refused, with no new question', [again.status, /use_dpop_nonce/.test(again.headers['www-authenticate'])], [401, false]);
  checks.equal('a new proof with the same nonce', (await call(await proof(nonce))).said, 'oidc:ada');
  for (const [what, bad] of [['made up', 'x'.repeat(nonce.length)], ['empty', ''], ['a number', 7], ['altered', `${nonce}x`], ['shortened', nonce.slice(0, -1)]]) {
    const refused = await call(await proof(bad));
    checks.check(`a nonce that is ${what}: refused`, refused.status === 401 && refused.word === 'INVALID_TOKEN', { status: refused.status, text: refused.text });
  }
  checks.equal('a made-up nonce: asked for a good one', asks(await call(await proof('x'.repeat(nonce.length)))), [401, 'INVALID_TOKEN', true, 'string']);
  checks.equal('a good nonce does not make an old proof good', (await call(await proof(nonce, { iat: Math.floor(Date.now() / 1000) - 3600 }))).status, 401);
  const raced = await proof(nonce);
  const together = await Promise.all(Array.from({ length: 20 }, () => call(raced)));
  checks.equal('one proof twenty times at once: taken once', together.filter((one) => one.status === 200).length, 1);
  const nothing = await modern(url, 'tools/call', { name: 'whoami', arguments: {} });
  checks.check('nothing sent: both schemes are named, and a nonce is there', /DPoP resource_metadata=.*algs="/.test(nothing.headers['www-authenticate']) && nothing.headers['dpop-nonce'], nothing.headers);
  const document = await (await fetch(`${new URL(url).origin}/.well-known/oauth-protected-resource/mcp`)).json();
  checks.equal('the metadata say so', [document.dpop_signing_alg_values_supported.includes('ES256'), document.dpop_bound_access_tokens_required], [true, false]);
}
