// Messages that are wrong: JSON, JSON-RPC, `_meta`, headers, versions, arguments, batches.
import { all_capabilities, capabilities_key, meta, modern, open_session, post, raw, send, version_key } from './raw.mjs';

const summary = (answer) => [answer.status, answer.json?.error?.code];

export async function malformed(checks, port) {
  const legacy = await open_session(port);
  const bad_json = {
    'half an object': '{"jsonrpc":"2.0","id":1,"method":', 'trailing comma': '{"jsonrpc":"2.0","id":1,"method":"ping",}',
    'not JSON': 'hello', empty: '', 'two values': '{} {}', 'single quotes': "{'jsonrpc':'2.0'}",
    'invalid UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]),
    'raw control character': '{"jsonrpc":"2.0","id":1,"method":"a\u0001"}',
    'lone NUL': Buffer.from([0]), 'NaN': '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":NaN}}',
    'depth 5000': `{"jsonrpc":"2.0","id":1,"method":"ping","params":${'['.repeat(5000)}${']'.repeat(5000)}}`,
    'depth 100000': '['.repeat(100000),
  };
  for (const [what, body] of Object.entries(bad_json)) {
    checks.equal(`${what}: 400, -32700`, summary(await send(port, post(port, body))), [400, -32700]);
    checks.equal(`${what} in a session: 400, -32700`, summary(await send(port, post(port, body, legacy.headers))), [400, -32700]);
  }
  const no_request = {
    'a number': 1, 'a string': '"x"', null: 'null', 'no jsonrpc': { id: 1, method: 'ping' }, 'jsonrpc 1.0': { jsonrpc: '1.0', id: 1, method: 'ping' },
    'method is a number': { jsonrpc: '2.0', id: 1, method: 5 }, 'params is a string': { jsonrpc: '2.0', id: 1, method: 'ping', params: 'x' },
    'id is an object': { jsonrpc: '2.0', id: {}, method: 'ping' }, 'id is null': { jsonrpc: '2.0', id: null, method: 'ping' },
    'id is true': { jsonrpc: '2.0', id: true, method: 'ping' }, 'empty object': {},
  };
  for (const [what, body] of Object.entries(no_request)) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'ping' };
    checks.equal(`${what}: 400, -32600`, summary(await send(port, post(port, text, headers))), [400, -32600]);
    checks.equal(`${what} in a session: 400, -32600`, summary(await send(port, post(port, text, legacy.headers))), [400, -32600]);
  }
}

export async function methods_and_meta(checks, port) {
  const legacy = await open_session(port);
  const unknown = await send(port, modern(port, { id: 7, method: 'no/such' }));
  checks.equal('unknown method, 2026: 404, -32601, own id', [...summary(unknown), unknown.json?.id], [404, -32601, 7]);
  const old = await legacy.send({ jsonrpc: '2.0', id: 'seven', method: 'no/such' });
  checks.equal('unknown method, 2025: -32601, own id', [old.json?.error?.code, old.json?.id], [-32601, 'seven']);
  const tool = await send(port, modern(port, { method: 'tools/call', params: { name: 'no_such_tool', arguments: {} } }));
  checks.equal('unknown tool, 2026: -32602', tool.json?.error?.code, -32602);
  const old_tool = await legacy.send({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'no_such_tool', arguments: {} } });
  checks.equal('unknown tool, 2025: -32602', old_tool.json?.error?.code, -32602);
  for (const method of ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe']) {
    checks.equal(`${method} is gone in 2026: 404, -32601`, summary(await send(port, modern(port, { method }))), [404, -32601]);
  }

  const broken = {
    'no _meta': { _meta: undefined }, '_meta is a string': { _meta: 'x' }, '_meta empty': { _meta: {} },
    'no version': { _meta: { [capabilities_key]: {} } }, 'no capabilities': { _meta: { [version_key]: '2026-07-28' } },
    'capabilities is a list': { _meta: { [version_key]: '2026-07-28', [capabilities_key]: [] } },
    'version is a number': { _meta: { [version_key]: 20260728, [capabilities_key]: {} } },
  };
  for (const [what, params] of Object.entries(broken)) {
    const answer = await send(port, modern(port, { id: 9, method: 'tools/list', params }));
    checks.equal(`${what}: 400, -32602, own id`, [...summary(answer), answer.json?.id], [400, -32602, 9]);
  }
  const undeclared = await send(port, modern(port, { method: 'tools/call', params: { name: 'test_missing_capability', arguments: {}, _meta: meta({}) } }));
  checks.equal('undeclared capability: 400, -32021, named', [...summary(undeclared), undeclared.json?.error?.data?.requiredCapabilities],
    [400, -32021, { sampling: {} }]);
}

