// Attacks on what belongs to somebody else: sessions, streams and their resumption, questions, batches, hidden entries, logs.
import { modern, open_session } from './wire.mjs';

const bearer = (token) => ({ authorization: `Bearer ${token}` });
const in_meta = (token) => ({ authorization: { type: 'bearer', token } });
const call_of = (id, name, { args = {}, meta } = {}) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ...(meta ? { _meta: meta } : {}) } });
const messages_of = (text) => [...text.matchAll(/^data: (\{.*\})$/gm)].map((match) => JSON.parse(match[1]));
const ids_of = (text) => [...text.matchAll(/^id: ?(.+)$/gm)].map((match) => match[1].trim());

export async function others_streams(checks, { url, provider }) {
  const ada = bearer(await provider.forge());
  const bob = bearer(await provider.forge({ sub: 'bob' }));
  const session = await open_session(url);
  const counted = await session.raw(call_of(1, 'count', { args: { to: 3 }, meta: { progressToken: 'p' } }), ada);
  const events = ids_of(counted.text);
  checks.check('a stream with events to come back for', events.length >= 3 && /ada counted/.test(counted.text), counted.text);
  const bobs = await open_session(url);
  await bobs.request('tools/call', { name: 'whoami', arguments: {} }, { headers: bob });
  const last = events[0];
  // Ends by itself, with the call's answer.
  const own = await session.get({ ...ada, 'last-event-id': last }, 10_000);
  checks.check('the owner resumes', own.status === 200 && /ada counted/.test(own.text), own.text);
  // 404 says that a session is gone; a session of one's own lives on (2025-11-25, Transports, Session Management).
  for (const [what, status, answer] of [
    ["another with the owner's session", 404, await session.get({ ...bob, 'last-event-id': last })],
    ["another with a session of his own and the owner's event", 400, await bobs.get({ ...bob, 'last-event-id': last })],
    ["nobody with the owner's session", 404, await session.get({ 'last-event-id': last })],
    ['nobody with a new session', 400, await (await open_session(url)).get({ 'last-event-id': last })],
  ]) checks.check(`${what}: no resumption`, answer.status === status && !/counted/.test(answer.text), { status: answer.status, text: answer.text });
  for (const odd of ['', '0', '-1', '1-0', '99999999999999999999-1', `${last}x`, '../../etc/passwd', 'a'.repeat(3000)]) {
    const answer = await bobs.get({ ...bob, 'last-event-id': odd });
    checks.check(`a made-up event "${odd.slice(0, 12)}": none of ada's`, [400, 404].includes(answer.status) || !/ada/.test(answer.text), { status: answer.status, text: answer.text });
  }
}

