// tools/call with a token in the Authorization header or in _meta, on both eras, and on stdio, spoken by hand: status, code and
// content. `soft`: refusals are told as tool results.
import readline from 'node:readline';

const info = { name: 'providers-test', version: '1.0.0' };

async function read(answer) {
  const text = await answer.text();
  let message = {};
  if ((answer.headers.get('content-type') ?? '').startsWith('text/event-stream')) {
    const data = text.split('\n').filter((line) => line.startsWith('data: {'));
    if (data.length > 0) message = JSON.parse(data.at(-1).slice(6));
  } else if (text) {
    try { message = JSON.parse(text); } catch { message = { text }; }
  }
  return { ...outcome(answer.status, message), challenge: answer.headers.get('www-authenticate') };
}

function outcome(status, message) {
  const text = message.result?.content?.[0]?.text;
  const told = message.result?._meta?.['com.leanmcp/error']?.code;
  return { status, code: message.error?.data?.code, told, text, is_error: Boolean(message.result?.isError), message };
}

const modern_meta = (token, by_meta) => ({ 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': info, ...in_meta(token, by_meta) });
const in_meta = (token, by_meta) => (by_meta && token ? { authorization: { type: 'bearer', token } } : {});

const headers_of = (token, more) => ({ 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
  ...(token ? { Authorization: `Bearer ${token}` } : {}), ...more });

export function modern(url, { by_meta = false } = {}) {
  return {
    name: by_meta ? '2026-07-28 by _meta' : '2026-07-28',
    soft: by_meta,
    async call(tool, token, args = {}) {
      return read(await fetch(url, { method: 'POST',
        headers: headers_of(by_meta ? undefined : token, { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': tool }),
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { _meta: modern_meta(token, by_meta), name: tool, arguments: args } }) }));
    },
  };
}

// One process for all calls; the token comes in _meta.
function over_stdio(child, name, meta_of) {
  const waiting = new Map();
  child.once('exit', () => waiting.forEach((answer) => answer(outcome(0, {}))));
  readline.createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line);
    waiting.get(message.id)?.(outcome(200, message));
  });
  let last = 0;
  const send = (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const request = (method, params) => new Promise((resolve) => {
    last += 1;
    waiting.set(last, resolve);
    send({ id: last, method, params });
  });
  return { name, soft: true, send, request,
    call: (tool, token, args = {}) => request('tools/call', { _meta: meta_of(token), name: tool, arguments: args }) };
}

export const stdio = (child) => over_stdio(child, 'stdio', (token) => modern_meta(token, true));

export async function stdio_2025(child) {
  const wire = over_stdio(child, 'stdio 2025-11-25', (token) => in_meta(token, true));
  await wire.request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: info });
  wire.send({ method: 'notifications/initialized' });
  return wire;
}

// A session for each token: a session belongs to who uses it first.
export function legacy(url, { by_meta = false } = {}) {
  return {
    name: by_meta ? '2025-11-25 by _meta' : '2025-11-25',
    soft: by_meta,
    async open(token) {
      const opened = await this.post(token, { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: info } });
      const session = { 'Mcp-Session-Id': opened.headers.get('mcp-session-id') ?? '', 'MCP-Protocol-Version': '2025-11-25' };
      await opened.text();
      await (await this.post(token, { jsonrpc: '2.0', method: 'notifications/initialized' }, session)).text();
      return session;
    },
    post: (token, body, more) => fetch(url, { method: 'POST', headers: headers_of(by_meta ? undefined : token, more), body: JSON.stringify(body) }),
    async call_in(session, tool, token, args = {}) {
      const params = { name: tool, arguments: args, ...(by_meta ? { _meta: in_meta(token, by_meta) } : {}) };
      return read(await this.post(token, { jsonrpc: '2.0', id: 1, method: 'tools/call', params }, session));
    },
    async call(tool, token, args = {}) {
      return this.call_in(await this.open(token), tool, token, args);
    },
  };
}
