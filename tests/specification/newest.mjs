// 2026-07-28: what each page asks of a server, in the order of the pages.
import { capabilities_key, open_session, post, send, version_key } from '../bad_input/raw.mjs';
import { ask, modern, open } from './stream.mjs';

const subscription_key = 'io.modelcontextprotocol/subscriptionId';
const level_key = 'io.modelcontextprotocol/logLevel';
const info_key = 'io.modelcontextprotocol/serverInfo';
const code = (answer) => [answer.status, answer.json?.error?.code];
const call = (name, args = {}, more = {}) => ({ method: 'tools/call', params: { name, arguments: args, ...more } });

export async function results(checks, port) {
  const discovered = (await ask(port, { id: 'd-1', method: 'server/discover' })).json;
  checks.check('discover: versions, capabilities, instructions', discovered.result.supportedVersions?.[0] === '2026-07-28'
    && discovered.result.capabilities?.tools && typeof discovered.result.instructions === 'string', discovered);
  checks.equal('discover: the own id', discovered.id, 'd-1');
  const cacheable = {
    'server/discover': { method: 'server/discover' }, 'tools/list': { method: 'tools/list' }, 'prompts/list': { method: 'prompts/list' },
    'resources/list': { method: 'resources/list' }, 'resources/templates/list': { method: 'resources/templates/list' },
    'resources/read': { method: 'resources/read', params: { uri: 'test://static-text' } },
  };
  for (const [what, message] of Object.entries(cacheable)) {
    const { result } = (await ask(port, message)).json;
    checks.check(`${what}: resultType, ttlMs and cacheScope`, result.resultType === 'complete' && Number.isInteger(result.ttlMs) && result.ttlMs >= 0
      && ['public', 'private'].includes(result.cacheScope), result);
    checks.check(`${what}: serverInfo`, typeof result._meta?.[info_key]?.name === 'string', result._meta);
  }
  const asked = (await ask(port, call('test_input_required_result_elicitation'))).json.result;
  checks.check('input_required: no caching hints, an input or a state', asked.resultType === 'input_required' && asked.ttlMs === undefined
    && asked.cacheScope === undefined && (asked.inputRequests || asked.requestState), asked);
  const listed = async () => (await ask(port, { method: 'tools/list' })).json.result.tools.map((tool) => tool.name);
  checks.equal('tools/list: the same order every time', await listed(), await listed());
  const missing = await ask(port, { method: 'resources/read', params: { uri: 'test://nothing' } });
  checks.equal('a resource that is not there: -32602 and its URI', [missing.json.error?.code, missing.json.error?.data], [-32602, { uri: 'test://nothing' }]);
  for (const cursor of ['nonsense', '', 5, null]) {
    const answer = await ask(port, { method: 'tools/list', params: { cursor } });
    checks.equal(`cursor ${JSON.stringify(cursor)}: -32602`, answer.json.error?.code, -32602);
  }
  const list = (await ask(port, call('test_list'))).json.result;
  checks.equal('a list as structured content', list.structuredContent, [{ ok: true }, { ok: false }]);
  const prompt = (await ask(port, { method: 'prompts/get', params: { name: 'test_prompt_with_number', arguments: { word: 'ha', times: '3' } } })).json;
  checks.equal('a prompt reads numbers from texts', prompt.result?.messages?.[0]?.content?.text, 'hahaha');
  for (const args of [{ word: 'ha', times: 'x' }, { word: 'ha', times: '100' }, {}]) {
    const answer = (await ask(port, { method: 'prompts/get', params: { name: 'test_prompt_with_number', arguments: args } })).json;
    checks.equal(`a prompt with ${JSON.stringify(args)}: -32602`, answer.error?.code, -32602);
  }
}

