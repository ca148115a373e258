// The conformance suite's own server is in its repository and in no package: CONFORMANCE_SOURCE names a checkout of
// github.com/modelcontextprotocol/conformance. Its TypeScript is made into one module beside the tests' packages.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { rolldown } from 'rolldown';
import { free_port, root, start } from '../support/process.mjs';

// {url, stop()}, or undefined where there is no checkout.
export async function start_conformance_server() {
  const source = process.env.CONFORMANCE_SOURCE && path.join(process.env.CONFORMANCE_SOURCE, 'examples/servers/typescript/everything-server.ts');
  if (!source) return undefined;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'conformance-server-'));
  fs.symlinkSync(path.join(root, 'tests/node_modules'), path.join(folder, 'node_modules'));
  const bundle = await rolldown({ input: source, platform: 'node', external: (name) => !/^[./]/.test(name) });
  await bundle.write({ file: path.join(folder, 'server.mjs'), format: 'esm' });
  await bundle.close();
  const port = await free_port();
  const server = await start(process.execPath, [path.join(folder, 'server.mjs')], { ready: `http://localhost:${port}/mcp`, env: { PORT: String(port) } });
  return {
    url: `http://localhost:${port}/mcp`,
    stop: async () => {
      await server.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
