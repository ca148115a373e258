// Keys of a provider's double, tokens signed with them by jose, and forged ones put together by hand.
import { createHmac, createPublicKey, randomBytes, sign } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const text = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

export async function make_key(alg, kid = randomBytes(6).toString('hex'), members = {}) {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, use: 'sig', alg, ...members };
  return { alg, kid, jwk, publicKey, privateKey };
}

function raw_signature(key, data) {
  if (key.alg.startsWith('ES')) return sign('sha256', data, { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return sign('sha256', data, key.privateKey);
}

// how: how the token is made; see table.mjs.
export async function make_token({ key, stranger, header = {}, claims, how = 'good', secret }) {
  const full = { alg: key.alg, kid: key.kid, ...header };
  for (const name of Object.keys(full)) if (full[name] === null) delete full[name];
  if (how === 'good') return new SignJWT(claims).setProtectedHeader(full).sign(key.privateKey);
  if (how === 'unsigned') return `${text({ ...full, alg: 'none' })}.${text(claims)}.`;
  if (how === 'unsigned_odd_case') return `${text({ ...full, alg: 'nOnE' })}.${text(claims)}.`;
  if (how === 'hs_with_public_key') {
    const pem = createPublicKey({ key: key.jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const head = `${text({ ...full, alg: 'HS256' })}.${text(claims)}`;
    return `${head}.${createHmac('sha256', pem).update(head).digest('base64url')}`;
  }
  if (how === 'hs_with_secret') {
    const head = `${text({ ...full, alg: 'HS256' })}.${text(claims)}`;
    return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
  }
  if (how === 'repeated_claim') {
    const twice = `${JSON.stringify(claims).slice(0, -1)},"sub":"admin"}`;
    const head = `${text(full)}.${text(twice)}`;
    return `${head}.${raw_signature(key, head).toString('base64url')}`;
  }
  const signer = how === 'stranger' || how === 'unknown_key' ? stranger : key;
  const kid = how === 'unknown_key' ? 'nobody' : full.kid;
  const head = `${text({ ...full, kid })}.${text(claims)}`;
  const signature = raw_signature(signer, head);
  if (how === 'flipped') signature[9] ^= 1;
  let end = signature.toString('base64url');
  if (how === 'cut') end = end.slice(0, -8);
  if (how === 'padded') end += '==';
  return `${head}.${end}`;
}
