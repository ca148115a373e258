// 30 to 46: the token endpoint.
import * as jose from 'jose';
import { callback, random, s256 } from './world.mjs';

const error_of = (answer) => answer.json?.error;
const seconds = () => Math.floor(Date.now() / 1000);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function code_of(world, changes = {}) {
  const asked = world.request(changes);
  const { back } = await world.sign_in(asked);
  return { asked, code: back.params.get('code') };
}

export async function codes(attack, world) {
  const thirty = attack(30, 'RFC 6749 4.1.3');
  const one = await code_of(world);
  const by_other = await world.redeem(one.asked, one.code, { client_id: 'second' });
  thirty('a code by another client: invalid_grant', by_other.status === 400 && error_of(by_other) === 'invalid_grant', by_other.text);
  const by_owner = await world.redeem(one.asked, one.code);
  thirty('its owner still succeeds', by_owner.status === 200, by_owner.text);

  const thirty_one = attack(31, 'RFC 7636 4.6');
  const two = await code_of(world);
  for (const [what, code_verifier, error] of [['wrong', random(), 'invalid_grant'], ['missing', undefined, 'invalid_request'], ['of 42 characters', 'x'.repeat(42), undefined],
    ['the challenge itself', two.asked.code_challenge, 'invalid_grant'], ['of 129 characters', 'x'.repeat(129), undefined]]) {
    const answer = await world.redeem(two.asked, two.code, { code_verifier });
    thirty_one(`a verifier that is ${what}: refused`, answer.status === 400 && (error ? [error, 'invalid_grant'].includes(error_of(answer)) : ['invalid_grant', 'invalid_request'].includes(error_of(answer))), answer.text);
  }
  const capped = await code_of(world);
  for (let i = 0; i < 5; i += 1) await world.redeem(capped.asked, capped.code, { code_verifier: random() });
  thirty_one('after five wrong ones the right one is too late', error_of(await world.redeem(capped.asked, capped.code)) === 'invalid_grant');

  const thirty_two = attack(32, 'RFC 6749 4.1.2');
  const { asked, code } = await code_of(world);
  const tokens = (await world.redeem(asked, code)).json;
  thirty_two('before the replay the tokens live', (await world.introspect(tokens.access_token)).active === true);
  const replay = await world.redeem(asked, code);
  thirty_two('a code again: invalid_grant', error_of(replay) === 'invalid_grant', replay.text);
  thirty_two('its access token is dead', (await world.introspect(tokens.access_token)).active === false);
  thirty_two('its refresh token is dead', error_of(await world.refresh(tokens.refresh_token)) === 'invalid_grant');

  const thirty_three = attack(33, 'RFC 6749 4.1.2');
  for (let round = 0; round < 5; round += 1) {
    const raced = await code_of(world);
    const answers = await Promise.all(Array.from({ length: 4 }, () => world.redeem(raced.asked, raced.code)));
    thirty_three('parallel redemptions: one answer with tokens', answers.filter(({ status }) => status === 200).length === 1 &&
      answers.every((answer) => answer.status === 200 || error_of(answer) === 'invalid_grant'), answers.map(({ status }) => status));
  }

  const thirty_four = attack(34, 'RFC 6749 4.1.3');
  const four = await code_of(world);
  for (const redirect_uri of ['http://127.0.0.1:10/callback', 'https://evil.example/', `${callback}/`, 'http://localhost:3000/cb'])
    thirty_four(`redirect_uri ${redirect_uri}: invalid_grant`, error_of(await world.redeem(four.asked, four.code, { redirect_uri })) === 'invalid_grant');
  const absent = await world.redeem(four.asked, four.code, { redirect_uri: undefined });
  thirty_four('OAuth 2.1 lets it out', absent.status === 200, absent.text);
  const junk = await world.redeem(four.asked, random());
  thirty_four('a code that is none: invalid_grant', error_of(junk) === 'invalid_grant', junk.text);
  const elsewhere = await code_of(world);
  const target = await world.redeem(elsewhere.asked, elsewhere.code, { resource: world.other_resource });
  thirty_four('a code for one server, a token for another: invalid_target', error_of(target) === 'invalid_target', target.text);
}

