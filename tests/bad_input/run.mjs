// Sends everything that is wrong over real sockets, to everything-server and to the premium service.
import { Checks } from '../support/checks.mjs';
import { free_port, start, stop_all } from '../support/process.mjs';
import { start_world } from '../interop/world.mjs';
import * as http from './http.mjs';
import * as messages from './messages.mjs';
import * as premium from './premium.mjs';
import * as state from './state.mjs';

const checks = new Checks('bad_input');
const port = await free_port();
const server = await start('everything-server', ['--port', port], { ready: `http://127.0.0.1:${port}/health` });
const slow = checks.step('slow senders', () => http.slow_senders(checks, port));

await checks.step('malformed', () => messages.malformed(checks, port));
await checks.step('methods and _meta', () => messages.methods_and_meta(checks, port));
await checks.step('headers and versions', () => messages.headers_and_versions(checks, port));
await checks.step('arguments and batches', () => messages.arguments_and_batches(checks, port));
await checks.step('throwing tool', () => messages.throwing_tool(checks, port, server));
await checks.step('limits', () => http.limits(checks, port));
await checks.step('host and origin', () => http.host_and_origin(checks, port));
await checks.step('framing', () => http.framing(checks, port));
await checks.step('sessions', () => http.sessions(checks, port));
await checks.step('requestState', () => state.request_state(checks, port));
await checks.step('expired requestState', () => state.expired_state(checks));

await checks.step('premium service', async () => {
  const world = await start_world();
  const service = await world.start_service();
  await checks.step('other people', () => premium.other_people(checks, world));
  await checks.step('bad credentials', () => premium.bad_credentials(checks, world));
  await checks.step('webhooks', () => premium.webhooks(checks, world));
  checks.equal('no token and no secret was printed', world.leaks(service.output()), []);
  await world.stop();
});

await slow;
await checks.step('flood', () => http.flood(checks, port));
await stop_all();
checks.check('everything-server survived and stops on SIGTERM', server.code === 0 && !server.killed, `${server.code}\n${server.output().slice(-1500)}`);
checks.finish();
