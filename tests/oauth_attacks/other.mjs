// What else somebody would try.
import http from 'node:http';
import net from 'node:net';
import { callback, random } from './world.mjs';
import { Visitor } from './visitor.mjs';

const raw = (port, text) => new Promise((resolve) => {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
  let answer = '';
  socket.on('data', (chunk) => { answer += chunk; });
  const done = () => resolve(answer);
  socket.on('close', done).on('error', done);
  setTimeout(() => socket.destroy(), 30_000).unref();
});

export async function other_ideas(attack, world) {
  const other = attack('other', 'own ideas');
  const { port, issuer } = world;

  // What scripts of other sites may read.
  for (const [where, open] of [['/.well-known/oauth-authorization-server', true], ['/jwks', true], ['/authorize', false], ['/consent', false], ['/sign-in', false]]) {
    const answer = await fetch(`${issuer}${where}`, { headers: { origin: 'https://evil.example' } });
    const allowed = answer.headers.get('access-control-allow-origin');
    other(`scripts of other sites ${open ? 'read' : 'do not read'} ${where}`, open ? allowed === '*' : !allowed, allowed);
    other(`${where} lets no credentials through`, !answer.headers.get('access-control-allow-credentials'));
  }

  // Line breaks and the like in what is given back.
  const asked = world.request({ state: 'x\r\nSet-Cookie: a=b', scope: 'admin' });
  const split = await new Visitor().get(asked.url);
  other('a state with line breaks splits no header', split.status === 303 && !split.headers.get('set-cookie')?.includes('a=b') && split.params.get('state') === 'x\r\nSet-Cookie: a=b', split.next);
  const long = await new Visitor().get(world.request({ state: 'x'.repeat(4000) }).url);
  other('a state without end is refused', long.status >= 300 && !long.params.has('code'), long.status);
  const nul = await new Visitor().get(`${world.request().url}&x=%00`);
  other('a zero byte breaks nothing', nul.status < 500, nul.status);

  // Smuggling and malformed requests.
  const smuggled = await raw(port, `POST /token HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: x\r\n\r\n`);
  other('two lengths: refused', /^HTTP\/1\.1 4\d\d/.test(smuggled) && (smuggled.match(/HTTP\/1\.1/g) ?? []).length === 1, smuggled.slice(0, 100));
  for (const target of ['/register/../token', '/callback/../../etc/passwd', '/callback/oauth%2f..', '/.well-known/../jwks', '//evil.example/authorize'])
    other(`${target} is no way around`, /^HTTP\/1\.1 (4\d\d|30[1278])/.test(await raw(port, `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`)), target);

  // One way of another: a code as a refresh token, a refresh token as a code, and the like.
  const request = world.request();
  const { back } = await world.sign_in(request);
  const code = back.params.get('code');
  other('a code is no refresh token', (await world.refresh(code)).json.error === 'invalid_grant');
  const introspected = await world.introspect(code);
  other('a code is no live token', introspected.active === false);
  const tokens = (await world.redeem(request, code)).json;
  other('a refresh token is no code', (await world.redeem(request, tokens.refresh_token)).json.error === 'invalid_grant');
  const header = JSON.parse(Buffer.from(tokens.access_token.split('.')[0], 'base64url'));
  other('an access token says its kind', header.typ === 'at+jwt' && header.alg === 'ES256' && header.kid, header);

  // Clients of the wrong kind.
  const by_machine = await new Visitor().get(world.request({ client_id: 'machine' }).url);
  other('a machine has no authorization endpoint', !by_machine.params.has('code') && by_machine.status >= 300, by_machine.status);
  const as_machine = await world.token({ grant_type: 'client_credentials', client_id: 'native' });
  other('a public client gets no machine\'s token', ['unauthorized_client', 'invalid_client'].includes(as_machine.json.error), as_machine.text);
  for (const grant_type of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:device_code', 'urn:ietf:params:oauth:grant-type:token-exchange', ''])
    other(`grant ${grant_type || 'without a name'}: refused`, (await world.token({ grant_type, client_id: 'native', username: 'ada', password: 'x' })).status === 400);

  // A client that registers with another's id or name, or a redirect URI of another.
  const again = await world.register({ client_id: 'native', client_secret: 'mine', redirect_uris: [callback], token_endpoint_auth_method: 'none' });
  other('a client does not choose its id', again.status === 201 && again.json.client_id !== 'native' && again.json.client_secret === undefined, again.text);
  const managed = await new Visitor().request(`${issuer}/register/native`, { headers: { authorization: 'Bearer x' } });
  other('client management is off', managed.status === 404, managed.status);
  for (const id of ['__proto__', '../token', '%00', "' OR 1=1 --", 'native\u0000', 'native '])
    other(`client ${JSON.stringify(id)} is not known`, (await new Visitor().get(world.request({ client_id: id }).url)).status === 400);

  // Pushed requests.
  const push = (form, headers = {}) => new Visitor().request(`${issuer}/par`, { method: 'POST', form, headers });
  const fields = ({ response_type, client_id, redirect_uri, state, code_challenge, code_challenge_method }) => ({ response_type, client_id, redirect_uri, state, code_challenge, code_challenge_method });
  const pushed = await push(fields(world.request()));
  other('a request is pushed', pushed.status === 201 && pushed.json.expires_in <= 90, pushed.text);
  const use = (client_id) => new Visitor().get(`${issuer}/authorize?${new URLSearchParams({ client_id, request_uri: pushed.json.request_uri })}`);
  other('by another client: 400', (await use('second')).status === 400);
  const first_use = await use('native');
  other('by its own, or used up by the try', [200, 400].includes(first_use.status), first_use.status);
  other('once', (await use('native')).status === 400);
  other('pushing for an unregistered redirect: refused', (await push({ ...fields(world.request()), redirect_uri: 'https://evil.example/' })).status === 400);
  other('pushing a request_uri: refused', (await push({ ...fields(world.request()), request_uri: 'urn:x' })).status === 400);
  other('pushing for a confidential client without its secret: 401', (await push({ ...fields(world.request()), client_id: 'web', redirect_uri: 'https://ok.example/cb' })).status === 401);

  // The own sign-in.
  const visitor = new Visitor();
  const page = await world.consent(visitor, world.request());
  const sent_on = await world.agree(visitor, page, 'local');
  const sign_in = await visitor.get(new URL(sent_on.next, issuer).href);
  const try_password = (username, password, who = visitor, headers = {}) => who.post(`${issuer}/sign-in`, { ...sign_in.fields, username, password }, headers);
  const nobody = await try_password('nobody', 'x');
  const wrong = await try_password('ada', 'x');
  const sentence = (answer) => /role="alert">([^<]*)</.exec(answer.text)?.[1];
  other('whether a name is known is not said', sentence(nobody) && sentence(nobody) === sentence(wrong) && nobody.status === wrong.status, [sentence(nobody), sentence(wrong)]);
  other('a sign-in from another site: 403', (await try_password('ada', 'x', visitor, { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })).status === 403);
  other('a sign-in in another browser: 403', (await try_password('ada', 'x', new Visitor())).status === 403);
  const markup = await try_password('"><img src=x>', 'x', visitor, { 'x-test-address': '192.0.2.200' });
  other('a name with markup is text', markup.status === 403 && !markup.text.includes('<img'), markup.status);
  const guesses = [];
  let { fields: shown } = markup;
  for (let i = 0; i < 14; i += 1) {
    const answer = await visitor.post(`${issuer}/sign-in`, { ...shown, username: 'ada', password: `guess ${i}` }, { 'x-test-address': `192.0.2.${i}` });
    if (answer.status === 403) shown = answer.fields;
    guesses.push(answer.status);
  }
  // Ten wrong ones for the name: those, and the one above.
  other('guessing one person\'s password ends, from whatever address', guesses.slice(0, 9).every((status) => status === 403) && guesses.slice(9).every((status) => status === 429), guesses);

  // The key set, and what an answer is cut to.
  const { keys } = await (await fetch(`${issuer}/jwks`)).json();
  other('no private part of a key is published', keys.length > 0 && keys.every((key) => !['d', 'p', 'q', 'dp', 'dq', 'qi', 'k'].some((part) => part in key)), keys);
  const metadata = await (await fetch(`${issuer}/.well-known/oauth-authorization-server`)).json();
  other('no weak way is announced', metadata.code_challenge_methods_supported.join() === 'S256' && !JSON.stringify(metadata).includes('"none"]') && metadata.response_types_supported.join() === 'code', metadata);
  const methods = await Promise.all(['PUT', 'PATCH', 'DELETE', 'TRACE'].map((method) => new Promise((resolve) => {
    http.request({ host: '127.0.0.1', port, path: '/token', method }, (response) => { response.resume(); resolve(response.statusCode); }).on('error', () => resolve(0)).end();
  })));
  other('other methods are refused', methods.every((status) => status >= 400 && status < 500), methods);
  const junk = await Promise.all(Array.from({ length: 20 }, (_, i) => world.token({ grant_type: 'refresh_token', refresh_token: random(i), client_id: 'native' })));
  other('junk is never an error of the server\'s', junk.every(({ status }) => status >= 400 && status < 500), junk.map(({ status }) => status));
}