// What is tried again once time has passed: 35 and 38.
export async function begin_late_attacks(attack, world) {
  const thirty_eight = attack(38, 'RFC 9700 4.14');
  const late = await code_of(world);
  const first = await world.tokens();
  const second = await world.refresh(first.refresh_token);
  const same = await world.refresh(first.refresh_token);
  thirty_eight('again at once: the same successor', second.status === 200 && same.status === 200 && same.json.refresh_token === second.json.refresh_token, same.text);
  thirty_eight('and it works', (await world.refresh(second.json.refresh_token)).status === 200);
  const replayed = await world.tokens();
  const successor = (await world.refresh(replayed.refresh_token)).json;
  const begun = Date.now();
  return async () => {
    await sleep(Math.max(0, begun + 11_000 - Date.now()));
    const reuse = await world.refresh(replayed.refresh_token);
    thirty_eight('after the grace: invalid_grant', error_of(reuse) === 'invalid_grant', reuse.text);
    thirty_eight('the whole family is dead: refresh', error_of(await world.refresh(successor.refresh_token)) === 'invalid_grant');
    thirty_eight('the whole family is dead: access', (await world.introspect(successor.access_token)).active === false);
    await sleep(Math.max(0, begun + 61_000 - Date.now()));
    const over = await world.redeem(late.asked, late.code);
    attack(35, 'RFC 6749 4.1.2')('a code past its minute: invalid_grant', error_of(over) === 'invalid_grant', over.text);
  };
}

export async function refresh_tokens(attack, world) {
  const thirty_nine = attack(39, 'RFC 6749 6');
  const tokens = await world.tokens();
  const tries = [[{ client_id: 'second' }, 'invalid_grant'], [{ scope: 'read write' }, 'invalid_scope'], [{ scope: 'admin' }, 'invalid_scope'],
    [{ resource: world.other_resource }, 'invalid_target'], [{ resource: 'https://evil.example' }, 'invalid_target']];
  for (const [changes, error] of tries) {
    const answer = await world.refresh(tokens.refresh_token, changes);
    thirty_nine(`${JSON.stringify(changes)}: ${error}`, answer.status === 400 && error_of(answer) === error, answer.text);
  }
  const fine = await world.refresh(tokens.refresh_token);
  thirty_nine('none of that used it up', fine.status === 200, fine.text);
  thirty_nine('an access token is no refresh token', error_of(await world.refresh(tokens.access_token)) === 'invalid_grant');
}