export async function others_questions(checks, { url, provider }) {
  const ada_token = await provider.forge();
  const ada = bearer(ada_token);
  const bob = bearer(await provider.forge({ sub: 'bob' }));
  // The older era: the question is on the owner's stream, and so must the answer be on her session.
  const session = await open_session(url);
  const calling = session.stream(call_of(7, 'ask'), ada);
  const question = await calling.wait_for((message) => message.method === 'elicitation/create');
  const answer = { jsonrpc: '2.0', id: question.id, result: { action: 'accept', content: { id: 'Mallory' } } };
  for (const [who, headers] of [['another', bob], ['nobody', {}]]) checks.equal(`${who} answers her question: 404`, (await session.raw(answer, headers)).status, 404);
  const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 7 } };
  checks.equal('another cancels her call: 404', (await session.raw(cancel, bob)).status, 404);
  const bobs = await open_session(url);
  await bobs.request('tools/call', { name: 'whoami', arguments: {} }, { headers: bob });
  await bobs.raw(answer, bob);
  await bobs.raw(cancel, bob);
  await session.raw({ ...answer, result: { action: 'accept', content: { id: 'Ada' } } }, ada);
  checks.equal('she answers herself', messages_of((await calling.ended).text).at(-1)?.result?.content?.[0]?.text, 'ada is called Ada');

  // Where her client has its token in _meta, answers carry none: who knows the session alone does not know the question's id.
  const quiet = await open_session(url);
  const asking = quiet.stream(call_of(8, 'ask', { meta: in_meta(ada_token) }));
  const put = await asking.wait_for((message) => message.method === 'elicitation/create');
  checks.check('an id that cannot be guessed', typeof put.id === 'string' && put.id.length >= 22, put.id);
  for (const id of [0, 1, 2, 7, 8, '1', '', null]) await quiet.raw({ ...answer, id });
  checks.equal("another's token with the id: 404", (await quiet.raw({ ...answer, id: put.id }, bob)).status, 404);
  await quiet.raw({ ...answer, id: put.id, result: { action: 'accept', content: { id: 'Ada' } } });
  checks.equal('she answers without a token', messages_of((await asking.ended).text).at(-1)?.result?.content?.[0]?.text, 'ada is called Ada');

  // The newer one: what is carried is sealed for her.
  const capabilities = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } } };
  const asked = await modern(url, 'tools/call', { name: 'ask', arguments: {} }, { headers: ada, meta: capabilities });
  const { requestState, inputRequests } = asked.body.result;
  // Not 'ada' alone: sealed bytes can read like that by chance.
  const tells = (text) => /(oidc|sub).{1,4}ada/.test(text);
  checks.check('a question with a sealed state', asked.body.result.resultType === 'input_required' && requestState && !tells(requestState)
    && !tells(Buffer.from(requestState, 'base64url').toString('latin1')), asked.text);
  const retry = { name: 'ask', arguments: {}, requestState, inputResponses: { [Object.keys(inputRequests)[0]]: { action: 'accept', content: { id: 'Ada' } } } };
  const by = (headers, params = retry, more = {}) => modern(url, 'tools/call', params, { headers, meta: { ...capabilities, ...more } });
  checks.equal('nobody goes on: 401', (await by({})).status, 401);
  checks.equal('another goes on: refused', (await by(bob)).body.error?.code, -32602);
  checks.equal('another by _meta goes on: refused', (await by({}, retry, in_meta(await provider.forge({ sub: 'bob' })))).body.error?.code, -32602);
  checks.equal('herself with another tool: refused', (await modern(url, 'tools/call', { ...retry, name: 'whoami' }, { headers: ada, meta: capabilities })).body.error?.code, -32602);
  checks.equal('herself with an expired token: 401', (await by(bearer(await provider.forge({ exp: 1 })))).status, 401);
  checks.equal('herself with a new token', (await by(bearer(await provider.forge({ jti: 'next' })))).said, 'ada is called Ada');
  const state_of = async (headers) => (await modern(url, 'tools/call', { name: 'ask', arguments: {} }, { headers, meta: capabilities })).body.result.requestState;
  const bobs_state = await state_of(bob);
  checks.equal("her answer with another's state: refused", (await by(ada, { ...retry, requestState: bobs_state })).body.error?.code, -32602);
}

export async function batches(checks, { url, provider }) {
  const ada = await provider.forge();
  const bob = await provider.forge({ sub: 'bob' });
  const batch = async (session, list, headers = {}) => {
    const answer = await session.raw(list, headers);
    let all = [];
    try { all = JSON.parse(answer.text); } catch { /* not a batch: the checks will say */ }
    const said = Object.fromEntries((Array.isArray(all) ? all : []).map((one) => [one.id, one.result?.isError ? JSON.parse(one.result.content[0].text).code : one.result?.content?.[0]?.text ?? one.error?.data?.code ?? one.error?.message]));
    return { status: answer.status, said, text: answer.text };
  };
  const open = () => open_session(url, {}, '2025-03-26');
  const mixed = await batch(await open(), [call_of(1, 'whoami', { meta: in_meta(ada) }), call_of(2, 'whoami', { meta: in_meta(bob) }), call_of(3, 'whoami'),
    call_of(4, 'whoami', { meta: in_meta('x.y.z') }), call_of(5, 'open'), call_of(6, 'whoami', { meta: in_meta(ada) })]);
  checks.equal('a batch of several: the first owns the session, none is taken for another', mixed.said,
    { 1: 'oidc:ada', 2: 'Session not found', 3: 'MISSING_TOKEN', 4: 'INVALID_TOKEN', 5: 'open', 6: 'oidc:ada' });
  const headed = await batch(await open(), [call_of(1, 'whoami'), call_of(2, 'whoami', { meta: in_meta(bob) }), call_of(3, 'whoami', { meta: in_meta(ada) }),
    call_of(4, 'whoami', { meta: in_meta('x.y.z') })], bearer(ada));
  checks.equal('a batch with a header: each message must be of that principal', headed.said,
    { 1: 'oidc:ada', 2: 'INVALID_TOKEN', 3: 'oidc:ada', 4: 'INVALID_TOKEN' });
  const owned = await open();
  await owned.request('tools/call', { name: 'whoami', arguments: {} }, { headers: bearer(ada) });
  const foreign = await batch(owned, [call_of(1, 'open'), call_of(2, 'whoami')], bearer(bob));
  checks.equal("another's batch in an owned session: 404 as a whole", [foreign.status, foreign.said], [404, {}]);
  checks.equal("nobody's batch in an owned session: 404 as a whole", (await batch(owned, [call_of(1, 'open')])).status, 404);
  const bad = await batch(owned, [call_of(1, 'open')], bearer('x.y.z'));
  checks.equal('a bad token with a batch: 401 as a whole', bad.status, 401);
  const nested = await batch(await open(), [[call_of(1, 'whoami', { meta: in_meta(ada) })], call_of(2, 'open')]);
  checks.check('a batch in a batch is no message', !JSON.stringify(nested.said).includes('ada') && nested.said[2] === 'open', nested.text);
  const note = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } };
  checks.equal('a batch of notes of another: 404', (await batch(owned, [note], bearer(bob))).status, 404);
}

