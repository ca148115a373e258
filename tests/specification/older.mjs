// 2025-11-25 and before: sessions, streams that are resumed, batches, questions over the stream.
import { open_session, post, send } from '../bad_input/raw.mjs';
import { open } from './stream.mjs';

const hello = (version) => ({ jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: version, capabilities: {}, clientInfo: { name: 'a', version: '1' } } });
const tool = (id, name, args = {}, meta) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, ...(meta ? { _meta: meta } : {}) } });

export async function lifecycle(checks, port) {
  const session = await open_session(port);
  const { result } = session.answer.json;
  checks.check('initialize: version, capabilities, serverInfo', result.protocolVersion === '2025-11-25' && result.capabilities.tools
    && result.serverInfo.name && result.resultType === undefined, result);
  checks.equal('ping', (await session.send({ jsonrpc: '2.0', id: 'p', method: 'ping' })).json, { jsonrpc: '2.0', id: 'p', result: {} });
  const unsupported = await session.send({ jsonrpc: '2.0', id: 5, method: 'ping' }, { 'MCP-Protocol-Version': '1999-01-01' });
  checks.equal('an unsupported version header: 400, own id', [unsupported.status, unsupported.json?.id], [400, 5]);
  const unknown = await session.send({ jsonrpc: '2.0', id: 6, method: 'ping' }, { 'Mcp-Session-Id': 'gone' });
  checks.equal('an unknown session: 404, own id', [unknown.status, unknown.json?.id], [404, 6]);
  checks.equal('no version header: the negotiated one holds', (await session.send({ jsonrpc: '2.0', id: 7, method: 'ping' }, { 'MCP-Protocol-Version': undefined })).status, 200);
  const notes = [{ method: 'notifications/cancelled', params: { requestId: 'never-seen' } }, { method: 'notifications/cancelled' },
    { method: 'notifications/cancelled', params: { requestId: {} } }, { method: 'notifications/roots/list_changed' }, { method: 'notifications/no/such' }];
  for (const note of notes) {
    const answer = await session.send({ jsonrpc: '2.0', ...note });
    checks.equal(`${JSON.stringify(note)}: 202, no body`, [answer.status, answer.text], [202, '']);
  }
  checks.equal('an answer to a question nobody asked: 202', (await session.send({ jsonrpc: '2.0', id: 99, result: {} })).status, 202);
  checks.equal('an unknown log level: -32602', (await session.send({ jsonrpc: '2.0', id: 8, method: 'logging/setLevel', params: { level: 'loud' } })).json.error?.code, -32602);
  checks.equal('an invalid cursor: -32602', (await session.send({ jsonrpc: '2.0', id: 9, method: 'tools/list', params: { cursor: 'x' } })).json.error?.code, -32602);
  const missing = await session.send({ jsonrpc: '2.0', id: 10, method: 'resources/read', params: { uri: 'test://nothing' } });
  checks.equal('a resource that is not there: -32002', missing.json.error?.code, -32002);
  const listed = (await session.send({ jsonrpc: '2.0', id: 11, method: 'tools/list' })).json.result.tools;
  checks.check('output schemas are objects', listed.every((one) => one.outputSchema === undefined || one.outputSchema.type === 'object'), listed.map((one) => one.outputSchema));
  const list = (await session.send(tool(12, 'test_list'))).json.result;
  checks.equal('a list as text only', [list.structuredContent, list.content[0].text], [undefined, '[{"ok":true},{"ok":false}]']);

  const oldest = await open_session(port, '2025-03-26');
  const batch = await oldest.send([hello('2025-11-25'), { jsonrpc: '2.0', id: 1, method: 'ping' }]);
  const by_id = (id) => batch.json?.find?.((one) => one.id === id);
  checks.equal('initialize is no part of a batch', [by_id(0)?.error?.code, by_id(1)?.result], [-32600, {}]);
  checks.equal('and the session is what it was', (await oldest.send([{ jsonrpc: '2.0', id: 1, method: 'ping' }])).status, 200);
  const quiet = await oldest.send([{ jsonrpc: '2.0', method: 'notifications/initialized' }, { jsonrpc: '2.0', id: 4, result: {} }]);
  checks.equal('a batch without requests: 202, no body', [quiet.status, quiet.text], [202, '']);
}