export async function transport(checks, port) {
  for (const method of ['GET', 'DELETE', 'HEAD', 'PUT']) {
    const answer = await open(port, { method, headers: { 'MCP-Protocol-Version': '2026-07-28' } });
    checks.check(`${method}: 405`, answer.status === 405, answer.status);
  }
  const note = { jsonrpc: '2.0', method: 'notifications/whatever', params: {} };
  const accepted = await send(port, post(port, note, { 'MCP-Protocol-Version': '2026-07-28' }));
  checks.equal('a notification: 202, no body', [accepted.status, accepted.text], [202, '']);
  const other = await send(port, post(port, note, { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'notifications/other' }));
  checks.equal('one whose header names another: 400, -32020, no id', [other.status, other.json?.error?.code, other.json?.id ?? null], [400, -32020, null]);
  const later = await send(port, post(port, note, { 'MCP-Protocol-Version': '2099-01-01' }));
  checks.equal('one of a revision nobody knows: 400, -32022', [later.status, later.json?.error?.code], [400, -32022]);
  for (const accept of ['application/json', 'text/event-stream', 'application/*', 'Text/*;q=0.5', '*/*', 'image/png, application/JSON ; q=1']) {
    checks.equal(`Accept: ${accept}`, (await ask(port, call('test_simple_text'), { headers: { Accept: accept } })).status, 200);
  }
  for (const accept of ['image/*', 'application/xml', 'text']) {
    checks.equal(`Accept: ${accept}: 406`, (await ask(port, call('test_simple_text'), { headers: { Accept: accept } })).status, 406);
  }
  const old = await ask(port, call('test_simple_text'), { headers: { 'Mcp-Session-Id': 'made-up', 'Last-Event-ID': 'x_1' } });
  checks.equal('Mcp-Session-Id and Last-Event-ID mean nothing', [old.status, old.headers['mcp-session-id']], [200, undefined]);
  checks.equal('names of headers in any case', (await ask(port, { method: 'tools/list' },
    { headers: { 'mcp-protocol-version': '2026-07-28', 'MCP-METHOD': 'tools/list' } })).status, 200);
  const progress = await ask(port, call('test_tool_with_progress'), { more_meta: { progressToken: 7 } });
  checks.check('a stream is not buffered on the way', progress.headers['x-accel-buffering'] === 'no'
    && progress.headers['content-type'].startsWith('text/event-stream') && progress.json.result, progress.headers);
  const too_much = await ask(port, { id: 4, method: 'subscriptions/listen',
    params: { notifications: { resourceSubscriptions: Array.from({ length: 3000 }, (_, i) => `test://${'x'.repeat(50)}${i}`) } } });
  checks.equal('listening to too much: refused, own id', [too_much.json.error?.code, too_much.json.id], [-32602, 4]);
}

export async function headers(checks, port) {
  const tool = 'test_x_mcp_header';
  const region = (args, more) => ask(port, call(tool, args), { headers: more });
  const full = { region: 'north', query: 'q' };
  const good = {
    'an integer': [{ ...full, limit: 42 }, { 'Mcp-Param-Region': 'north', 'Mcp-Param-Limit': '42' }],
    'an integer, compared as a number': [{ ...full, limit: 42 }, { 'Mcp-Param-Region': 'north', 'Mcp-Param-Limit': '42.0' }],
    'a boolean': [{ ...full, dry_run: true }, { 'Mcp-Param-Region': 'north', 'Mcp-Param-Dry-Run': 'true' }],
    'base64 of any text': [{ ...full, region: 'Grüße ' }, { 'Mcp-Param-Region': `=?base64?${Buffer.from('Grüße ').toString('base64')}?=` }],
    'the marks themselves': [{ ...full, region: '=?base64?x?=' }, { 'Mcp-Param-Region': `=?base64?${Buffer.from('=?base64?x?=').toString('base64')}?=` }],
    'a header nobody knows': [full, { 'Mcp-Param-Region': 'north', 'Mcp-Param-Unknown': 'x' }],
  };
  for (const [what, [args, more]] of Object.entries(good)) {
    const answer = await region(args, more);
    checks.check(`Mcp-Param, ${what}`, answer.status === 200 && answer.json.result, answer.json);
  }
  const bad = {
    'True for true': [{ ...full, dry_run: true }, { 'Mcp-Param-Region': 'north', 'Mcp-Param-Dry-Run': 'True' }],
    'another number': [{ ...full, limit: 42 }, { 'Mcp-Param-Region': 'north', 'Mcp-Param-Limit': '43' }],
    'a number with a tail': [{ ...full, limit: 42 }, { 'Mcp-Param-Region': 'north', 'Mcp-Param-Limit': '42x' }],
    'bytes that are no ASCII': [{ ...full, region: 'é' }, { 'Mcp-Param-Region': Buffer.from('é').toString('latin1') }],
  };
  for (const [what, [args, more]] of Object.entries(bad)) checks.equal(`Mcp-Param, ${what}: 400, -32020`, code(await region(args, more)), [400, -32020]);
  const uri = 'test://template/grün/data';
  const read = (value) => ask(port, { method: 'resources/read', params: { uri } }, { headers: { 'Mcp-Name': value } });
  checks.equal('Mcp-Name as raw UTF-8: 400, -32020', code(await read(Buffer.from(uri).toString('latin1'))), [400, -32020]);
  checks.check('Mcp-Name in base64', (await read(`=?base64?${Buffer.from(uri).toString('base64')}?=`)).json.result);
  checks.equal('Mcp-Name in broken base64: 400, -32020', code(await read('=?base64?dGV?=')), [400, -32020]);
}