export async function headers_and_versions(checks, port) {
  const call = { method: 'tools/call', params: { name: 'test_simple_text', arguments: {} } };
  const mismatches = {
    'no Mcp-Method': { 'Mcp-Method': undefined }, 'other Mcp-Method': { 'Mcp-Method': 'tools/list' }, 'Mcp-Method in capitals': { 'Mcp-Method': 'TOOLS/CALL' },
    'no Mcp-Name': { 'Mcp-Name': undefined }, 'other Mcp-Name': { 'Mcp-Name': 'other' }, 'empty Mcp-Name': { 'Mcp-Name': '' },
    'Mcp-Name twice': { 'Mcp-Name': ['test_simple_text', 'other'] }, 'Mcp-Method twice': { 'Mcp-Method': ['tools/call', 'tools/list'] },
    'other version in the header': { 'MCP-Protocol-Version': '2025-11-25' }, 'no version header': { 'MCP-Protocol-Version': undefined },
    'version header twice': { 'MCP-Protocol-Version': ['2026-07-28', '2025-11-25'] },
  };
  for (const [what, headers] of Object.entries(mismatches)) {
    const answer = await send(port, modern(port, { ...call, id: 11 }, headers));
    checks.equal(`${what}: 400, -32020, own id`, [...summary(answer), answer.json?.id], [400, -32020, 11]);
  }
  const good = await send(port, modern(port, call, { 'Mcp-Name': '=?base64?dGVzdF9zaW1wbGVfdGV4dA==?=' }));
  checks.equal('an encoded Mcp-Name is decoded', good.json?.result?.isError ?? false, false);

  const region = (headers, args = { region: 'north', query: 'q' }) => send(port, modern(port, { method: 'tools/call',
    params: { name: 'test_x_mcp_header', arguments: args } }, headers));
  const full = { 'Mcp-Param-Region': 'north' };
  checks.check('matching Mcp-Param headers pass', (await region(full)).json?.result !== undefined);
  const params = {
    'missing Mcp-Param': {}, 'other Mcp-Param': { 'Mcp-Param-Region': 'south' }, 'bad base64': { 'Mcp-Param-Region': '=?base64?bm9ydGg?=' },
    'base64 with junk': { 'Mcp-Param-Region': '=?base64?bm9y!!dGg=?=' }, 'Mcp-Param twice': { 'Mcp-Param-Region': ['north', 'south'] },
    'other letter case': { 'Mcp-Param-Region': 'North' },
  };
  for (const [what, headers] of Object.entries(params)) {
    checks.equal(`${what}: 400, -32020`, summary(await region(headers)), [400, -32020]);
  }
  const superfluous = await region({ ...full, 'Mcp-Param-Limit': '5' });
  checks.equal('an Mcp-Param without its argument: 400, -32020', summary(superfluous), [400, -32020]);

  const future = { params: { _meta: { [version_key]: '2099-01-01', [capabilities_key]: {} } } };
  const unsupported = await send(port, modern(port, { method: 'tools/list', ...future }, { 'MCP-Protocol-Version': '2099-01-01' }));
  checks.equal('unsupported version: 400, -32022, requested echoed', [...summary(unsupported), unsupported.json?.error?.data?.requested],
    [400, -32022, '2099-01-01']);
  checks.check('the supported versions are listed', unsupported.json?.error?.data?.supported?.includes('2026-07-28'), unsupported.text);
  for (const [asked, given] of [['2099-01-01', '2025-11-25'], ['2025-11-25', '2025-11-25'], ['2025-06-18', '2025-06-18'], ['2025-03-26', '2025-03-26'],
    ['1999-01-01', '2025-11-25']]) {
    const { answer } = await open_session(port, asked);
    checks.equal(`initialize asking for ${asked} negotiates ${given}`, answer.json?.result?.protocolVersion, given);
  }
  const session = await open_session(port);
  const listed = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  checks.equal('nonsense version header in a session: 400', (await session.send(listed, { 'MCP-Protocol-Version': 'banana' })).status, 400);
}

