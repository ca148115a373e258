// What each decorator answers, malformed headers, two tokens at once, metadata, sessions and who they belong to.
import { modern, open_session, send } from './wire.mjs';

const bearer = (token) => ({ authorization: `Bearer ${token}` });
const read = { name: 'readNote', arguments: { id: 'welcome' } };
const write = { name: 'writeNote', arguments: { id: 'a', text: 'b' } };

export async function decorators(checks, { url, provider }) {
  const reader = await provider.forge();
  const call = (params, token, options = {}) => modern(url, 'tools/call', params, { headers: token ? bearer(token) : {}, ...options });
  const nothing = await call(read);
  checks.equal('nothing sent: 401', [nothing.status, nothing.word, nothing.body.error?.code, nothing.body.error?.data?.action], [401, 'MISSING_TOKEN', 401, 'authenticate']);
  checks.equal('its challenge', nothing.headers['www-authenticate'],
    `Bearer resource_metadata="${new URL(url).origin}/.well-known/oauth-protected-resource/mcp", scope="notes:read"`);
  const wider = await call(write);
  checks.check('a challenge names all scopes', wider.headers['www-authenticate'].endsWith('scope="notes:read notes:write"'), wider.headers);
  const narrow = await call(write, reader);
  checks.equal('a scope too few: 403', [narrow.status, narrow.word, narrow.body.error?.code], [403, 'INSUFFICIENT_SCOPE', 403]);
  checks.check('its challenge', /^Bearer error="insufficient_scope".*scope="notes:read notes:write"$/.test(narrow.headers['www-authenticate']), narrow.headers);
  const soft = await call(write, undefined, { meta: { authorization: { type: 'bearer', token: reader } } });
  checks.equal('the same by _meta: a tool result', [soft.status, soft.body.result?.isError, soft.word], [200, true, 'INSUFFICIENT_SCOPE']);
  checks.equal('both scopes', (await call(write, await provider.forge({ scope: 'notes:read notes:write' }))).said, 'written');
  checks.equal('a scope above both', (await call(write, await provider.forge({ scope: 'notes:admin' }))).said, 'written');
  checks.equal('public', (await call({ name: 'status' })).said, 'online');
  checks.equal('public with a bad token', (await call({ name: 'status' }, 'x.y.z')).said, 'online');
  const own = { name: 'dropOwnNote', arguments: { id: 'ada' } };
  checks.equal('own note', (await call(own, reader)).said, 'nothing there');
  const foreign = await call({ ...own, arguments: { id: 'bob' } }, reader);
  checks.equal('another\'s note: 403', [foreign.status, foreign.word, foreign.headers['www-authenticate']], [403, 'FORBIDDEN', undefined]);
  checks.equal('wrong arguments are told as such', (await call({ ...own, arguments: {} }, reader)).body.result?.isError, true);
  const editor = await provider.forge({ roles: ['editor'] });
  checks.equal('no editor: as if there was no such thing', (await call({ name: 'editorsOnly' }, reader)).body.error?.message, 'Unknown tool: editorsOnly');
  checks.equal('an editor', (await call({ name: 'editorsOnly' }, editor)).said, 'online');
  const names = async (token) => (await modern(url, 'tools/list', {}, { headers: token ? bearer(token) : {} })).body.result;
  checks.check('hidden from strangers', !(await names()).tools.some((tool) => tool.name === 'editorsOnly'));
  checks.check('hidden from readers', !(await names(reader)).tools.some((tool) => tool.name === 'editorsOnly'));
  checks.check('shown to editors', (await names(editor)).tools.some((tool) => tool.name === 'editorsOnly'));
  checks.equal('such lists are private', (await names()).cacheScope, 'private');
  const often = await provider.forge({ sub: `often-${Date.now()}` });
  const seen = [];
  for (let i = 0; i < 3; i += 1) seen.push(await call({ name: 'seldom' }, often));
  checks.equal('over the limit: 429', [seen[1].status, seen[2].status, seen[2].word], [200, 429, 'RATE_LIMITED']);
  checks.check('when to come back', Number(seen[2].headers['retry-after']) > 0, seen[2].headers);
  for (const [method, params] of [['resources/read', { uri: 'notes://welcome' }], ['prompts/get', { name: 'summary', arguments: { id: 'a' } }],
    ['completion/complete', { ref: { type: 'ref/prompt', name: 'summary' }, argument: { name: 'id', value: 'x' } }],
    ['subscriptions/listen', { notifications: { resourceSubscriptions: ['notes://welcome'] } }]]) {
    checks.equal(`${method} without: 401`, [(await modern(url, method, params)).status], [401]);
    const lesser = await modern(url, method, params, { headers: bearer(await provider.forge({ scope: '' })) });
    checks.equal(`${method} with too little: 403`, [lesser.status, lesser.word], [403, 'INSUFFICIENT_SCOPE']);
    const meta = { authorization: { type: 'bearer', token: 'x.y.z' } };
    const by_meta = await modern(url, method, params, { meta });
    checks.equal(`${method} bad in _meta: a JSON-RPC error`, [by_meta.body.error?.code, by_meta.word], [401, 'INVALID_TOKEN']);
    if (method === 'subscriptions/listen') continue;
    checks.check(`${method} with a token`, (await modern(url, method, params, { headers: bearer(reader) })).body.result);
  }
}