export async function requests(checks, port, server) {
  const logs = async (level) => (await ask(port, call('test_tool_with_logging'), { more_meta: level === undefined ? {} : { [level_key]: level } }));
  checks.equal('no logLevel, no log', (await logs()).notifications, []);
  checks.equal('logLevel debug: all', (await logs('debug')).notifications.map((one) => one.params.level), ['info', 'info', 'info']);
  checks.equal('logLevel error: nothing milder', (await logs('error')).notifications, []);
  checks.equal('an unknown logLevel: -32602', (await logs('loud')).json.error?.code, -32602);
  for (const token of [7, 'seven', '7']) {
    const told = (await ask(port, call('test_tool_with_progress'), { more_meta: { progressToken: token } })).notifications;
    const values = told.map((one) => one.params.progress);
    checks.check(`progressToken ${JSON.stringify(token)}: echoed, growing`, told.length > 1 && told.every((one) => one.params.progressToken === token)
      && values.every((value, i) => i === 0 || value > values[i - 1]), told);
  }
  checks.equal('no progressToken, no progress', (await ask(port, call('test_tool_with_progress'))).notifications, []);

  const question = call('test_input_required_result_elicitation');
  const first = (await ask(port, question)).json.result;
  const [key] = Object.keys(first.inputRequests);
  const again = (responses, state = first.requestState) => ask(port, call('test_input_required_result_elicitation', {}, { inputResponses: responses, requestState: state }));
  for (const wrong of [{}, { other: { action: 'accept' } }, { [key]: 5 }, { [key]: { action: 'maybe' } }, { [key]: { action: 'accept', content: { x: {} } } }]) {
    const answer = (await again(wrong)).json.result;
    checks.equal(`answers ${JSON.stringify(wrong)}: asked again`, answer?.resultType, 'input_required');
  }
  for (const wrong of [5, 'x', [1]]) checks.equal(`inputResponses ${JSON.stringify(wrong)}: -32602`, (await again(wrong)).json.error?.code, -32602);
  checks.equal('requestState that is no text: -32602', (await again({}, 5)).json.error?.code, -32602);
  for (const method of ['tools/list', 'completion/complete', 'server/discover']) {
    const answer = (await ask(port, { method, params: { inputResponses: {}, requestState: 'x' } })).json;
    checks.check(`${method} never asks for input`, answer.result?.resultType !== 'input_required', answer);
  }

  const cancelled = () => (server.output().match(/call cancelled/g) ?? []).length;
  const before = cancelled();
  const waiting = open(port, { body: { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'test_pause', arguments: { ms: 30000 },
    _meta: { [version_key]: '2026-07-28', [capabilities_key]: {} } } },
    headers: { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'test_pause', Connection: 'close' } });
  const gone = AbortSignal.timeout(300);
  await Promise.race([waiting.catch(() => {}), new Promise((resolve) => { gone.onabort = resolve; })]);
  checks.equal('a call is not cancelled while its client waits', cancelled(), before);
  // The call is over 100 ms after its first words: a client that comes too late to hang up tries it again.
  let closed = 0;
  for (; closed < 20 && cancelled() === before; ++closed) {
    const doomed = await modern(port, call('test_tool_with_progress'), { more_meta: { progressToken: 1 } });
    await doomed.next((event) => event.message?.method === 'notifications/progress');
    doomed.close();
    for (let i = 0; i < 100 && cancelled() === before; ++i) await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
  checks.check('a closed stream cancels its call, once', cancelled() > before && cancelled() <= before + closed, [before, cancelled(), closed]);

  const complete = (params) => ask(port, { method: 'completion/complete', params });
  const ref = { type: 'ref/prompt', name: 'test_prompt_with_arguments' };
  checks.equal('completion', (await complete({ ref, argument: { name: 'arg1', value: 'r' } })).json.result?.completion, { values: ['red'], total: 1, hasMore: false });
  for (const params of [{}, { ref }, { ref: { type: 'ref/prompt', name: 'none' }, argument: { name: 'a', value: '' } }, { ref: { type: 'ref/x' }, argument: { name: 'a', value: '' } }]) {
    checks.equal(`completion of ${JSON.stringify(params)}: -32602`, (await complete(params)).json.error?.code, -32602);
  }
}