export async function client_authentication(attack, world, { signer_key }) {
  const ask = (form, headers) => world.token({ grant_type: 'client_credentials', ...form }, { 'x-test-address': random(6), ...headers });
  const secret = world.client_secret;

  const thirty_six = attack(36, 'RFC 6749 2.3.1');
  const { access_token } = (await ask({}, world.basic('machine', secret))).json;
  for (const client_id of [`mcp_${access_token}`, access_token]) {
    const answer = await ask({ client_id });
    thirty_six('a token as client id: invalid_client', answer.status === 401 && error_of(answer) === 'invalid_client', answer.text);
  }

  const forty = attack(40, 'RFC 6749 2.3');
  forty('Basic and a secret in the body: invalid_request', error_of(await ask({ client_secret: secret }, world.basic('machine', secret))) === 'invalid_request');
  forty('Basic and another client in the body: invalid_request', error_of(await ask({ client_id: 'poster' }, world.basic('machine', secret))) === 'invalid_request');
  forty('in the body, registered for Basic: invalid_client', error_of(await ask({ client_id: 'machine', client_secret: secret })) === 'invalid_client');
  const wrong_way = await ask({}, world.basic('poster', secret));
  forty('Basic, registered for the body: 401 with a challenge', wrong_way.status === 401 && error_of(wrong_way) === 'invalid_client' && /^Basic/.test(wrong_way.headers.get('www-authenticate')), wrong_way.text);
  forty('no secret: invalid_client', error_of(await ask({ client_id: 'machine' })) === 'invalid_client');
  forty('a wrong one: invalid_client', error_of(await ask({}, world.basic('machine', `${secret}x`))) === 'invalid_client');
  forty('a secret with : and % in form encoding is right', (await ask({}, world.basic('machine', secret))).status === 200);
  const raw = await ask({}, { authorization: `Basic ${Buffer.from(`machine:${secret}`).toString('base64')}` });
  forty('and without it is not', error_of(raw) === 'invalid_client', raw.text);
  const guesses = [];
  for (let i = 0; i < 14; i += 1) guesses.push((await ask({}, { ...world.basic('machine', `guess-${i}`), 'x-test-address': '192.0.2.77' })).status);
  forty('guessing ends with 429', guesses.slice(0, 10).every((status) => status === 401) && guesses.at(-1) === 429, guesses);

  const forty_one = attack(41, 'RFC 7523bis 4');
  const assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
  const claims = () => ({ iss: 'signer', sub: 'signer', aud: world.issuer, jti: random(), iat: seconds(), exp: seconds() + 60 });
  const sign = (changes = {}, header = {}, key = signer_key) => new jose.SignJWT({ ...claims(), ...changes }).setProtectedHeader({ alg: 'ES256', typ: 'client-authentication+jwt', ...header }).sign(key);
  const present = async (assertion) => ask({ client_assertion_type: assertion_type, client_assertion: world.secret(await assertion) });
  forty_one('a good one', (await present(sign())).status === 200);
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const forged = {
    'for the token URL': sign({ aud: `${world.issuer}/token` }), 'for a list': sign({ aud: [world.issuer] }), 'for two': sign({ aud: [world.issuer, 'https://x'] }),
    'for a whole hour': sign({ exp: seconds() + 3600 }), 'without an end': sign({ exp: undefined }), 'without jti': sign({ jti: undefined }),
    'of another client': sign({ iss: 'machine', sub: 'machine' }), 'by another subject': sign({ sub: 'machine' }), 'over': sign({ iat: seconds() - 600, exp: seconds() - 300 }),
    'as an access token': sign({}, { typ: 'at+jwt' }), none: `${part({ alg: 'none' })}.${part(claims())}.`, junk: 'x.y.z',
    'by another key': (await jose.generateKeyPair('ES256')).privateKey,
  };
  forged['by another key'] = sign({}, {}, forged['by another key']);
  for (const [what, assertion] of Object.entries(forged)) {
    const answer = await present(assertion);
    forty_one(`an assertion ${what}: invalid_client`, answer.status === 401 && error_of(answer) === 'invalid_client', answer.text);
  }
  const once = await sign();
  await present(once);
  forty_one('again: invalid_client', error_of(await present(once)) === 'invalid_client');

  const forty_four = attack(44, 'RFC 6749 5.1');
  const good = await ask({}, world.basic('machine', secret));
  forty_four('a token answer is not stored', good.headers.get('cache-control') === 'no-store' && good.headers.get('pragma') === 'no-cache');
  const bad = await ask({}, world.basic('machine', 'x'));
  forty_four('nor is a refusal', bad.headers.get('cache-control') === 'no-store');
  const json = await fetch(`${world.issuer}/token`, { method: 'POST', body: JSON.stringify({ grant_type: 'client_credentials' }), headers: { 'content-type': 'application/json', ...world.basic('machine', secret) } });
  forty_four('a JSON body: 400', json.status === 400, json.status);
  const twice = await fetch(`${world.issuer}/token`, { method: 'POST', body: 'grant_type=client_credentials&grant_type=client_credentials', headers: { 'content-type': 'application/x-www-form-urlencoded', ...world.basic('machine', secret) } });
  forty_four('a parameter twice: 400', twice.status === 400, twice.status);
  const get = await fetch(`${world.issuer}/token?grant_type=client_credentials`, { headers: world.basic('machine', secret) });
  forty_four('by GET: refused', get.status === 405 || get.status === 404, get.status);
  const large = await world.token({ grant_type: 'client_credentials', x: 'x'.repeat(33 * 1024) }, world.basic('machine', secret));
  forty_four('a form over 32 KB: refused', [400, 413].includes(large.status), large.status);
}