export async function arguments_and_batches(checks, port) {
  const session = await open_session(port);
  const call = (name, args) => session.send({ jsonrpc: '2.0', id: 3, method: 'tools/call', params: { name, arguments: args } });
  const faults = (await call('test_x_mcp_header', { query: 7, limit: 0, dry_run: 'no', extra: 1 })).json?.result;
  const text = faults?.content?.map((part) => part.text).join('\n') ?? '';
  checks.equal('bad arguments: isError', faults?.isError, true);
  for (const pointer of ['/region', '/query', '/limit', '/dry_run', '/extra']) {
    checks.check(`bad arguments: the fault at ${pointer} is named`, text.includes(pointer), text);
  }
  checks.check('bad arguments: the tool did not run', !text.includes('Region '), text);
  for (const [what, args] of [['2.5 for an integer', { limit: 2.5 }], ['overflow', { limit: 1e30 }], ['a string for an integer', { limit: '5' }]]) {
    const result = (await call('test_x_mcp_header', { region: 'a', query: 'b', ...args })).json?.result;
    checks.check(`${what} is refused at /limit`, result?.isError === true && result.content[0].text.includes('/limit'), result);
  }
  const modern_call = (name, args) => send(port, modern(port, { method: 'tools/call', params: { name, arguments: args } }));
  const runs = async () => (await modern_call('test_typed_count', {})).json?.result?.content?.[0]?.text;
  const before = await runs();
  const typed = (await modern_call('test_typed', { count: 100, ship: { zip: 1, more: 1 }, note: 5, extra: 1 })).json?.result;
  checks.equal('bad arguments on 2026-07-28: isError', typed?.isError, true);
  for (const pointer of ['/count', '/ship/city', '/ship/zip', '/ship/more', '/note', '/extra']) {
    checks.check(`bad arguments on 2026-07-28: the fault at ${pointer} is named`, typed?.content?.[0]?.text.includes(pointer), typed);
  }
  checks.check('bad arguments on 2026-07-28: the tool did not run', before !== undefined && await runs() === before, before);
  const raw_schema = (await modern_call('json_schema_2020_12_tool', { contactMethod: 'phone', email: 'a@b.c', other: 1 })).json?.result;
  checks.equal('a raw schema is enforced on 2026-07-28', raw_schema?.isError, true);
  for (const args of ['x', 5, [1], true]) {
    const answer = await call('test_simple_text', args);
    checks.check(`arguments = ${JSON.stringify(args)} is refused`, answer.json?.error?.code === -32602 || answer.json?.error?.code === -32600 ||
      answer.json?.result?.isError === true, answer.text);
  }
  const conditional = (await call('json_schema_2020_12_tool', { contactMethod: 'phone', email: 'a@b.c', other: 1 })).json?.result;
  checks.equal('a raw schema is enforced', conditional?.isError, true);
  const huge = (await call('test_x_mcp_header', { region: 'r'.repeat(200000), query: 'q' })).json;
  checks.check('a long string passes or is refused, and is answered', huge?.result !== undefined || huge?.error !== undefined);

  const batch = [{ jsonrpc: '2.0', id: 1, method: 'ping' }, { jsonrpc: '2.0', method: 'notifications/initialized' }, { jsonrpc: '2.0', id: 2, method: 'tools/list' }, 5];
  const oldest = await open_session(port, '2025-03-26');
  const answered = await oldest.send(batch);
  const by_id = (id) => answered.json?.find?.((item) => item.id === id);
  checks.check('a batch is answered on 2025-03-26', answered.status === 200 && by_id(1)?.result && by_id(2)?.result?.tools, answered.text?.slice(0, 300));
  checks.check('its invalid member gets -32600', answered.json?.some?.((item) => item.error?.code === -32600), answered.text?.slice(0, 300));
  for (const version of ['2025-06-18', '2025-11-25']) {
    const newer = await open_session(port, version);
    checks.equal(`a batch on ${version}: 400, -32600`, summary(await newer.send(batch)), [400, -32600]);
  }
  const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/list' };
  checks.equal('a batch on 2026-07-28: 400, -32600', summary(await send(port, post(port, batch, headers))), [400, -32600]);
  checks.equal('an empty batch: 400, -32600', summary(await oldest.send([])), [400, -32600]);
  const flood = Array.from({ length: 5000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }));
  checks.equal('a batch of 5000: 400, -32600', summary(await oldest.send(flood)), [400, -32600]);
  const nested = await oldest.send([[{ jsonrpc: '2.0', id: 1, method: 'ping' }]]);
  checks.check('a batch in a batch is refused', nested.status === 400 || nested.json?.[0]?.error?.code === -32600, nested.text);
}

export async function throwing_tool(checks, port, server) {
  for (const [era, ask] of [
    ['2026', () => send(port, modern(port, { method: 'tools/call', params: { name: 'test_error_handling', arguments: {}, _meta: meta(all_capabilities) } }))],
    ['2025', async () => (await open_session(port)).send({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'test_error_handling' } })],
  ]) {
    const answer = await ask();
    const text = answer.json?.result?.content?.[0]?.text ?? '';
    checks.equal(`a tool that throws, ${era}: 200, isError`, [answer.status, answer.json?.result?.isError], [200, true]);
    checks.check(`a tool that throws, ${era}: generic text`, text.length > 0 && !answer.text.includes('intentionally'), answer.text);
  }
  checks.check('its details are in the log', server.output().includes('This tool intentionally'), server.output().slice(-600));
  const two = await raw(port, Buffer.concat([modern(port, { id: 1, method: 'tools/list' }), modern(port, { id: 2, method: 'tools/list' })]), { answers: 2 });
  checks.equal('pipelined requests are answered in order', two.responses.map((answer) => answer.json?.id), [1, 2]);
}
