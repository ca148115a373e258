// 1 to 12: what comes from the provider, or pretends to.
import * as jose from 'jose';
import { callback, jwt_claims, random } from './world.mjs';
import { Visitor } from './visitor.mjs';

const error_of = (answer) => answer.params.get('error');
const came_back = (answer, error) => answer.status === 303 && answer.next.startsWith(`${callback}?`) && error_of(answer) === error && !answer.params.has('code');

export async function oauth_upstream(attack, world) {
  const { provider } = world;
  const with_token = async (reply) => {
    provider.token = () => reply;
    const { back } = await world.sign_in(world.request());
    provider.honest();
    return back;
  };
  const one = attack(1, 'RFC 6749 5.2');
  const junk = await with_token([200, { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' }]);
  one('junk code, 200 with an error in it: server_error, no code', came_back(junk, 'server_error'), junk.next);
  one('the provider\'s words are not passed on', !/incorrect|bad_verification/.test(junk.next + junk.text), junk.next);
  const both = await with_token([200, { error: 'x', access_token: 'upstream-forged' }]);
  one('an error and a token at once', came_back(both, 'server_error'), both.next);

  const two = attack(2, 'RFC 6749 5.1');
  for (const [what, reply] of Object.entries({ 'no access_token': [200, { token_type: 'bearer' }], 'an empty one': [200, { access_token: '', token_type: 'bearer' }],
    'a number': [200, { access_token: 7, token_type: 'bearer' }], HTML: [200, '<html>hi</html>', 'text/html'], nothing: [200, ''], 'a list': [200, []],
    '201': [201, { access_token: 'x', token_type: 'bearer' }] })) {
    const back = await with_token(reply);
    two(`${what}: server_error`, came_back(back, 'server_error'), back.next);
  }

  const three = attack(3, 'OIDC Core 5.3.2');
  for (const [what, reply, error] of [['500', [500, 'x'], 'temporarily_unavailable'], ['no id', [200, { login: 'ada', email: 'ada@example.com' }], 'server_error'],
    ['an empty id', [200, { id: '' }], 'server_error'], ['null', [200, { id: null }], 'server_error'], ['an object', [200, { id: {} }], 'server_error'],
    ['HTML', [200, '<html>', 'text/html'], 'server_error'], ['401', [401, {}], 'server_error']]) {
    provider.userinfo = () => reply;
    const { back } = await world.sign_in(world.request());
    three(`userinfo gives ${what}: no person is made up`, came_back(back, error) || (error !== 'server_error' && came_back(back, 'server_error')), back.next);
  }
  provider.honest();

  const four = attack(4, 'RFC 6749 10.12');
  const asked = world.request();
  const victim = new Visitor();
  const to_provider = await world.agree(victim, await world.consent(victim, asked));
  const to_us = await victim.get(to_provider.next);
  const elsewhere = await new Visitor().get(to_us.next);
  four('the callback in another browser: 403', elsewhere.status === 403 && !elsewhere.next, elsewhere.status);
  const forged = await new Visitor().request(to_us.next, { headers: { cookie: [...victim.cookies].map(([key]) => `${key.split(' ')[1]}=${random()}`).join('; ') } });
  four('with a cookie that was guessed: 403', forged.status === 403 && !forged.next, forged.status);

  const seven = attack(7, 'RFC 6749 4.1.2.1');
  const denied = new URL(to_us.next);
  denied.searchParams.delete('code');
  denied.searchParams.set('error', 'access_denied');
  const stranger = await new Visitor().get(denied.href);
  seven('an error with a good state and no cookie: 403, no redirect', stranger.status === 403 && !stranger.next, stranger.status);
  const home = await victim.get(to_us.next);
  seven('and the owner still gets through', home.status === 303 && home.params.has('code'), home.next);

  const six = attack(6, 'RFC 6749 10.12');
  const exchanges = provider.seen.token.length;
  const again = await victim.get(to_us.next);
  six('the state again: 400', again.status === 400 && !again.next, again.status);
  six('one exchange at the provider', provider.seen.token.length === exchanges);
  const code_once = provider.seen.token.at(-1).form.code;
  six('the code was sent once', provider.seen.token.filter(({ form }) => form.code === code_once).length === 1);

  const five = attack(5, 'RFC 6749 10.10');
  for (const state of ['', 'x', '00000000', random(4), `${to_provider.params.get('state').slice(0, -1)}x`, `${random()}.${random(4)}`]) {
    const guess = await victim.get(`${world.issuer}/callback/oauth?code=x&state=${encodeURIComponent(state)}`);
    five(`a state that was guessed (${state.length} characters): 400`, guess.status === 400 && !guess.next, guess.status);
  }

  const eight = attack(8, 'RFC 7636 4.3');
  const [seen] = provider.seen.authorize.slice(-1);
  eight('the provider is sent an S256 challenge', seen.code_challenge_method === 'S256' && /^[\w-]{43}$/.test(seen.code_challenge), seen);
  const exchange = provider.seen.token.find(({ asked: of, form }) => of?.state === seen.state && form.code_verifier);
  eight('and its verifier with the code', exchange !== undefined && seen.code_challenge === (await s256_of(exchange.form.code_verifier)), exchange?.form);
  eight('of its own, not the client\'s', seen.code_challenge !== asked.code_challenge && seen.state !== asked.state);
  eight('fixed redirect URI', seen.redirect_uri === `${world.issuer}/callback/oauth` && exchange.form.redirect_uri === seen.redirect_uri);

  const eleven = attack(11, 'RFC 6749 4.1.2.1');
  const script = '<script>alert(1)</script>';
  provider.callback = { code: undefined, error: script, error_description: script, error_uri: 'https://evil.example/' };
  const { back: scripted } = await world.sign_in(world.request());
  eleven('an error with a script is not passed on', came_back(scripted, 'server_error') || came_back(scripted, 'access_denied'), scripted.next);
  eleven('nor shown', !/<script|alert\(1\)|evil\.example/.test(decodeURIComponent(scripted.next) + scripted.text), scripted.next);
  for (const [error, ours] of [['access_denied', 'access_denied'], ['temporarily_unavailable', 'temporarily_unavailable'], ['nonsense', 'server_error']]) {
    provider.callback = { code: undefined, error };
    const { back } = await world.sign_in(world.request());
    eleven(`${error} becomes ${ours}`, came_back(back, ours), back.next);
  }
  provider.honest();

  const twelve = attack(12, 'RFC 9068 2.2');
  const given = await world.tokens();
  const upstream_secrets = [...provider.secrets];
  const everything = JSON.stringify(given) + JSON.stringify(jwt_claims(given.access_token));
  twelve('no token of the provider in the answer or in the token', upstream_secrets.every((secret) => !everything.includes(secret)));
  twelve('no email either', !/@|email/.test(JSON.stringify(jwt_claims(given.access_token))), jwt_claims(given.access_token));
}

const s256_of = async (text) => Buffer.from(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))).toString('base64url');

export async function oidc_upstream(attack, world) {
  const { provider } = world;
  const nine = attack(9, 'RFC 9207 2.4');
  for (const iss of ['https://evil.example', `${provider.issuer}/`, '']) {
    provider.callback = { iss };
    const { back } = await world.sign_in(world.request());
    nine(`the answer of another issuer (${iss}): 400`, back.status === 400 && !back.next, back.status);
  }
  provider.callback = { iss: undefined };
  const { back: silent } = await world.sign_in(world.request());
  nine('none where it is announced: 400', silent.status === 400 && !silent.next, silent.status);
  provider.honest();
  // A's state at B: of the provider at the server's own sign-in, and the other way round.
  const visitor = new Visitor();
  const to_provider = await world.agree(visitor, await world.consent(visitor, world.request()));
  const state = to_provider.params.get('state');
  const at_own = await visitor.get(`${world.issuer}/sign-in?state=${state}`);
  nine('the provider\'s state at the own sign-in: 400', at_own.status === 400, at_own.status);
  const own = new Visitor();
  const to_sign_in = await world.agree(own, await world.consent(own, world.request()), 'local');
  const own_state = new URL(to_sign_in.next, world.issuer).searchParams.get('state');
  const at_provider = await own.get(`${world.issuer}/callback/oidc?code=x&state=${own_state}&iss=${encodeURIComponent(provider.issuer)}`);
  nine('the own state at the provider\'s callback: 400', own_state && at_provider.status === 400 && !at_provider.next, at_provider.status);
  const nowhere = await visitor.get(`${world.issuer}/callback/other?code=x&state=${state}`);
  nine('the callback of a provider that is none: 404', nowhere.status === 404, nowhere.status);

  const ten = attack(10, 'OIDC Core 3.1.3.7');
  const forge = async (what, id_token) => {
    provider.id_token = id_token;
    const { back } = await world.sign_in(world.request());
    provider.honest();
    ten(`${what}: server_error, no code`, came_back(back, 'server_error'), back.next);
  };
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const sign = (claims, key = provider.private_key, header = { alg: 'ES256', kid: 'k1' }) => new jose.SignJWT(claims).setProtectedHeader(header).sign(key);
  const changed = (change) => (claims) => sign({ ...claims, ...change });
  await forge('alg none', (claims) => `${part({ alg: 'none' })}.${part(claims)}.`);
  await forge('HS256 with the client\'s secret', (claims) => sign(claims, new TextEncoder().encode('secret-at-the-provider-0123456789'), { alg: 'HS256' }));
  await forge('HS256 with the public key', (claims) => sign(claims, new TextEncoder().encode(JSON.stringify(provider.public_jwk)), { alg: 'HS256', kid: 'k1' }));
  const other = await jose.generateKeyPair('ES256');
  await forge('another key', (claims) => sign(claims, other.privateKey));
  await forge('another audience', changed({ aud: 'somebody-else' }));
  await forge('several audiences without azp', changed({ aud: ['our-client-at-the-provider', 'x'] }));
  await forge('another azp', changed({ azp: 'somebody-else' }));
  await forge('another nonce', changed({ nonce: random() }));
  await forge('no nonce', (claims) => { const { nonce, ...rest } = claims; return sign(rest); });
  await forge('another issuer', changed({ iss: 'https://evil.example' }));
  await forge('over', changed({ exp: Math.floor(Date.now() / 1000) - 600 }));
  await forge('no subject', changed({ sub: '' }));
  await forge('none at all', () => undefined);
  provider.userinfo = () => [200, { sub: 'somebody-else', name: 'Mallory' }];
  const { back: other_person } = await world.sign_in(world.request({ scope: 'read openid' }));
  provider.honest();
  const asked_userinfo = provider.seen.userinfo.length > 0;
  ten('userinfo of another person is not taken', !asked_userinfo || came_back(other_person, 'server_error'), other_person.next);
}