export async function odd_tokens(checks, { url, provider }) {
  const ada = await provider.forge();
  const call = (options) => modern(url, 'tools/call', { name: 'whoami', arguments: {} }, options);
  const same = await call({ headers: bearer(ada), meta: in_meta(ada) });
  checks.equal('the same token in both places', [same.status, same.said], [200, 'oidc:ada']);
  const wide = await provider.forge({ scope: 'a'.repeat(20_000) });
  const large = await call({ meta: in_meta(wide) });
  checks.equal('a genuine token of more than 16 KiB in _meta', [large.status, large.word], [200, 'INVALID_TOKEN']);
  const larger = await call({ meta: in_meta('a'.repeat(3_000_000)) });
  checks.equal('three megabytes in _meta', [larger.status, larger.word], [200, 'INVALID_TOKEN']);
  const largest = await call({ meta: in_meta('a'.repeat(5_000_000)) });
  checks.check('five megabytes: no request', [413, 0].includes(largest.status) && !largest.text.includes('result'), largest.status);
  const by_header = await call({ headers: bearer(wide) });
  checks.check('a header of more than 16 KiB', [400, 401, 431].includes(by_header.status), by_header.status);
  const twice = await provider.forge();
  checks.equal('a scheme twice in one header', (await call({ headers: { authorization: `Bearer Bearer ${twice}` } })).word, 'INVALID_TOKEN');
  for (const [what, value] of Object.entries({ 'a tab': `Bearer\t${ada}`, 'a comma': `Bearer ${ada}, Basic x`, 'a percent': `Bearer ${ada.replace('.', '%2e')}`, 'quotes': `Bearer "${ada}"` })) {
    const answer = await call({ headers: { authorization: value } });
    checks.check(`${what} in the header: refused`, [400, 401].includes(answer.status), { status: answer.status, text: answer.text });
  }
  const line = `x\nFORGED LINE\u202e`;
  const named = await call({ headers: bearer(await provider.forge({ aud: `https://${line}` })) });
  checks.equal('a line end in a claim', named.word, 'INVALID_TOKEN');
  const flat = await call({ headers: bearer(await provider.forge({ sub: 'a:b', client_id: undefined })) });
  checks.equal('a subject with our own separator', flat.said, 'oidc:a:b');
}

