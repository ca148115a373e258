// A small server with the official TypeScript SDKs: "node servers.mjs KIND [PORT]". Kinds: v2-http and v2-stdio (2.x, both eras),
// v1-http and v1-stdio (1.x, sessions), v1-late (as v1-http, slow to open the stream of its own), v1-sse (1.x, HTTP+SSE of
// 2024-11-05).
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { toNodeHandler } from '@modelcontextprotocol/node';
import * as v2 from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { completable as completable_v1 } from '@modelcontextprotocol/sdk/server/completable.js';
import { McpServer as OldServer, ResourceTemplate as OldTemplate } from '@modelcontextprotocol/sdk/server/mcp.js';
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import * as z from 'zod/v4';

const [kind, port] = process.argv.slice(2);
const is_v1 = kind.startsWith('v1');
const form = { type: 'object', required: ['name'],
  properties: { name: { type: 'string', minLength: 2 }, plan: { type: 'string', enum: ['free', 'pro'], default: 'pro' } } };
const text = (words) => ({ content: [{ type: 'text', text: words }] });
const greeting = (content) => text(`${content.name} chose ${content.plan}`);

function build(context = {}) {
  const server = is_v1 ? new OldServer({ name: 'interop', version: '1.2.3' }, { capabilities: { logging: {} }, instructions: 'Be kind.' })
    : new v2.McpServer({ name: 'interop', version: '1.2.3' }, { capabilities: { logging: {} }, instructions: 'Be kind.' });
  const shape = (fields) => (is_v1 ? fields : z.object(fields));
  const completable = is_v1 ? completable_v1 : v2.completable;
  const Template = is_v1 ? OldTemplate : v2.ResourceTemplate;
  server.registerTool('add', { description: 'Adds', inputSchema: shape({ a: z.number(), b: z.number() }),
    outputSchema: shape({ sum: z.number() }) },
    async ({ a, b }) => ({ content: [{ type: 'text', text: String(a + b) }], structuredContent: { sum: a + b } }));
  server.registerTool('fail', { description: 'Fails', inputSchema: shape({ why: z.string() }) },
    async ({ why }) => ({ ...text(`failed: ${why}`), isError: true }));
  server.registerTool('blocks', { description: 'All kinds of content' }, async () => ({ content: [
    { type: 'text', text: 'Grüße, 世界' }, { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png' },
    { type: 'resource', resource: { uri: 'test://a', mimeType: 'text/plain', text: 'inside' } },
    { type: 'resource_link', uri: 'test://b', name: 'b' }] }));
  server.registerTool('progress', { description: 'Takes steps' }, async (extra) => {
    const token = is_v1 ? extra._meta?.progressToken : extra.mcpReq?._meta?.progressToken;
    const send = is_v1 ? extra.sendNotification : extra.mcpReq.notify;
    for (let step = 1; token !== undefined && step <= 3; ++step) {
      await send({ method: 'notifications/progress', params: { progressToken: token, progress: step, total: 3 } });
    }
    return text('done');
  });
  server.registerTool('ask', { description: 'Asks for a name' }, async (extra) => {
    if (is_v1) return greeting((await server.server.elicitInput({ message: 'Who?', requestedSchema: form })).content);
    if (context.era === 'legacy') {
      return greeting((await extra.mcpReq.elicitInput({ mode: 'form', message: 'Who?', requestedSchema: form })).content);
    }
    const content = v2.acceptedContent(extra.mcpReq.inputResponses, 'who');
    if (content) return greeting(content);
    return v2.inputRequired({ inputRequests: { who: v2.inputRequired.elicit({ message: 'Who?', requestedSchema: form }) } });
  });
  server.registerPrompt('review', { description: 'Reviews',
    argsSchema: shape({ language: completable(z.string(), (start) => ['c++', 'cobol', 'rust'].filter((l) => l.startsWith(start))) }) },
    ({ language }) => ({ messages: [{ role: 'user', content: { type: 'text', text: `Review this ${language}` } }] }));
  server.registerResource('note', 'test://note', { description: 'A note', mimeType: 'text/plain' },
    async (uri) => ({ contents: [{ uri: uri.href, mimeType: 'text/plain', text: 'a note' }] }));
  server.registerResource('page', new Template('test://page/{number}', { list: undefined }), { description: 'A page' },
    async (uri, { number }) => ({ contents: [{ uri: uri.href, blob: Buffer.from(`page ${number}`).toString('base64') }] }));
  return server;
}

async function body_of(request) {
  let body = '';
  for await (const chunk of request) body += chunk;
  return body ? JSON.parse(body) : undefined;
}

function listen(handle) {
  http.createServer((request, response) => {
    if (request.url === '/health') return void response.end('ok');
    return void handle(request, response).catch((error) => {
      console.error(error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  }).listen(Number(port), '127.0.0.1');
}

const sessions = new Map();

if (kind === 'v2-stdio') {
  serveStdio(build);
} else if (kind === 'v1-stdio') {
  await build().connect(new StdioServerTransport());
} else if (kind === 'v2-http') {
  const handle = toNodeHandler(v2.createMcpHandler(build));
  listen(async (request, response) => handle(request, response, request.method === 'POST' ? await body_of(request) : undefined));
} else if (kind === 'v1-http' || kind === 'v1-late') {
  listen(async (request, response) => {
    const body = request.method === 'POST' ? await body_of(request) : undefined;
    let transport = sessions.get(request.headers['mcp-session-id']);
    if (!transport && body?.method === 'initialize') {
      transport = new StreamableHTTPServerTransport({ sessionIdGenerator: randomUUID,
        onsessioninitialized: (id) => { sessions.set(id, transport); } });
      await build().connect(transport);
    }
    if (request.url === '/forget') {
      sessions.clear();
      return void response.end('ok');
    }
    if (!transport) {
      const known = request.headers['mcp-session-id'] === undefined;
      response.writeHead(known ? 400 : 404, { 'content-type': 'application/json' });
      return void response.end(JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32000, message: 'no session' } }));
    }
    if (kind === 'v1-late' && request.method === 'GET') await sleep(200);
    return transport.handleRequest(request, response, body);
  });
} else if (kind === 'v1-sse') {
  listen(async (request, response) => {
    const url = new URL(request.url, 'http://localhost');
    if (request.method === 'GET' && url.pathname === '/mcp') {
      const transport = new SSEServerTransport('/messages', response);
      sessions.set(transport.sessionId, transport);
      return build().connect(transport);
    }
    const transport = sessions.get(url.searchParams.get('sessionId'));
    if (request.method === 'POST' && transport) return transport.handlePostMessage(request, response, await body_of(request));
    response.writeHead(request.method === 'POST' ? 404 : 405);
    return void response.end();
  });
}
