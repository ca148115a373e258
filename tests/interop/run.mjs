// The premium service against the official TypeScript clients (2.x auto and legacy, 1.x) over HTTP and stdio, with tokens of
// oidc-provider and webhooks signed by Stripe's package. "run.mjs v1 http" runs one combination; "--force-replay" is passed on.
import { Checks } from '../support/checks.mjs';
import { kinds } from './clients.mjs';
import { run_flow } from './flow.mjs';
import { start_world } from './world.mjs';

const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'));
const [only_kind, only_transport] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const checks = new Checks('interop');
const world = await start_world(flags);
const server = await world.start_service();

for (const transport of Object.keys(world.endpoints)) {
  for (const kind of kinds) {
    if ((only_kind && kind !== only_kind) || (only_transport && transport !== only_transport)) continue;
    const person = `ada-${kind.replace('-', '')}${transport}`;
    const before = checks.passed + checks.failed.length;
    const started = Date.now();
    await run_flow(checks, world, `${kind} ${transport}`, kind, world.endpoints[transport], person);
    console.log(`  ${kind} over ${transport}: ${checks.passed + checks.failed.length - before} checks in ${((Date.now() - started) / 1000).toFixed(1)} s`);
  }
}

checks.equal('no token and no secret in the log', world.leaks(server.output()), []);
await world.stop();
checks.check('premium-service stops on SIGTERM', server.code === 0 && !server.killed, server.output().slice(-800));
checks.finish();