export async function assertions(attack, world) {
  const jwt_bearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const claims = () => ({ iss: world.provider.issuer, sub: 'person-1', aud: world.issuer, client_id: 'agent', resource: world.resource, scope: 'read', jti: random(), iat: seconds(), exp: seconds() + 120 });
  const sign = (changes = {}, typ = 'oauth-id-jag+jwt') => new jose.SignJWT({ ...claims(), ...changes }).setProtectedHeader({ alg: 'ES256', typ, kid: 'k1' }).sign(world.provider.private_key);
  const present = async (assertion, client = 'agent') => world.token({ grant_type: jwt_bearer, assertion: world.secret(await assertion) }, world.basic(client, world.client_secret));

  const forty_two = attack(42, 'ID-JAG 4.4');
  const good = await present(sign());
  forty_two('a good one', good.status === 200 && good.json.scope === 'read' && !good.json.refresh_token, good.text);
  for (const [what, assertion] of Object.entries({
    'of another type': sign({}, 'JWT'), 'for another client': sign({ client_id: 'machine' }), 'for an unknown server': sign({ resource: 'https://evil.example' }),
    'for no server': sign({ resource: undefined }), 'of another issuer': sign({ iss: 'https://evil.example' }), 'with a list as jti': sign({ jti: ['x'] }),
    'with an object as jti': sign({ jti: {} }), 'without jti': sign({ jti: undefined }), 'for another audience': sign({ aud: 'https://evil.example' }),
    'for several audiences': sign({ aud: [world.issuer, 'https://x'] }), 'with a text as exp': sign({ exp: 'soon' }), 'that lives an hour': sign({ exp: seconds() + 3600 }),
    'without a person': sign({ sub: '' }), 'with a list as client_id': sign({ client_id: ['agent'] }), junk: 'a.b.c' })) {
    const answer = await present(assertion);
    forty_two(`an assertion ${what}: invalid_grant`, answer.status === 400 && error_of(answer) === 'invalid_grant', `${answer.status} ${answer.text}`);
  }
  const wider = await world.token({ grant_type: jwt_bearer, assertion: await sign(), scope: 'read write' }, world.basic('agent', world.client_secret));
  forty_two('a scope that is wider than the assertion\'s: invalid_scope', error_of(wider) === 'invalid_scope', wider.text);

  const forty_three = attack(43, 'RFC 6749 5.2');
  const dynamic = (await world.register({ redirect_uris: [callback], client_name: 'D' })).json;
  world.secret(dynamic.client_secret);
  const by_dynamic = await world.token({ grant_type: jwt_bearer, assertion: await sign({ client_id: dynamic.client_id }) }, world.basic(dynamic.client_id, dynamic.client_secret));
  forty_three('an assertion by a registered client: unauthorized_client', error_of(by_dynamic) === 'unauthorized_client', by_dynamic.text);
  const unallowed = await present(sign({ client_id: 'machine' }), 'machine');
  forty_three('by a configured one without that grant: unauthorized_client', error_of(unallowed) === 'unauthorized_client', unallowed.text);
  const alone = await world.token({ grant_type: jwt_bearer, assertion: await sign() });
  forty_three('by nobody: refused', alone.status >= 400 && alone.status < 500, alone.text);
}

