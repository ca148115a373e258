// A load balancer: every request goes to any of the instances that live, except that a legacy session stays where it began;
// `by_turns`, each goes to another one than the request before.
import { once } from 'node:events';
import http from 'node:http';

export async function balance(port, backends, { by_turns = false } = {}) {
  const homes = new Map();
  const seen = new Map();
  let turn = 0;
  const server = http.createServer((request, response) => {
    const living = backends.filter(({ alive }) => alive);
    const backend = homes.get(request.headers['mcp-session-id']) ?? living[(by_turns ? turn++ : Math.floor(Math.random() * living.length)) % living.length];
    if (!backend?.alive) {
      response.writeHead(backend ? 404 : 503).end();
      return;
    }
    seen.set(backend.port, (seen.get(backend.port) ?? 0) + 1);
    const onward = http.request({ host: '127.0.0.1', port: backend.port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      const session = answer.headers['mcp-session-id'];
      if (session) homes.set(session, backend);
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    // An instance that died: the client sees a broken connection, or 502 if nothing was answered yet.
    onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
    request.pipe(onward);
    response.on('close', () => onward.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { seen, skip: () => { turn += 1; }, stop: () => (server.close(), server.closeAllConnections()) };
}