export async function subscriptions(checks, port) {
  const listen = (id, notifications) => modern(port, { id, method: 'subscriptions/listen', params: { notifications } });
  const tools = await listen(41, { toolsListChanged: true });
  const watching = await listen('forty-two', { resourceSubscriptions: ['test://watched-resource'], promptsListChanged: false });
  const nothing = await listen(43, {});
  const ack = await tools.next(() => true);
  checks.equal('the first message acknowledges', [ack?.message.method, ack?.message.params], ['notifications/subscriptions/acknowledged',
    { _meta: { [subscription_key]: 41 }, notifications: { toolsListChanged: true } }]);
  const named = await watching.next(() => true);
  checks.equal('what was agreed to, under an id that is a text', named?.message.params, { _meta: { [subscription_key]: 'forty-two' },
    notifications: { resourceSubscriptions: ['test://watched-resource'] } });
  checks.equal('nothing asked, nothing agreed to', (await nothing.next(() => true))?.message.params.notifications, {});
  await ask(port, call('test_trigger_tool_change'));
  await ask(port, call('test_touch_resource'));
  const changed = await tools.next((event) => event.message.method === 'notifications/tools/list_changed');
  checks.equal('a change of the tools, with the subscription', changed?.message.params?._meta, { [subscription_key]: 41 });
  const updated = await watching.next((event) => event.message.method === 'notifications/resources/updated');
  checks.equal('a change of the resource, with the subscription', updated?.message.params, { _meta: { [subscription_key]: 'forty-two' }, uri: 'test://watched-resource' });
  await ask(port, call('test_trigger_tool_change'));
  await tools.next(() => tools.events.length >= 3);
  checks.equal('each hears only what it asked for', [tools.events.length, watching.events.length, nothing.events.length], [3, 2, 1]);
  for (const notifications of [undefined, 5, []]) {
    const refused = await ask(port, { method: 'subscriptions/listen', params: { notifications } });
    checks.equal(`listening to ${JSON.stringify(notifications)}: 400, -32602`, code(refused), [400, -32602]);
  }
  nothing.close();
  return { tools, watching };
}

// Calls of both eras that are in flight when the server is told to stop: call it, stop, then await what it gave.
export async function in_flight(port) {
  const session = await open_session(port, '2025-11-25', { capabilities: { elicitation: {} } });
  const old = (id, name, args) => open(port, { headers: session.headers, body: { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } } });
  const answers = [ask(port, call('test_pause', { ms: 3000 })), old(1, 'test_pause', { ms: 3000 }), old(2, 'test_elicitation', { message: 'Who?' })];
  await new Promise((resolve) => { setTimeout(resolve, 1500); });
  return answers;
}

export async function calls_end(checks, answers) {
  const [modern_call, old_call, question] = await Promise.all(answers);
  checks.equal('a call in flight is answered', modern_call.json?.result?.content?.[0]?.text, 'Awake');
  await old_call.end();
  checks.equal('one of an older session too', old_call.json?.result?.content?.[0]?.text, 'Awake');
  await question.end();
  checks.check('a question nobody can answer any more does not hold it up', question.events.at(-1)?.message?.id === 2
    && question.events.at(-1).message.result, question.events.at(-1));
}

// After the server was told to stop.
export async function graceful_end(checks, { tools, watching }) {
  for (const [what, id, stream] of [['a number', 41, tools], ['a text', 'forty-two', watching]]) {
    await stream.end();
    const last = stream.events.at(-1)?.message;
    checks.check(`a subscription under ${what} ends with its answer`, stream.ended && last?.id === id && last?.result?.resultType === 'complete'
      && last.result._meta?.[subscription_key] === id, last);
  }
}
