// The same three tools on the TypeScript SDK 2.x, as its guide serves HTTP on Node: createMcpHandler behind toNodeHandler.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

// The packages lie with the tests' other peers.
const require = createRequire(path.join(import.meta.dirname, '../../tests/package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { createMcpHandler, McpServer } = await load('@modelcontextprotocol/server');
const { localhostHostValidation, localhostOriginValidation, toNodeHandler } = await load('@modelcontextprotocol/node');
const { z } = await load('zod');

const port = Number(process.argv[process.argv.indexOf('--port') + 1]);
const shape = { text: z.string(), n: z.int() };
const same = async (input) => ({ content: [{ type: 'text', text: JSON.stringify(input) }], structuredContent: input });

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  for (const name of ['echo_nonblocking', 'echo_pooled', 'echo_coroutine']) {
    server.registerTool(name, { description: 'Echo', inputSchema: z.object(shape), outputSchema: z.object(shape) }, same);
  }
  return server;
});
const serve = toNodeHandler(handler);
const host = localhostHostValidation();
const origin = localhostOriginValidation();
createServer((request, response) => {
  if (request.url === '/health') return response.end('ok');
  if (!host(request, response) || !origin(request, response)) return undefined;
  return void serve(request, response);
}).listen(port, '127.0.0.1', 4096);
