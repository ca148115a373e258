// What an MCP server may answer with, to a client that has a token for it.
import { Double, drip, good_answer, mcp, pour, send_good } from './doubles.mjs';

const secret = 'held-token-7f3a';
const sse = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n';
const chunk = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const megabyte = 'x'.repeat(1024 * 1024);

function raw(text, then) {
  return (req) => {
    req.socket.write(text);
    if (then) then(req.socket);
  };
}

export async function answers() {
  const cases = [];
  const victim = await Double.start('victim');
  victim.on('*', send_good);
  const add = async (name, expect, hostile, more = {}) => {
    // Only where nothing else ends the call need its time be short.
    const timeout_ms = [expect].flat().includes('timeout') ? 4000 : 20_000;
    const rs = await Double.start(name);
    mcp(rs, (req, res, body) => hostile(req, res, body, rs));
    cases.push({
      name,
      expect,
      orders: { url: `${rs.origin}/mcp`, token: secret, timeout_ms, ...more.orders },
      after: (check, outcome) => {
        check('the call was made with the token', rs.seen.some((request) => request.body.includes('tools/call') &&
          request.headers.authorization === `Bearer ${secret}`));
        check('the token is in no output', !outcome.text.includes(secret));
        check('nobody else was asked', victim.seen.length === 0, victim.seen);
        if (more.after) more.after(check, rs);
      },
    });
  };

  await add('endless line of a stream', 'too_large', raw(sse + chunk('data: '), (socket) => pour(socket, chunk(megabyte))));
  await add('endless line without a field name', 'too_large', raw(sse, (socket) => pour(socket, chunk(megabyte))));
  await add('endless data lines of one event', 'too_large', raw(sse, (socket) => pour(socket, chunk(`data: ${'y'.repeat(1000)}\n`.repeat(500)))));
  await add('endless comments', ['timeout', 'too_large'], raw(sse, (socket) => pour(socket, chunk(': ping\n\n'.repeat(5000)))));
  await add('endless empty events', ['timeout', 'too_large'], raw(sse, (socket) => pour(socket, chunk('data:\n\n'.repeat(5000)))));
  await add('endless notifications', ['timeout', 'too_large'], raw(sse, (socket) => pour(socket,
    chunk('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n\n'.repeat(500)))));
  await add('endless progress', ['timeout', 'too_large'], (req, res, body) => {
    const token = JSON.parse(body).params?._meta?.progressToken ?? 1;
    raw(sse, (socket) => pour(socket, chunk(`data: {"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":${token},"progress":1}}\n\n`.repeat(500))))(req);
  });
  await add('body of a gigabyte', 'too_large', raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n{',
    (socket) => pour(socket, megabyte)));
  await add('endless chunked body', 'too_large', raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
    (socket) => pour(socket, chunk(megabyte))));
  await add('endless error body', ['too_large', 'http_status'], raw('HTTP/1.1 500 X\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n',
    (socket) => pour(socket, chunk(megabyte))));
  await add('endless headers', ['too_large', 'broken'], raw('HTTP/1.1 200 OK\r\n', (socket) => pour(socket, `X-H: ${'h'.repeat(1000)}\r\n`)));
  await add('one endless header', ['too_large', 'broken'], raw('HTTP/1.1 200 OK\r\nX-H: ', (socket) => pour(socket, megabyte)));
  await add('compressed body nobody asked for', ['malformed', 'http_status', 'broken'],
    raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00'));
  await add('no HTTP at all', 'broken', raw('SSH-2.0-OpenSSH_9.2\r\n', (socket) => socket.end()));
  await add('broken JSON', 'malformed', (req, res) => { res.writeHead(200, { 'Content-Type': 'application/json' }); res.end('{"jsonrpc":"2.0","id":'); });
  await add('JSON of many levels', 'too_large', (req, res) => {
    res.writeHead(200, { 'Content-Type': 'application/json' });
    res.end('['.repeat(100_000) + ']'.repeat(100_000));
  });
  await add('broken JSON in the middle of a stream', ['malformed', 'closed', 'broken'], (req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.write('data: {"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}\n\n');
    res.end('data: {"jsonrpc":"2.0",\n\n');
  });
  await add('stream that ends without an answer', ['closed', 'broken', 'malformed'], (req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.end(': nothing\n\n');
  });
  await add('answer to another request', ['timeout', 'malformed'], (req, res, body) => {
    res.writeHead(200, { 'Content-Type': 'application/json' });
    res.end(good_answer(body).replace(/"id":\d+/, '"id":424242'));
  });
  await add('Content-Length over the body', ['broken', 'timeout'], (req, res, body) => {
    const text = good_answer(body);
    raw(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length + 10}\r\n\r\n${text}`, (socket) => socket.end())(req);
  });
  await add('Content-Length over the body, held open', 'timeout', (req, res, body) => {
    const text = good_answer(body);
    raw(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length + 10}\r\n\r\n${text}`)(req);
  });
  await add('Content-Length below the body', ['malformed', 'broken'], (req, res, body) => {
    const text = good_answer(body);
    raw(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length - 10}\r\n\r\n${text}`)(req);
  });
  await add('two answers for one request', ['ok', 'broken', 'malformed'], (req, res, body) => {
    const text = good_answer(body);
    const one = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
    raw(one + one.replace('done', 'evil'))(req);
  });
  await add('slow drip of a body', 'timeout', raw('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n', drip));
  await add('slow drip of headers', 'timeout', raw('HTTP/1.1 200 OK\r\nX-Slow:', drip));
  await add('slow drip of a stream', 'timeout', raw('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n', drip));
  await add('no answer', 'timeout', () => {});
  await add('interim answers without end', ['timeout', 'too_large', 'broken'], (req) => pour(req.socket, 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(100)));

  for (const status of [301, 302, 303, 307, 308]) {
    const name = `redirect ${status} to another host`;
    await add(name, 'redirected', (req, res) => res.writeHead(status, { Location: `${victim.origin}/mcp` }).end());
  }
  for (const [name, target] of [
    ['a host that begins like the own one', (rs) => `http://127.0.0.1.evil.example:${rs.port}/mcp`],
    ['a scheme-relative other host', () => `//127.0.0.1:${victim.port}/mcp`],
    ['the own host with a user name', (rs) => `http://user:pw@127.0.0.1:${rs.port}/mcp`],
    ['the own host by another name', (rs) => `http://localhost:${rs.port}/mcp`],
    ['another scheme', (rs) => `https://127.0.0.1:${rs.port}/mcp`],
    ['a file', () => 'file:///etc/passwd'],
    ['a script', () => 'javascript:alert(1)'],
    ['nowhere', () => ''],
    ['two lines', () => `${victim.origin}/mcp%0d%0aX: y`],
  ])
    await add(`redirect to ${name}`, ['redirected', 'http_status', 'malformed'], (req, res, body, rs) => res.writeHead(307, { Location: target(rs) }).end());
  await add('redirects in a circle', 'redirected', (req, res) => res.writeHead(307, { Location: '/mcp' }).end(), {
    after: (check, rs) => check('it goes round a few times', rs.count('/mcp') < 12, rs.paths()),
  });
  await add('redirects without end', 'redirected', (req, res, body, rs) => {
    rs.on('*', (again, reply) => reply.writeHead(308, { Location: `/${rs.seen.length}` }).end());
    res.writeHead(308, { Location: '/1' }).end();
  }, { after: (check, rs) => check('it follows a few', rs.seen.length < 12, rs.paths()) });
  await add('challenge of a megabyte', ['unauthenticated', 'too_large', 'broken'], (req, res) =>
    raw(`HTTP/1.1 401 X\r\nWWW-Authenticate: Bearer scope="${'s'.repeat(1024 * 1024)}"\r\nContent-Length: 0\r\n\r\n`)(req));
  return cases;
}
