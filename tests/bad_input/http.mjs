// Bytes that are wrong: limits on time and size, Host and Origin, framing that two parsers could read in two ways.
import { modern, open_session, post, raw, send } from './raw.mjs';

const list = { method: 'tools/list' };

export async function limits(checks, port) {
  const declared = await raw(port, post(port, '{}', { 'Content-Length': 2 ** 30 }));
  checks.equal('a declared gigabyte: 413', declared.first.status, 413);
  checks.check('and the connection is closed', declared.closed || declared.first.headers?.connection === 'close', declared.why);
  const absurd = await raw(port, post(port, '{}', { 'Content-Length': '99999999999999999999999' }));
  checks.check('an absurd length: 413 or 400', [400, 413].includes(absurd.first.status), absurd.first.status);
  const mega = Buffer.from(`100000\r\n${'x'.repeat(0x100000)}\r\n`);
  const head = post(port, '', { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' });
  const chunked = await raw(port, [head, ...Array.from({ length: 64 }, () => mega), '0\r\n\r\n'], { patience_ms: 120_000 });
  checks.equal('64 MB in chunks: 413', chunked.first.status, 413);
  const long_header = await raw(port, post(port, '{}', { 'X-Long': 'a'.repeat(200000) }));
  checks.check('a header of 200 kB: 431', [431, 400].includes(long_header.first.status), long_header.first.status ?? long_header.why);
  const many = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`X-${i}`, 'a']));
  const many_headers = await raw(port, post(port, '{}', many));
  checks.check('5000 headers: 431', [431, 400].includes(many_headers.first.status), many_headers.first.status ?? many_headers.why);
  const target = await raw(port, `GET /${'a'.repeat(100000)} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  checks.check('a target of 100 kB: 4xx', target.first.status >= 400 && target.first.status < 500, target.first.status ?? target.why);
}

// The waiting ones run beside everything else.
export function slow_senders(checks, port) {
  const start = async (what, chunks, wanted) => {
    const outcome = await raw(port, chunks, { patience_ms: 75000 });
    checks.check(`${what}: ${wanted}`, outcome.first.status === 408 || (outcome.first.status === undefined && outcome.closed && wanted.includes('closed')),
      `${outcome.first.status ?? outcome.why} after ${outcome.ms} ms`);
    checks.check(`${what}: the connection is closed`, outcome.closed || outcome.first.headers?.connection === 'close', outcome.why);
  };
  const body = post(port, 'x'.repeat(100), { 'Content-Length': 100 });
  const drip = Array.from({ length: 60 }, () => [{ wait: 1000 }, 'x']).flat();
  return Promise.all([
    start('half a body', body.subarray(0, body.length - 50), '408'),
    start('a body that drips', [body.subarray(0, body.length - 100), ...drip], '408'),
    start('half a header', `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nX-Slow: `, '408 or closed'),
    start('half a chunk', [post(port, '', { 'Content-Length': undefined, 'Transfer-Encoding': 'chunked' }), '10\r\nabc'], '408'),
  ]);
}

export async function host_and_origin(checks, port) {
  const good = { 'localhost, any port': { Host: `localhost:${port}` }, 'own origin': { Origin: `http://127.0.0.1:${port}` } };
  for (const [what, headers] of Object.entries(good)) {
    checks.equal(`${what} is served`, (await send(port, modern(port, list, headers))).status, 200);
  }
  const foreign = {
    'foreign Host': { Host: 'evil.example.com' }, 'foreign Host with our port': { Host: `evil.example.com:${port}` },
    'Host that begins like ours': { Host: `127.0.0.1.evil.example.com:${port}` }, 'foreign Origin': { Origin: 'http://evil.example.com' },
    'Origin null': { Origin: 'null' }, 'Origin that begins like ours': { Origin: `http://localhost.evil.example.com:${port}` },
    'Origin that is no origin': { Origin: 'localhost' },
  };
  for (const [what, headers] of Object.entries(foreign)) {
    checks.equal(`${what}: 403`, (await send(port, modern(port, list, headers))).status, 403);
    const initialize = { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'a', version: '1' } } };
    checks.equal(`${what} on initialize: 403`, (await send(port, post(port, initialize, headers))).status, 403);
  }
  const get = await send(port, `GET /mcp HTTP/1.1\r\nHost: evil.example.com\r\nAccept: text/event-stream\r\n\r\n`);
  checks.equal('foreign Host on GET: 403', get.status, 403);
  const none = await send(port, post(port, '{}', { Host: undefined }));
  checks.equal('no Host: 400', none.status, 400);
  const two = await send(port, post(port, '{}', { Host: [`127.0.0.1:${port}`, 'evil.example.com'] }));
  checks.check('two Hosts: 400 or 403', [400, 403].includes(two.status), two.status);
}

