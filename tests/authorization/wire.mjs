// Requests of both eras by hand: {status, headers, body, word}.
import http from 'node:http';

const info = { name: 'authorization', version: '1' };
let last_id = 0;

export function send(url, { method = 'POST', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers }, (response) => {
      let text = '';
      const done = () => resolve({ status: response.statusCode, headers: response.headers, text, ...read(text) });
      response.on('data', (chunk) => { text += chunk; });
      response.on('end', done);
      if (method === 'GET' && response.headers['content-type']?.startsWith('text/event-stream')) {
        setTimeout(() => { request.destroy(); done(); }, 150);
      }
      response.on('error', () => {});
    });
    request.on('error', (error) => { if (error.code !== 'ECONNRESET') reject(error); });
    request.end(body);
  });
}

function read(text) {
  const line = text.startsWith('{') ? text : (text.match(/^data: (\{.*\})$/m)?.[1] ?? '{}');
  let body = {};
  try { body = JSON.parse(line); } catch { /* not JSON: the checks will say */ }
  const word = body.error?.data?.code ?? body.result?._meta?.['com.leanmcp/error']?.code;
  return { body, word, said: body.result?.content?.[0]?.text };
}

export const common = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

const name_of = (method, params) => (method === 'resources/read' ? params.uri : params.name);

export function modern(url, method, params = {}, { headers = {}, meta = {} } = {}) {
  const version = '2026-07-28';
  const full = { ...params, _meta: { 'io.modelcontextprotocol/protocolVersion': version, 'io.modelcontextprotocol/clientInfo': info,
    'io.modelcontextprotocol/clientCapabilities': {}, ...meta } };
  last_id += 1;
  const routing = name_of(method, params) ? { 'mcp-name': name_of(method, params) } : {};
  return send(url, { headers: { ...common, 'mcp-protocol-version': version, 'mcp-method': method, ...routing, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: last_id, method, params: full }) });
}

export async function open_session(url, headers = {}) {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: info };
  const answer = await send(url, { headers: { ...common, ...headers }, body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }) });
  const id = answer.headers['mcp-session-id'];
  const base = { ...common, 'mcp-protocol-version': '2025-11-25', 'mcp-session-id': id };
  return {
    id,
    base,
    request: (method, params_ = {}, { headers: more = {}, meta } = {}) => {
      last_id += 1;
      const full = meta ? { ...params_, _meta: meta } : params_;
      return send(url, { headers: { ...base, ...more }, body: JSON.stringify({ jsonrpc: '2.0', id: last_id, method, params: full }) });
    },
    get: (more = {}) => send(url, { method: 'GET', headers: { ...base, ...more } }),
    remove: (more = {}) => send(url, { method: 'DELETE', headers: { ...base, ...more } }),
  };
}
