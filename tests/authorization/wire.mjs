// Requests of both eras by hand: {status, headers, body, word}.
import http from 'node:http';

const info = { name: 'authorization', version: '1' };
let last_id = 0;

// A stream of GET is listened to for `listen_ms`.
export function send(url, { method = 'POST', headers = {}, body, listen_ms = 150 } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers }, (response) => {
      let text = '';
      const done = () => resolve({ status: response.statusCode, headers: response.headers, text, ...read(text) });
      response.on('data', (chunk) => { text += chunk; });
      response.on('end', done);
      if (method === 'GET' && response.headers['content-type']?.startsWith('text/event-stream')) {
        setTimeout(() => { request.destroy(); done(); }, listen_ms);
      }
      response.on('error', () => {});
    });
    // Who refuses a body may close before it has all come: its answer may be there all the same, or status 0.
    request.on('error', (error) => {
      if (!['EPIPE', 'ECONNRESET'].includes(error.code)) return reject(error);
      return setTimeout(() => resolve({ status: 0, headers: {}, text: '', ...read('') }), 2000);
    });
    request.end(body);
  });
}

// The same while it comes: wait_for(message → bool) gives the first message that fits, `ended` the whole text.
export function open_stream(url, { method = 'POST', headers = {}, body } = {}) {
  let text = '';
  let look = () => {};
  const messages = () => [...text.matchAll(/^data: (\{.*\})\n/gm)].map((match) => JSON.parse(match[1]));
  const out = {};
  out.ended = new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers }, (response) => {
      response.on('data', (chunk) => { text += chunk; look(); });
      response.on('end', () => { look = () => {}; resolve({ status: response.statusCode, headers: response.headers, text, ...read(text) }); });
      response.on('error', () => resolve({ status: response.statusCode, text }));
    });
    out.close = () => request.destroy();
    request.on('error', (error) => { if (error.code !== 'ECONNRESET') reject(error); else resolve({ text }); });
    request.end(body);
  });
  out.wait_for = (fits) => Promise.race([new Promise((resolve) => {
    look = () => { const found = messages().find(fits); if (found) resolve(found); };
    look();
  }), out.ended.then((answer) => { throw new Error(`the stream ended without it: ${answer.text}`); })]);
  return out;
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

export async function open_session(url, headers = {}, version = '2025-11-25') {
  const params = { protocolVersion: version, capabilities: { elicitation: {} }, clientInfo: info };
  const answer = await send(url, { headers: { ...common, ...headers }, body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }) });
  const id = answer.headers['mcp-session-id'];
  const base = { ...common, 'mcp-protocol-version': version, 'mcp-session-id': id };
  return {
    id,
    base,
    request: (method, params_ = {}, { headers: more = {}, meta } = {}) => {
      last_id += 1;
      const full = meta ? { ...params_, _meta: meta } : params_;
      return send(url, { headers: { ...base, ...more }, body: JSON.stringify({ jsonrpc: '2.0', id: last_id, method, params: full }) });
    },
    stream: (message, more = {}) => open_stream(url, { headers: { ...base, ...more }, body: JSON.stringify(message) }),
    raw: (message, more = {}) => send(url, { headers: { ...base, ...more }, body: JSON.stringify(message) }),
    get: (more = {}, listen_ms = 150) => send(url, { method: 'GET', headers: { ...base, ...more }, listen_ms }),
    remove: (more = {}) => send(url, { method: 'DELETE', headers: { ...base, ...more } }),
  };
}
