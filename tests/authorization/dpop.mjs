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