export async function headers(checks, { url, provider }) {
  const token = await provider.forge();
  const outcome = async (headers_, meta) => {
    const answer = await modern(url, 'tools/call', read, { headers: headers_, meta });
    return [answer.status, answer.word];
  };
  const wrong = [401, 'INVALID_TOKEN'];
  for (const value of ['Bearer', 'Bearer ', `Bearer ${token} ${token}`, `Bearer ${token},`, `Bearer "${token}"`, `Bearer ${token}, Bearer ${token}`, 'Bearer =', 'Bearer a=b', `Bearer ${'a'.repeat(17000)}`]) {
    const [status, word] = await outcome({ authorization: value });
    checks.check(`malformed ${value.slice(0, 20)}…: refused`, [400, 401, 431].includes(status) && (status !== 401 || word === 'INVALID_TOKEN'), [status, word]);
  }
  checks.equal('two headers', await outcome({ authorization: [`Bearer ${token}`, `Bearer ${token}`] }), wrong);
  for (const value of ['Basic YTpi', 'Token abc', `bearer${token}`]) checks.equal(`foreign scheme ${value.slice(0, 8)}`, await outcome({ authorization: value }), [401, 'MISSING_TOKEN']);
  checks.equal('scheme in any case', (await outcome({ authorization: `bEaReR ${token}` }))[0], 200);
  const in_url = await modern(`${url}?access_token=${token}`, 'tools/call', read);
  checks.equal('in the query: not looked at', [in_url.status, in_url.word], [401, 'MISSING_TOKEN']);
  const bob = await provider.forge({ sub: 'bob' });
  const meta = (t) => ({ authorization: { type: 'bearer', token: t } });
  checks.equal('two principals', await outcome(bearer(token), meta(bob)), wrong);
  checks.equal('good header, bad _meta', await outcome(bearer(token), meta('x.y.z')), wrong);
  checks.equal('bad header, good _meta', await outcome(bearer('x.y.z'), meta(token)), wrong);
  checks.equal('two tokens of one', (await outcome(bearer(token), meta(await provider.forge())))[0], 200);
  checks.equal('_meta alone', (await outcome({}, meta(token)))[0], 200);
  for (const authorization of [{}, { type: 'basic', token }, { type: 'bearer' }, { type: 'bearer', token: 7 }, 'x', { type: 'bearer', token: 'a b' }])
    checks.equal(`_meta ${JSON.stringify(authorization).slice(0, 30)}`, (await outcome({}, { authorization }))[1], 'INVALID_TOKEN');
}

