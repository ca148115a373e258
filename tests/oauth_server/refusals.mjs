// The program does not start half set up: it says what is missing.
import { start } from '../support/process.mjs';

const good = {
  LEANMCP_STATE_KEYS: '22'.repeat(32), RESOURCES: 'https://api.example/mcp', UPSTREAM: 'github',
  UPSTREAM_CLIENT_ID: 'id', UPSTREAM_CLIENT_SECRET: 'secret', DATABASE_URL: 'sqlite::memory:',
};
const cases = [
  ['LEANMCP_STATE_KEYS', { LEANMCP_STATE_KEYS: '' }],
  ['LEANMCP_STATE_KEYS', { LEANMCP_STATE_KEYS: 'short' }],
  ['RESOURCES', { RESOURCES: '' }],
  ['UPSTREAM', { UPSTREAM: '' }],
  ['UPSTREAM', { UPSTREAM: 'myspace' }],
  ['UPSTREAM_CLIENT_SECRET', { UPSTREAM_CLIENT_SECRET: '' }],
  ['UPSTREAM_ISSUER', { UPSTREAM: 'oidc' }],
  ['UPSTREAM_SIGN_IN_AGAIN', { UPSTREAM_SIGN_IN_AGAIN: 'login' }],
  ['issuer', { ISSUER: 'http://as.example' }],
  ['CLIENTS_FILE', { CLIENTS_FILE: '/nothing/here.json' }],
  ['REGISTRATION', { REGISTRATION: 'maybe' }],
  ['INITIAL_ACCESS_TOKEN', { REGISTRATION: 'token' }],
  ['SIGNING_ALGORITHM', { SIGNING_ALGORITHM: 'HS256' }],
  ['DATABASE_URL', { DATABASE_URL: 'mysql://x' }],
  ['PORT', { PORT: 'eighty' }],
];

export async function refusals(checks) {
  for (const [named, changes] of cases) {
    const server = await start('authorization-server', [], { env: { ...good, ...changes }, bare: true });
    const code = await server.exited;
    checks.check(`refuses to start and names ${named}: ${JSON.stringify(changes)}`,
      code === 2 && server.output().includes(named), `${code} ${server.output()}`);
  }
}
