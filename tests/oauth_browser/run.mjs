// The authorization server as people meet it: in a real browser in front of a real provider, with the official clients,
// and under attack by browsers and HTTP clients. Numbers of attacks are those of docs/security.md.
import { Checks } from '../support/checks.mjs';
import { stop_all } from '../support/process.mjs';
import { run_again } from './again.mjs';
import { run_attacks } from './attacks.mjs';
import { run_chain } from './chain.mjs';
import { run_clients } from './clients.mjs';
import { run_example } from './example.mjs';
import { run_own_users } from './own_users.mjs';
import { remove_folders } from './world.mjs';

const checks = new Checks('oauth_browser');
const parts = { chain: run_chain, again: run_again, own_users: run_own_users, clients: run_clients, example: run_example, attacks: run_attacks };
const wanted = process.argv.slice(2);
for (const [name, run] of Object.entries(parts))
  if (wanted.length === 0 || wanted.includes(name)) await checks.step(name, () => run(checks));
await stop_all();
remove_folders();
process.exit(checks.finish() ? 0 : 1);