export async function proofs(attack, world) {
  const { privateKey, publicKey } = await jose.generateKeyPair('ES256', { extractable: true });
  const jwk = await jose.exportJWK(publicKey);
  const claims = (changes) => ({ jti: random(), htm: 'POST', htu: `${world.issuer}/token`, iat: seconds(), ...changes });
  const prove = async (changes = {}, header = {}, key = privateKey) => world.secret(await new jose.SignJWT(claims(changes)).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }).sign(key));
  const ask = async (dpop) => world.token({ grant_type: 'client_credentials' }, { ...world.basic('machine', world.client_secret), dpop: await dpop });

  const forty_five = attack(45, 'RFC 9449 4.3');
  const good = await ask(prove());
  forty_five('a good proof: a bound token', good.status === 200 && good.json.token_type === 'DPoP', good.text);
  const hmac_key = new TextEncoder().encode('k'.repeat(32));
  const forged = {
    'with the private key': prove({}, { jwk: await jose.exportJWK(privateKey) }), 'by HS256': prove({}, { alg: 'HS256', jwk: { kty: 'oct', k: Buffer.from(hmac_key).toString('base64url') } }, hmac_key),
    'made an hour ago': prove({ iat: seconds() - 3600 }), 'made in an hour': prove({ iat: seconds() + 3600 }), 'for another URL': prove({ htu: `${world.issuer}/authorize` }),
    'for another host': prove({ htu: 'https://evil.example/token' }), 'for GET': prove({ htm: 'GET' }), 'without jti': prove({ jti: undefined }), 'of another type': prove({}, { typ: 'JWT' }),
    'by a key that is not in it': prove({}, {}, (await jose.generateKeyPair('ES256')).privateKey), junk: 'x.y.z',
  };
  for (const [what, proof] of Object.entries(forged)) {
    const answer = await ask(proof);
    forty_five(`a proof ${what}: invalid_dpop_proof`, answer.status === 400 && error_of(answer) === 'invalid_dpop_proof', answer.text);
  }
  const used = await prove();
  await ask(used);
  forty_five('a proof again: invalid_dpop_proof', error_of(await ask(used)) === 'invalid_dpop_proof');
  const two = new Headers({ ...world.basic('machine', world.client_secret), 'content-type': 'application/x-www-form-urlencoded', dpop: await prove() });
  two.append('dpop', await prove());
  const doubled = await (await fetch(`${world.issuer}/token`, { method: 'POST', body: 'grant_type=client_credentials', headers: two })).json();
  forty_five('two proofs: invalid_dpop_proof', doubled.error === 'invalid_dpop_proof', doubled);

  const forty_six = attack(46, 'RFC 9449 5');
  const asked = world.request();
  const { back } = await world.sign_in(asked);
  const form = { grant_type: 'authorization_code', code: back.params.get('code'), redirect_uri: callback, client_id: 'native', code_verifier: asked.verifier };
  const bound = (await world.token(form, { dpop: await prove() })).json;
  const thief = await jose.generateKeyPair('ES256');
  const by_thief = await world.token({ grant_type: 'refresh_token', refresh_token: bound.refresh_token, client_id: 'native' },
    { dpop: await prove({}, { jwk: await jose.exportJWK(thief.publicKey) }, thief.privateKey) });
  forty_six('a bound refresh token with another key: invalid_grant', error_of(by_thief) === 'invalid_grant', by_thief.text);
  forty_six('without a key: invalid_grant', error_of(await world.refresh(bound.refresh_token)) === 'invalid_grant');
  const by_owner = await world.token({ grant_type: 'refresh_token', refresh_token: bound.refresh_token, client_id: 'native' }, { dpop: await prove() });
  forty_six('with its own: still good', by_owner.status === 200 && by_owner.json.token_type === 'DPoP', by_owner.text);
  const tied = world.request({ dpop_jkt: s256('another key') });
  const { back: tied_back } = await world.sign_in(tied);
  const untied = await world.token({ ...form, code: tied_back.params.get('code'), code_verifier: tied.verifier }, { dpop: await prove() });
  forty_six('a code that was tied to another key: refused', untied.status === 400, untied.text);
}