export async function framing(checks, port) {
  const request = modern(port, list).toString('latin1');
  const [head, body] = request.split('\r\n\r\n');
  const refused = {
    'length and chunks at once': `${head}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    'two different lengths': `${head}\r\nContent-Length: 1\r\n\r\n${body}`,
    'a negative length': request.replace(/Content-Length: \d+/, 'Content-Length: -5'),
    'a length in hex': request.replace(/Content-Length: \d+/, 'Content-Length: 0x20'),
    'a signed length': request.replace(/Content-Length: /, 'Content-Length: +'),
    'a folded header': request.replace('Accept: ', 'X-Folded: a\r\n b\r\nAccept: '),
    'a space before the colon': request.replace('Accept:', 'Accept :'),
    'a line feed alone': request.replaceAll('\r\n', '\n'),
    'a NUL in a header': request.replace('Accept: ', 'X-Nul: a\0b\r\nAccept: '),
    'no HTTP at all': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03hello\r\n\r\n',
    'HTTP/2 by prior knowledge': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'an unknown transfer coding': head.replace(/Content-Length: \d+/, 'Transfer-Encoding: gzip') + '\r\n\r\n',
    'a chunk size that is none': `${head.replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')}\r\n\r\nzz\r\nabc\r\n0\r\n\r\n`,
  };
  for (const [what, bytes] of Object.entries(refused)) {
    const outcome = await raw(port, bytes, { patience_ms: 30_000, half_close: true });
    const status = outcome.first.status;
    checks.check(`${what}: refused and closed`, outcome.responses.length <= 1 && (status === undefined ? outcome.closed : status >= 400 && status < 500 || status === 501 || status === 505),
      `${status ?? outcome.why}, ${outcome.responses.length} answers`);
  }
  const methods = { PUT: 405, PATCH: 405, TRACE: 405, CONNECT: 405, BREW: 405 };
  for (const [method, status] of Object.entries(methods)) {
    const answer = await send(port, `${method} /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Length: 0\r\n\r\n`);
    checks.check(`${method}: ${status}`, answer.status === status || answer.status === 400 || answer.status === 501, answer.status);
  }
  checks.equal('another path: 404', (await send(port, post(port, '{}').toString().replace('/mcp', '/nothing'))).status, 404);
  checks.equal('plain text: 415', (await send(port, modern(port, list, { 'Content-Type': 'text/plain' }))).status, 415);
  checks.equal('accepts images only: 406', (await send(port, modern(port, list, { Accept: 'image/png' }))).status, 406);
  const alive = await send(port, modern(port, list));
  checks.equal('after all that it serves', alive.status, 200);
}

export async function sessions(checks, port) {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  const nobody = { 'MCP-Protocol-Version': '2025-11-25' };
  checks.equal('no session: 400', (await send(port, post(port, ping, nobody))).status, 400);
  for (const id of ['0123456789abcdef', 'x'.repeat(5000), '../../etc', "' OR 1=1"]) {
    const answer = await send(port, post(port, ping, { ...nobody, 'Mcp-Session-Id': id }));
    checks.check(`unknown session ${id.slice(0, 16)}: 404`, answer.status === 404, answer.status);
  }
  const session = await open_session(port);
  checks.check('session ids are long and visible', /^[\x21-\x7e]{20,}$/.test(session.id ?? ''), session.id);
  checks.equal('a session answers', (await session.send(ping)).json?.result, {});
  const removed = await send(port, `DELETE /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nMcp-Session-Id: ${session.id}\r\nMCP-Protocol-Version: 2025-11-25\r\n\r\n`);
  checks.check('DELETE ends it', removed.status >= 200 && removed.status < 300, removed.status);
  checks.equal('an ended session: 404', (await session.send(ping)).status, 404);
  const two = await session.send(ping, { 'Mcp-Session-Id': ['a', 'b'] });
  checks.check('two session ids: 400', two.status === 400, two.status);
}

// 2,000 initializes from one address, then from many: both caps refuse clearly and everybody else goes on.
export async function flood(checks, port) {
  const early = await open_session(port, '2025-11-25', { source: '127.0.0.2' });
  const burst = async (source, count) => {
    const statuses = new Map();
    let refused;
    const initialize = post(port, { jsonrpc: '2.0', id: 0, method: 'initialize',
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'flood', version: '1' } } });
    const per_connection = 250;
    for (let sent = 0; sent < count; sent += per_connection) {
      const outcome = await raw(port, Buffer.concat(Array.from({ length: per_connection }, () => initialize)),
        { answers: per_connection, source, patience_ms: 120_000 });
      for (const answer of outcome.responses) {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status !== 200) refused = answer;
      }
    }
    return { statuses, refused, made: statuses.get(200) ?? 0 };
  };
  const one = await burst('127.0.0.3', 2000);
  checks.check('a flood from one address is capped', one.made > 0 && one.made < 2000, one.made);
  checks.check('the refusal is 503 or 429 with Retry-After', [429, 503].includes(one.refused?.status) && Boolean(one.refused?.headers['retry-after']),
    one.refused?.status);
  checks.check('the refusal says why', /session/i.test(one.refused?.json?.error?.message ?? ''), one.refused?.text);
  const other = await open_session(port, '2025-11-25', { source: '127.0.0.4' });
  checks.check('another address is still served', Boolean(other.id), other.answer.status);
  let total = one.made;
  let refused;
  for (let i = 10; i < 40 && !refused; ++i) {
    const more = await burst(`127.0.0.${i}`, one.made);
    total += more.made;
    refused = more.made < one.made ? more.refused : undefined;
  }
  checks.check('a flood from many addresses is capped in total', [429, 503].includes(refused?.status), `${total} sessions, ${refused?.status}`);
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' };
  checks.equal('an early session still works', (await early.send(ping, {}, { source: '127.0.0.2' })).json?.result, {});
  checks.equal('the newest era needs no session and still works', (await send(port, modern(port, list))).status, 200);
}
