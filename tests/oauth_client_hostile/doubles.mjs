// Servers on loopback that remember all they are sent and answer as badly as they are told to.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import path from 'node:path';

const doubles = new Set();

export class Double {
  static async start(name, options = {}) {
    const double = new Double();
    double.name = name;
    double.seen = [];
    double.connections = 0;
    double.routes = new Map();
    double.sockets = new Set();
    const answer = (req, res) => double.take(req, res);
    double.server = options.tls ? https.createServer(options.tls, answer) : http.createServer(answer);
    double.server.on('connection', (socket) => {
      double.connections += 1;
      double.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => double.sockets.delete(socket));
    });
    double.server.listen(0, '127.0.0.1');
    await once(double.server, 'listening');
    double.port = double.server.address().port;
    double.origin = options.origin ?? `http://127.0.0.1:${double.port}`;
    doubles.add(double);
    return double;
  }

  // handler(req, res, body): res for a proper answer, req.socket for anything else.
  on(route, handler) {
    this.routes.set(route, handler);
    return this;
  }

  json(route, value, status = 200, headers = {}) {
    return this.on(route, (req, res) => {
      res.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      res.end(typeof value === 'string' ? value : JSON.stringify(value));
    });
  }

  take(req, res) {
    let body = '';
    req.setEncoding('latin1');
    req.on('data', (piece) => { body += piece; });
    req.on('end', () => {
      const { pathname } = new URL(req.url, 'http://x');
      this.seen.push({ method: req.method, path: pathname, url: req.url, headers: req.headers, body });
      const handler = this.routes.get(pathname) ?? this.routes.get('*');
      if (handler) { handler(req, res, body); return; }
      res.writeHead(404).end();
    });
  }

  paths() { return this.seen.map((request) => request.path); }
  count(route) { return this.seen.filter((request) => request.path === route).length; }
  // Whether the text was anywhere in what was sent here.
  told(text) { return this.seen.some((request) => JSON.stringify(request).includes(text)); }
  forget() { this.seen.length = 0; this.connections = 0; }
  stop() {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    doubles.delete(this);
  }
}

export function stop_doubles() { for (const double of [...doubles]) double.stop(); }

// Writes pieces as fast as they are taken, until the other side hangs up.
export function pour(socket, piece) {
  const more = () => {
    while (!socket.destroyed && socket.write(piece)) { /* until the buffer is full */ }
  };
  socket.on('drain', more);
  more();
}

// One byte now and then.
export function drip(socket, every_ms = 50) {
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else socket.write(' ');
  }, every_ms);
}

// What a client prints, without the random parts of the addresses that it sent a person to: those can read like anything.
export const without_chance = (text) => text.replaceAll(/\b(state|nonce|code_challenge)=[\w-]{30,}/g, '$1=');

const result = (id, value) => JSON.stringify({ jsonrpc: '2.0', id, result: { resultType: 'complete', ...value } });

// What a good MCP server of 2026-07-28 answers; `null` for a notification.
export function good_answer(body) {
  const message = JSON.parse(body);
  if (message.id === undefined) return null;
  if (message.method === 'server/discover')
    return result(message.id, { supportedVersions: ['2026-07-28'], capabilities: { tools: {} }, serverInfo: { name: 'double', version: '1' } });
  if (message.method === 'tools/list')
    return result(message.id, { tools: [{ name: 'tool', inputSchema: { type: 'object' } }], ttlMs: 0, cacheScope: 'private' });
  return result(message.id, { content: [{ type: 'text', text: 'done' }] });
}

export function send_good(req, res, body) {
  const text = good_answer(body);
  if (text === null) { res.writeHead(202).end(); return; }
  res.writeHead(200, { 'Content-Type': 'application/json' });
  res.end(text);
}

// An MCP endpoint that answers well, but tools/call by `hostile(req, res, body)`.
export function mcp(double, hostile) {
  return double.on('/mcp', (req, res, body) => {
    if (hostile && body.includes('"tools/call"')) hostile(req, res, body);
    else send_good(req, res, body);
  });
}

// An MCP endpoint that wants a token of the form at-N and whose metadata names `as`.
export function protected_mcp(double, as, more = {}) {
  const url = `${double.origin}/mcp`;
  double.json('/.well-known/oauth-protected-resource/mcp', { resource: url, authorization_servers: [as.origin], ...more });
  return double.on('/mcp', (req, res, body) => {
    if (/^Bearer at-\d+$/.test(req.headers.authorization ?? '')) { send_good(req, res, body); return; }
    res.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
  });
}

// An authorization server that agrees to everything. `answer(query)` makes the query of the redirect.
export function agreeable(double, options = {}) {
  const at = double.origin;
  let given = 0;
  double.json('/.well-known/oauth-authorization-server', { issuer: at, authorization_endpoint: `${at}/authorize`,
    token_endpoint: `${at}/token`, registration_endpoint: `${at}/register`,
    code_challenge_methods_supported: ['S256'], ...options.metadata });
  double.json('/register', { client_id: `registered-by-${double.port}` }, 201);
  double.on('/authorize', (req, res) => {
    const asked = new URL(req.url, at).searchParams;
    const query = new URLSearchParams({ state: asked.get('state'), code: `code-of-${double.port}` });
    if (options.answer) options.answer(query, asked);
    res.writeHead(303, { Location: `${asked.get('redirect_uri')}?${query}` }).end();
  });
  double.on('/token', (req, res) => {
    given += 1;
    res.writeHead(200, { 'Content-Type': 'application/json' });
    res.end(JSON.stringify({ access_token: `at-${given}`, token_type: 'Bearer', expires_in: 3600, refresh_token: `rt-${given}`,
      ...options.token }));
  });
  return double;
}

// A certificate for the names, and the authority that made it.
export function certificates(folder, names) {
  const run = (args) => execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  run(['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=test authority',
    '-keyout', 'ca.key', '-out', 'ca.pem', '-addext', 'basicConstraints=critical,CA:TRUE']);
  run(['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=test', '-keyout', 'key.pem', '-out', 'csr.pem']);
  fs.writeFileSync(path.join(folder, 'ext'), `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`);
  run(['x509', '-req', '-in', 'csr.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'ext', '-out', 'cert.pem']);
  return { ca_file: path.join(folder, 'ca.pem'), tls: { key: fs.readFileSync(path.join(folder, 'key.pem')),
    cert: fs.readFileSync(path.join(folder, 'cert.pem')) } };
}

// A proxy that leads names to ports of this machine, and remembers what it was asked for.
export async function proxy(ports) {
  const asked = [];
  const server = http.createServer((req, res) => { asked.push(req.url); res.writeHead(502).end(); });
  server.on('connect', (req, socket) => {
    asked.push(req.url);
    socket.on('error', () => {});
    const port = ports[req.url.split(':')[0]];
    if (!port) { socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'); return; }
    const onward = net.connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket);
      socket.pipe(onward);
    });
    onward.on('error', () => socket.destroy());
    socket.on('close', () => onward.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${server.address().port}`, asked, stop: () => { server.closeAllConnections(); server.close(); } };
}