export async function metadata(checks, { url, provider }) {
  const origin = new URL(url).origin;
  for (const path of ['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp']) {
    const answer = await send(`${origin}${path}`, { method: 'GET', headers: { origin: 'http://127.0.0.1:9', 'x-forwarded-host': 'evil.example' } });
    checks.equal(path, [answer.body.resource, answer.body.authorization_servers, answer.body.bearer_methods_supported], [url, [provider.issuer], ['header']]);
    checks.check('a page of this machine may read it', ['*', 'http://127.0.0.1:9'].includes(answer.headers['access-control-allow-origin']), answer.headers);
    checks.equal('the scopes to begin with', answer.body.scopes_supported, ['notes:read']);
  }
}

export async function sessions(checks, { url, provider }) {
  const ada = bearer(await provider.forge());
  const bob = bearer(await provider.forge({ sub: 'bob' }));
  const session = await open_session(url);
  checks.equal('before sign-in', (await session.request('tools/list')).status, 200);
  checks.equal('the first principal', (await session.request('tools/call', read, { headers: ada })).said, 'Hello');
  for (const [who, headers_] of [['another', bob], ['nobody', {}]]) {
    for (const [method, params] of [['tools/call', read], ['tools/list', {}], ['ping', {}], ['resources/subscribe', { uri: 'notes://welcome' }]])
      checks.equal(`${who}: ${method}`, (await session.request(method, params, { headers: headers_ })).status, 404);
    checks.equal(`${who}: GET`, (await session.get(headers_)).status, 404);
    checks.equal(`${who}: GET with Last-Event-ID`, (await session.get({ ...headers_, 'last-event-id': '1-0' })).status, 404);
    checks.equal(`${who}: DELETE`, (await session.remove(headers_)).status, 404);
  }
  const unknown = await send(url, { method: 'DELETE', headers: { ...session.base, 'mcp-session-id': 'x'.repeat(session.id.length) } });
  checks.equal('as unknown', (await session.remove(bob)).text.replace(/"id":[^,}]+,?/, ''), unknown.text.replace(/"id":[^,}]+,?/, ''));
  const late = await session.request('tools/list', {}, { headers: bearer(await provider.forge({ exp: 1 })) });
  checks.equal('an expired token: the challenge', [late.status, late.word], [401, 'INVALID_TOKEN']);
  checks.equal('the owner: GET', (await session.get(ada)).status, 200);
  checks.equal('the owner: subscribes', (await session.request('resources/subscribe', { uri: 'notes://welcome' }, { headers: ada })).body.result, {});
  checks.equal('the owner: DELETE', (await session.remove(ada)).status, 200);
  const short = bearer(await provider.forge({ exp: Math.floor(Date.now() / 1000) + 3 }));
  const listened = await modern(url, 'subscriptions/listen', { notifications: { resourceSubscriptions: ['notes://welcome'] } }, { headers: short });
  checks.check('listening ends with the token', /subscriptions\/acknowledged/.test(listened.text) && /"resultType":"complete"/.test(listened.text), listened.text);
  const signed_in = await open_session(url);
  await signed_in.request('tools/list', {}, { headers: ada });
  checks.equal('a token on any method binds', (await signed_in.request('tools/list', {}, { headers: bob })).status, 404);
  const by_meta = await open_session(url);
  const meta = (token) => ({ authorization: { type: 'bearer', token: token.authorization.slice(7) } });
  checks.equal('bound by _meta', (await by_meta.request('tools/call', read, { meta: meta(ada) })).said, 'Hello');
  checks.equal('its lists need no token', (await by_meta.request('tools/list')).status, 200);
  checks.equal('another by _meta', (await by_meta.request('tools/call', read, { meta: meta(bob) })).status, 404);
  checks.equal('its stream does', (await by_meta.get()).status, 404);
}