export async function streams(checks, port) {
  const session = await open_session(port);
  const get = (more = {}) => open(port, { method: 'GET', headers: { ...session.headers, Accept: 'text/event-stream', ...more } });
  checks.equal('GET that takes no events: 406', (await get({ Accept: 'application/json' })).status, 406);
  checks.equal('GET without a session: 400', (await get({ 'Mcp-Session-Id': '' })).status, 404);
  const first = await get();
  const primed = await first.next(() => true);
  checks.check('a stream begins with an id and no data', primed?.id && primed.data === '', primed);
  const second = await get();
  await second.next(() => true);
  checks.check('a newer stream takes the place of the older', await first.end());
  await session.send({ jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri: 'test://watched-resource' } });
  await session.send(tool(2, 'test_touch_resource'));
  const updated = await second.next((event) => event.message?.method === 'notifications/resources/updated');
  checks.equal('a subscribed resource is told of', updated?.message.params, { uri: 'test://watched-resource' });
  second.close();
  await session.send(tool(3, 'test_trigger_tool_change'));
  await session.send(tool(4, 'test_trigger_tool_change'));
  const resumed = await get({ 'Last-Event-ID': updated.id });
  await resumed.next(() => resumed.events.filter((event) => event.message).length >= 2);
  checks.equal('what came meanwhile follows, and nothing twice', resumed.events.filter((event) => event.message).map((event) => event.message.method),
    ['notifications/tools/list_changed', 'notifications/tools/list_changed']);
  for (const id of ['nonsense', `${updated.id.split('_')[0]}_x`, 'other-1_1']) {
    checks.equal(`Last-Event-ID ${id.slice(0, 8)}: 400, for 404 says that the session is gone`, (await get({ 'Last-Event-ID': id })).status, 400);
  }
  const stranger = await open_session(port);
  const stolen = await open(port, { method: 'GET', headers: { ...stranger.headers, Accept: 'text/event-stream', 'Last-Event-ID': updated.id } });
  checks.equal('another session cannot have it', stolen.status, 400);

  const working = await open(port, { body: tool(9, 'test_tool_with_progress', {}, { progressToken: 'w' }), headers: session.headers });
  const half = await working.next((event) => event.message?.method === 'notifications/progress');
  working.close();
  const rest = await get({ 'Last-Event-ID': half.id });
  const done = await rest.next((event) => event.message?.id === 9);
  checks.check('a lost connection cancels nothing: the rest is fetched', done?.message.result?.content?.[0]?.text === 'Done', rest.events);
  checks.check('and the stream ends with the answer', await rest.end());
  const late = await get({ 'Last-Event-ID': half.id });
  await late.end();
  checks.check('once more, as long as it is kept', late.events.some((event) => event.message?.id === 9), late.events);

  const cancel = (requestId) => session.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId, reason: 'test' } });
  const silent = open(port, { body: tool('silent', 'test_pause', { ms: 20000 }), headers: session.headers });
  await new Promise((resolve) => { setTimeout(resolve, 1_000); });
  await cancel('silent');
  // Patient, but not as long as the call would take.
  const nothing = await Promise.race([silent, new Promise((resolve) => { setTimeout(resolve, 15_000, { status: 'still open' }); })]);
  checks.equal('a cancelled call: a stream of nothing', [nothing.status, nothing.headers?.['content-type'], await nothing.end?.(), nothing.events],
    [200, 'text/event-stream', true, []]);
}

// The client that still shows a question hears that nobody waits for it any more.
export async function questions(checks, port) {
  const session = await open_session(port, '2025-11-25', { capabilities: { elicitation: {} } });
  const asking = await open(port, { body: tool(5, 'test_elicitation', { message: 'Who?' }), headers: session.headers });
  const question = await asking.next((event) => event.message?.method === 'elicitation/create');
  checks.check('the question comes on the call\'s own stream', question?.message.id !== undefined, asking.events);
  await session.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 5 } });
  const taken_back = await asking.next((event) => event.message?.method === 'notifications/cancelled');
  checks.equal('a question of a cancelled call is taken back', taken_back?.message.params.requestId, question.message.id);
  checks.check('and the stream ends without an answer', await asking.end() && !asking.events.some((event) => event.message?.id === 5), asking.events);
  const again = await open(port, { method: 'GET', headers: { ...session.headers, Accept: 'text/event-stream', 'Last-Event-ID': question.id } });
  checks.equal('which nobody comes back to for ever', again.status, 400);

  const oldest = await open_session(port, '2025-03-26');
  const batch = oldest.send([tool('one', 'test_pause', { ms: 20000 }), { jsonrpc: '2.0', id: 'two', method: 'ping' }]);
  await new Promise((resolve) => { setTimeout(resolve, 1_000); });
  await oldest.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'one' } });
  checks.equal('of a batch the others are answered', (await batch).json, [{ jsonrpc: '2.0', id: 'two', result: {} }]);
  const late = await session.send({ jsonrpc: '2.0', id: question.message.id, result: { action: 'accept', content: {} } });
  checks.equal('an answer that comes too late: 202', late.status, 202);
  const ended = await send(port, `DELETE /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nMcp-Session-Id: ${session.id}\r\n\r\n`);
  checks.equal('DELETE: 200', ended.status, 200);
  checks.equal('and then 404', (await send(port, post(port, { jsonrpc: '2.0', id: 1, method: 'ping' }, session.headers))).status, 404);
}
