// Every attack of the list on the authorization server, by its number, with the answer it must get; then
// whatever else came to mind. "--only N,M" runs some of them.
import * as jose from 'jose';
import { parseArgs } from 'node:util';
import { Checks } from '../support/checks.mjs';
import { stop_all } from '../support/process.mjs';
import { documents, documents_inside, registration } from './clients.mjs';
import { foreign_tokens, introspection_and_revocation, scan, weak_keys } from './ends.mjs';
import { consent_pages } from './pages.mjs';
import { authorization_requests } from './requests.mjs';
import { assertions, begin_late_attacks, client_authentication, codes, proofs, refresh_tokens } from './tokens.mjs';
import { other_ideas } from './other.mjs';
import { oauth_upstream, oidc_upstream } from './upstream.mjs';
import { World } from './world.mjs';

const { values: options } = parseArgs({ options: { only: { type: 'string' } } });
const only = options.only?.split(',');
const checks = new Checks('oauth_attacks');
const tried = new Set();
const attack = (number, section) => (what, condition, detail) => {
  tried.add(number);
  return checks.check(`${number} ${section}: ${what}`, condition, detail);
};

const signer = await jose.generateKeyPair('ES256', { extractable: true });
const jwks = { keys: [{ ...(await jose.exportJWK(signer.publicKey)), alg: 'ES256', use: 'sig' }] };
const worlds = {
  oauth: await World.start('oauth', { clients: [{ client_id: 'signer', jwks, grant_types: ['client_credentials'], token_endpoint_auth_method: 'private_key_jwt' }] }),
  oidc: await World.start('oidc'),
  documents: await World.start('oauth', { extra: { LOOPBACK_CLIENT_DOCUMENTS: '1' } }),
};
const { oauth } = worlds;
try {
  const step = (name, run) => (only && !only.includes(name) ? undefined : checks.step(name, run));
  const late = await step('late', () => begin_late_attacks(attack, oauth));
  await step('provider', () => oauth_upstream(attack, oauth));
  await step('openid', () => oidc_upstream(attack, worlds.oidc));
  await step('pages', () => consent_pages(attack, oauth));
  await step('requests', () => authorization_requests(attack, oauth));
  await step('codes', () => codes(attack, oauth));
  await step('refresh', () => refresh_tokens(attack, oauth));
  await step('clients', () => client_authentication(attack, oauth, { signer_key: signer.privateKey }));
  await step('assertions', () => assertions(attack, oauth));
  await step('proofs', () => proofs(attack, oauth));
  await step('registration', () => registration(attack, oauth));
  await step('inside', () => documents_inside(attack, oauth));
  await step('documents', () => documents(attack, worlds.documents));
  await step('ends', () => introspection_and_revocation(attack, oauth));
  await step('servers', () => foreign_tokens(attack, worlds.oidc));
  await step('keys', () => weak_keys(attack, oauth));
  await step('other', () => other_ideas(attack, oauth));
  if (late) await checks.step('late', late);
  await step('scan', () => scan(attack, { oauth, oidc: worlds.oidc }));
  if (!only) checks.equal('all 57 attacks on the server were tried', Array.from({ length: 57 }, (_, i) => i + 1).filter((number) => !tried.has(number)), []);
} finally {
  await Promise.all(Object.values(worlds).map((world) => world.stop()));
  await stop_all();
}
checks.finish();
