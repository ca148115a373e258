// HTTP by hand over a socket: what is sent is exactly what the test says, and what comes back is parsed strictly.
import net from 'node:net';

// Sends each chunk (a string, a Buffer, or {wait: ms}), then reads until `answers` responses are there or the peer closes.
export function raw(port, chunks, { answers = 1, patience_ms = 60_000, source, half_close = false } = {}) {
  return new Promise((resolve) => {
    const started = Date.now();
    const socket = net.connect({ port, host: '127.0.0.1', localAddress: source });
    let received = Buffer.alloc(0);
    let timer;
    const done = (why) => {
      clearTimeout(timer);
      socket.destroy();
      const { responses, rest } = parse_all(received);
      resolve({ responses, first: responses[0] ?? {}, rest, why, closed: why === 'closed', ms: Date.now() - started, bytes: received });
    };
    timer = setTimeout(() => done('timeout'), patience_ms);
    socket.on('error', () => done('closed'));
    socket.on('close', () => done('closed'));
    socket.on('end', () => done('closed'));
    socket.on('data', (data) => {
      received = Buffer.concat([received, data]);
      if (parse_all(received).responses.length >= answers) setTimeout(() => done(socket.destroyed ? 'closed' : 'answered'), 5);
    });
    const gone = new Promise((next) => { socket.once('close', next); });
    socket.on('connect', async () => {
      for (const chunk of [chunks].flat()) {
        if (socket.destroyed) return;
        if (chunk?.wait) await new Promise((next) => { setTimeout(next, chunk.wait); });
        else if (!socket.write(chunk)) await Promise.race([new Promise((next) => { socket.once('drain', next); }), gone]);
      }
      if (half_close) socket.end();
    });
  });
}

export function parse_all(buffer) {
  const responses = [];
  let rest = buffer;
  for (;;) {
    const one = parse_one(rest);
    if (!one) return { responses, rest };
    rest = rest.subarray(one.length);
    if (one.status !== 100) responses.push(one);
  }
}

function parse_one(buffer) {
  const head_end = buffer.indexOf('\r\n\r\n');
  if (head_end < 0) return undefined;
  const [status_line, ...lines] = buffer.subarray(0, head_end).toString('latin1').split('\r\n');
  const match = /^HTTP\/1\.1 (\d{3})/.exec(status_line);
  if (!match) return undefined;
  const status = Number(match[1]);
  const headers = {};
  for (const line of lines) {
    const at = line.indexOf(':');
    headers[line.slice(0, at).toLowerCase()] = line.slice(at + 1).trim();
  }
  const start = head_end + 4;
  let text;
  let length;
  if (headers['transfer-encoding'] === 'chunked') {
    const decoded = dechunk(buffer.subarray(start));
    if (!decoded) return undefined;
    ({ text } = decoded);
    length = start + decoded.length;
  } else {
    const size = status === 204 || status === 304 || status === 100 ? 0 : Number(headers['content-length'] ?? 0);
    if (buffer.length < start + size) return undefined;
    text = buffer.subarray(start, start + size).toString();
    length = start + size;
  }
  return { status, headers, text, length, json: json_of(text, headers['content-type']) };
}

function dechunk(buffer) {
  let at = 0;
  let text = '';
  for (;;) {
    const line_end = buffer.indexOf('\r\n', at);
    if (line_end < 0) return undefined;
    const size = parseInt(buffer.subarray(at, line_end).toString('latin1'), 16);
    const end = line_end + 2 + size;
    if (buffer.length < end + 2) return undefined;
    if (size === 0) return { text, length: end + 2 };
    text += buffer.subarray(line_end + 2, end).toString();
    at = end + 2;
  }
}

function json_of(text, type) {
  try {
    if (!type?.startsWith('text/event-stream')) return JSON.parse(text);
    const messages = [...text.matchAll(/^data: ?(\S.*)$/gm)].map((match) => JSON.parse(match[1]));
    return messages.find((message) => message.result !== undefined || message.error !== undefined) ?? messages[0];
  } catch {
    return undefined;
  }
}

export const version_key = 'io.modelcontextprotocol/protocolVersion';
export const capabilities_key = 'io.modelcontextprotocol/clientCapabilities';
export const all_capabilities = { elicitation: {}, sampling: {}, roots: {} };
export const meta = (capabilities = all_capabilities) => ({ [version_key]: '2026-07-28', [capabilities_key]: capabilities });

// The bytes of a POST. `headers` replace or add; undefined removes.
export function post(port, body, headers = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const all = { Host: `127.0.0.1:${port}`, 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream',
    'Content-Length': bytes.length, ...headers };
  const head = Object.entries(all).filter(([, value]) => value !== undefined)
    .flatMap(([key, value]) => [value].flat().map((one) => `${key}: ${one}\r\n`)).join('');
  return Buffer.concat([Buffer.from(`POST /mcp HTTP/1.1\r\n${head}\r\n`, 'latin1'), bytes]);
}

const name_of = (message) => message.params?.name ?? message.params?.uri;

// A request of 2026-07-28 with everything in place; `headers` and `params._meta` may spoil it.
export function modern(port, message, headers = {}) {
  const full = { jsonrpc: '2.0', id: 1, ...message, params: { _meta: meta(), ...message.params } };
  return post(port, full, {
    'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': full.method, ...(name_of(full) ? { 'Mcp-Name': name_of(full) } : {}), ...headers,
  });
}

export async function send(port, bytes, options) {
  return (await raw(port, bytes, options)).first;
}

// A session of an older revision: {id, send(message, headers)}.
export async function open_session(port, version = '2025-11-25', { headers = {}, capabilities = {}, source } = {}) {
  const answer = await send(port, post(port, { jsonrpc: '2.0', id: 0, method: 'initialize',
    params: { protocolVersion: version, capabilities, clientInfo: { name: 'raw', version: '1' } } }, headers), { source });
  const id = answer.headers?.['mcp-session-id'];
  const own = { ...headers, 'Mcp-Session-Id': id, 'MCP-Protocol-Version': version };
  if (id) await send(port, post(port, { jsonrpc: '2.0', method: 'notifications/initialized' }, own), { source });
  return { id, answer, headers: own, send: (message, more = {}, options) => send(port, post(port, message, { ...own, ...more }), options) };
}
