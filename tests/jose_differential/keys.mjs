// Generated keys of every type and size, and raw signatures for headers that no library would write.
import crypto from 'node:crypto';
import * as jose from 'jose';

const kinds = [
  ...[2048, 3072, 4096].map((modulusLength) => ({ name: `RSA-${modulusLength}`, type: 'rsa', options: { modulusLength },
    algs: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] })),
  { name: 'RSA-2048-e3', type: 'rsa', options: { modulusLength: 2048, publicExponent: 3 }, algs: ['RS256', 'PS256'] },
  ...[['P-256', 'ES256'], ['P-384', 'ES384'], ['P-521', 'ES512']].map(([namedCurve, alg]) => ({ name: namedCurve, type: 'ec', options: { namedCurve }, algs: [alg] })),
  { name: 'Ed25519', type: 'ed25519', options: {}, algs: ['EdDSA', 'Ed25519'] },
];

export function make_keys() {
  const keys = kinds.map(({ name, type, options, algs }) => {
    const pair = crypto.generateKeyPairSync(type, options);
    return { name, algs, private_jwk: pair.privateKey.export({ format: 'jwk' }), public_jwk: pair.publicKey.export({ format: 'jwk' }) };
  });
  for (const bytes of [32, 48, 64, 100]) {
    const jwk = { kty: 'oct', k: crypto.randomBytes(bytes).toString('base64url') };
    keys.push({ name: `oct-${bytes}`, algs: ['HS256', 'HS384', 'HS512'].filter((alg) => Number(alg.slice(2)) <= bytes * 8), private_jwk: jwk, public_jwk: jwk });
  }
  return keys;
}

const digest = (alg) => `sha${alg.slice(2)}`;

// The bytes of a signature over any text, by Node's own OpenSSL.
export function signature(key, alg, text) {
  const data = Buffer.from(text);
  if (alg.startsWith('HS')) return crypto.createHmac(digest(alg), Buffer.from(key.private_jwk.k, 'base64url')).update(data).digest();
  const handle = crypto.createPrivateKey({ key: key.private_jwk, format: 'jwk' });
  if (alg.startsWith('Ed')) return crypto.sign(null, data, handle);
  if (alg.startsWith('ES')) return crypto.sign(digest(alg), data, { key: handle, dsaEncoding: 'ieee-p1363' });
  const padding = alg.startsWith('PS') ? { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST } : {};
  return crypto.sign(digest(alg), data, { key: handle, ...padding });
}

export const b64 = (bytes) => Buffer.from(bytes).toString('base64url');

// Signs under exactly these header bytes.
export function raw_token(key, alg, header, payload) {
  const text = `${b64(header)}.${b64(payload)}`;
  return `${text}.${b64(signature(key, alg, text))}`;
}

// jose's own code, or the name of what WebCrypto throws.
export const code_of = (error) => (typeof error.code === 'string' ? error.code : error.name);

// What jose says of a JWS and a key: {valid, code}.
export async function jose_verifies(jwk, jws, algorithms) {
  try {
    const { alg } = jose.decodeProtectedHeader(jws);
    await jose.compactVerify(jws, await jose.importJWK(jwk, alg), algorithms ? { algorithms } : {});
    return { valid: true };
  } catch (error) {
    return { valid: false, code: code_of(error) };
  }
}
