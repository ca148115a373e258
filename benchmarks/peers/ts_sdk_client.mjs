// The same calls by the TypeScript client 2.x: URL --in-flight N --seconds S. Writes {"calls","us"} of the measured time.
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

// The packages lie with the tests' other peers.
const require = createRequire(path.join(import.meta.dirname, '../../tests/package.json'));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { Client, StreamableHTTPClientTransport } = await load('@modelcontextprotocol/client');

const { values: options, positionals: [url] } = parseArgs({ allowPositionals: true, options: { tool: { type: 'string', default: 'echo_nonblocking' },
  'in-flight': { type: 'string', default: '1' }, seconds: { type: 'string', default: '2' } } });
const client = new Client({ name: 'bench-client', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
await client.connect(new StreamableHTTPClientTransport(new URL(url)));
// So that it checks results against the output schema, as ours does.
await client.listTools();
const begin = performance.now() + 500;
const end = begin + Number(options.seconds) * 1000;
const input = { text: 'hello, world', n: 42 };
let calls = 0;
async function caller() {
  for (;;) {
    const { structuredContent: reply } = await client.callTool({ name: options.tool, arguments: input });
    if (reply?.text !== input.text || reply?.n !== input.n) throw new Error(`another answer: ${JSON.stringify(reply)}`);
    const now = performance.now();
    if (now >= end) return;
    if (now >= begin) calls += 1;
  }
}
await Promise.all(Array.from({ length: Number(options['in-flight']) }, caller));
await client.close();
console.log(JSON.stringify({ calls, us: Number(options.seconds) * 1e6 }));
