// tools/call with a token in the Authorization header, on both eras, spoken by hand: status, code and content.
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
  const content = message.result?.content?.[0]?.text;
  return { status: answer.status, code: message.error?.data?.code, text: content, is_error: Boolean(message.result?.isError), message,
    challenge: answer.headers.get('www-authenticate') };
}

const headers_of = (token, more) => ({ 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
  ...(token ? { Authorization: `Bearer ${token}` } : {}), ...more });

export function modern(url) {
  return {
    name: '2026-07-28',
    async call(tool, token, args = {}) {
      const meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {}, 'io.modelcontextprotocol/clientInfo': info };
      return read(await fetch(url, { method: 'POST',
        headers: headers_of(token, { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': tool }),
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { _meta: meta, name: tool, arguments: args } }) }));
    },
  };
}

// A session for each token: a session belongs to who uses it first.
export function legacy(url) {
  return {
    name: '2025-11-25',
    async call(tool, token, args = {}) {
      const post = (body, more) => fetch(url, { method: 'POST', headers: headers_of(token, more), body: JSON.stringify(body) });
      const opened = await post({ jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: info } });
      const session = { 'Mcp-Session-Id': opened.headers.get('mcp-session-id') ?? '', 'MCP-Protocol-Version': '2025-11-25' };
      await opened.text();
      await (await post({ jsonrpc: '2.0', method: 'notifications/initialized' }, session)).text();
      return read(await post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } }, session));
    },
  };
}
