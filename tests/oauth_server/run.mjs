// The authorization server as a program: strict clients, parallel requests, crashes, two instances on one PostgreSQL.
import { exportJWK, generateKeyPair } from 'jose';
import { Checks } from '../support/checks.mjs';
import { start_postgres } from '../support/postgres.mjs';
import { stop_all } from '../support/process.mjs';
import * as admin from './admin.mjs';
import { journeys } from './instances.mjs';
import * as kills from './kills.mjs';
import * as strict from './oauth4webapi.mjs';
import * as openid from './openid_client.mjs';
import * as parallel from './parallel.mjs';
import { refusals } from './refusals.mjs';
import { secrets, start_world } from './world.mjs';

const checks = new Checks('oauth_server');
const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'signer-1', alg: 'ES256', use: 'sig' }] };

// run.mjs [PART…]: these parts only.
const wanted = process.argv.slice(2);
const part = async (name, run) => (wanted.length === 0 || wanted.includes(name) ? checks.step(name, run) : undefined);

// What the server printed holds nothing that could be used.
function no_leaks(world, name) {
  const text = world.logs();
  const found = [...text.matchAll(/eyJ[\w-]{20,}/g)].map(String)
    .concat(Object.values(secrets).filter((secret) => text.includes(secret)), text.includes(world.environment.LEANMCP_STATE_KEYS) ? ['the state key'] : []);
  checks.equal(`${name}: no secret in the log`, found, []);
  checks.check(`${name}: the log says what happened`, text.includes('oauth token'), text.slice(0, 500));
}

async function with_world(name, options, run) {
  const world = await start_world(options);
  try {
    await run(world);
    no_leaks(world, name);
  } finally {
    await world.stop();
  }
}

await part('refusals', () => refusals(checks));
await part('clients', () => with_world('clients', { jwks }, async (world) => {
  await strict.run(checks, world, privateKey);
  await openid.run(checks, world);
}));
await part('nonces', () => with_world('nonces', { jwks, extra: { DPOP_NONCES: '1', SIGNING_ALGORITHM: 'RS256' } }, (world) => strict.with_nonces(checks, world)));
await part('admin', () => with_world('admin', { extra: { REGISTRATION: 'token', INITIAL_ACCESS_TOKEN: secrets.invitation, OWN_USERS: '1' } }, (world) => admin.run(checks, world)));
await part('parallel', () => with_world('parallel', {}, async (world) => parallel.run(checks, world, await strict.discover(world))));
await part('kills', () => with_world('kills', {}, (world) => kills.run(checks, world)));
await part('instances', async () => {
  const cluster = await start_postgres();
  if (!cluster) return checks.check('PostgreSQL is installed', false);
  try {
    await with_world('instances', { database: cluster.url('instances'), instances: 2, extra: { OWN_USERS: '1' } }, async (world) => {
      world.count = (sql) => Number(cluster.sql(sql, 'instances'));
      await parallel.run(checks, world, await strict.discover(world));
      await journeys(checks, world);
      const keys = await Promise.all(world.ports.map(async (port) => (await fetch(`http://127.0.0.1:${port}/jwks`)).text()));
      checks.equal('both instances publish the same keys', new Set(keys).size, 1);
    });
  } finally {
    await cluster.stop();
  }
  return undefined;
});

await stop_all();
checks.finish();
process.exit();