export async function hidden(checks, { url, provider }) {
  const plain = bearer(await provider.forge());
  const keeper = bearer(await provider.forge({ sub: 'kim', roles: ['keeper'] }));
  const expired = bearer(await provider.forge({ exp: 1 }));
  const strip = (answer, name) => JSON.stringify([answer.status, answer.headers['www-authenticate'] ?? '', answer.text.replaceAll(name, '*').replace(/"id":\d+/, '')]);
  const session_of = async (headers) => {
    const session = await open_session(url);
    if (headers.authorization && headers !== expired) await session.request('tools/call', { name: 'whoami', arguments: {} }, { headers });
    return session;
  };
  const calls = [['tools/call', (name) => ({ name, arguments: {} }), 'secret', 'nothing'], ['tools/call', (name) => ({ name, arguments: 'x' }), 'secret', 'nothing'],
    ['resources/read', (uri) => ({ uri }), 'vault://gold', 'vault://lead'],
    ['completion/complete', (uri) => ({ ref: { type: 'ref/resource', uri }, argument: { name: 'id', value: '' } }), 'vault://gold', 'vault://lead'],
    ['resources/subscribe', (uri) => ({ uri }), 'vault://gold', 'vault://lead']];
  for (const [who, headers, meta] of [['nobody', {}], ['somebody else', plain], ['somebody with an expired token', expired], ['somebody else by _meta', {}, in_meta(plain.authorization.slice(7))]]) {
    const session = await session_of(headers);
    for (const [method, params, name, other] of calls) {
      if (method !== 'resources/subscribe') {
        const [there, nowhere] = [await modern(url, method, params(name), { headers, meta }), await modern(url, method, params(other), { headers, meta })];
        checks.equal(`${who}, ${method}, 2026: as a name that is none`, strip(there, name), strip(nowhere, other));
      }
      const [there, nowhere] = [await session.request(method, params(name), { headers, meta }), await session.request(method, params(other), { headers, meta })];
      checks.equal(`${who}, ${method}, 2025: as a name that is none`, strip(there, name), strip(nowhere, other));
    }
    const cursor = (key) => ({ cursor: Buffer.from(key).toString('base64url') });
    const probe = async (key) => strip(await modern(url, 'tools/list', cursor(key), { headers, meta }), key);
    checks.equal(`${who}: a cursor is no probe`, await probe('secret'), await probe('nothing'));
    const heard = await modern(url, 'tools/list', {}, { headers, meta });
    checks.equal(`${who}: lists are private`, [heard.body.result?.cacheScope, heard.text.includes('secret')], ['private', false]);
    checks.equal(`${who}: resources are`, (await modern(url, 'resources/list', {}, { headers, meta })).text.includes('vault'), false);
  }
  checks.equal('the keeper', (await modern(url, 'tools/call', { name: 'secret', arguments: {} }, { headers: keeper })).said, 'oidc:kim');
  checks.check('the keeper sees it', (await modern(url, 'tools/list', {}, { headers: keeper })).text.includes('secret'));
  const listened = modern(url, 'subscriptions/listen', { notifications: { resourceSubscriptions: ['vault://gold', 'notes://own'] } },
    { headers: bearer(await provider.forge({ exp: Math.floor(Date.now() / 1000) + 2 })) });
  await new Promise((resolve) => { setTimeout(resolve, 500); });
  await modern(url, 'tools/call', { name: 'touch', arguments: {} });
  const heard = messages_of((await listened).text);
  checks.equal('listening to it is listening to nothing', heard.filter((message) => message.method === 'notifications/resources/updated').map((message) => message.params.uri), ['notes://own']);
}

export async function ending_tokens(checks, { url, provider }) {
  const soon = async () => bearer(await provider.forge({ exp: Math.floor(Date.now() / 1000) + 2 }));
  const session = await open_session(url);
  const short = await soon();
  await session.request('resources/subscribe', { uri: 'notes://own' }, { headers: short });
  const stream = session.get(short, 9000);
  const counting = session.raw(call_of(1, 'count', { args: { to: 85 } }), short);
  await new Promise((resolve) => { setTimeout(resolve, 300); });
  await modern(url, 'tools/call', { name: 'touch', arguments: {} });
  await new Promise((resolve) => { setTimeout(resolve, 7700); });
  await modern(url, 'tools/call', { name: 'touch', arguments: {} });
  const after = await session.request('tools/call', { name: 'whoami', arguments: {} }, { headers: short });
  checks.equal('after the end: the challenge', [after.status, after.word], [401, 'INVALID_TOKEN']);
  checks.check('a call that had begun goes on to its end', /ada counted/.test((await counting).text), (await counting).text);
  const told = messages_of((await stream).text).filter((message) => message.method === 'notifications/resources/updated');
  checks.equal("the session's stream tells of protected resources until the end of the token only", told.length, 1);
  const renewed = bearer(await provider.forge());
  checks.equal('its owner comes with a new one', (await session.request('tools/call', { name: 'whoami', arguments: {} }, { headers: renewed })).said, 'oidc:ada');
}
