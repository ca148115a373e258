// 47 to 52: clients that register themselves or publish what they are.
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { callback } from './world.mjs';
import { Visitor } from './visitor.mjs';

export async function registration(attack, world) {
  const register = async (redirect_uri, more = {}) => world.register({ redirect_uris: [redirect_uri], ...more });
  const forty_seven = attack(47, 'RFC 7591 5');
  for (const uri of ['javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc/passwd', 'about:blank', 'blob:https://x/y', 'http://evil/', 'http://evil.example/cb',
    'https://user@host/cb', 'https://host/cb#x', 'https://*.host/cb', 'https://host/a/../cb', 'https://host/%2e%2e/cb', '/cb', 'https://host\\@evil/', 'https://host/\u0000'])
    forty_seven(`${JSON.stringify(uri)}: invalid_redirect_uri`, (await register(uri)).json?.error === 'invalid_redirect_uri');
  const forty_eight = attack(48, 'OIDC Registration 2');
  for (const uri of ['http://127.0.0.1/cb', 'https://localhost/cb', 'https://localhost./cb', 'https://a.localhost/cb', 'https://127.0.0.1/cb', 'https://[::1]/cb', 'https://127.1/cb', 'http://app.example/cb'])
    forty_eight(`a web application at ${uri}: invalid_redirect_uri`, (await register(uri, { application_type: 'web' })).json?.error === 'invalid_redirect_uri');
  const forty_nine = attack(49, 'RFC 7591 3.2.2');
  for (const grant_types of [['client_credentials'], ['authorization_code', 'client_credentials'], ['authorization_code', 'urn:ietf:params:oauth:grant-type:jwt-bearer'], ['implicit'], ['password']]) {
    const answer = await register(callback, { grant_types });
    forty_nine(`grants ${grant_types}: 400`, answer.status === 400 && answer.json.error === 'invalid_client_metadata', answer.text);
  }
  const large = await world.register(JSON.stringify({ redirect_uris: [callback], client_name: 'x'.repeat(1 << 20) })).catch(() => ({ status: 413 }));
  forty_nine('a megabyte: 413', large.status === 413, large.status);
  const flood = new Visitor();
  const statuses = [];
  for (let i = 0; i < 12; i += 1) statuses.push(await world.register({ redirect_uris: [callback], token_endpoint_auth_method: 'none' }, flood));
  forty_nine('a flood: 429 with Retry-After', statuses.slice(0, 10).every(({ status }) => status === 201) && statuses.at(-1).status === 429 && Number(statuses.at(-1).headers.get('retry-after')) > 0, statuses.map(({ status }) => status));
  const strange = await world.register('{"redirect_uris":["https://a.example/"],"redirect_uris":["https://b.example/"]}');
  forty_nine('a member twice: 400', strange.status === 400, strange.status);
}

// Counts who connects, on all addresses of this machine, and never answers.
async function trap() {
  const server = net.createServer((socket) => { server.visitors += 1; socket.destroy(); }).listen(0, '::');
  server.visitors = 0;
  await once(server, 'listening');
  server.port = server.address().port;
  return server;
}

export async function documents_inside(attack, world) {
  const fifty = attack(50, 'CIMD 6');
  const inside = await trap();
  const at = (host) => `https://${host}:${inside.port}/client.json`;
  for (const host of ['169.254.169.254', '127.0.0.1', '127.1', '2130706433', '0x7f000001', '0.0.0.0', 'localhost', '10.0.0.1', '100.64.0.1', '192.168.1.1', '[::1]', '[::]', '[::ffff:10.0.0.1]',
    '[::ffff:127.0.0.1]', '[64:ff9b::]', '[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001:0:1::1]', '[fe80::1]', '[fd00::1]', '[2606:4700::5efe:127.0.0.1]', '224.0.0.1', '192.0.2.1']) {
    const client_id = at(host);
    const page = await new Visitor().get(world.request({ client_id }).url);
    fifty(`a document at ${host}: 400, no redirect`, page.status === 400 && !page.next, page.status);
    const token = await world.token({ grant_type: 'authorization_code', code: 'x', code_verifier: 'x'.repeat(43), client_id });
    fifty(`and invalid_client at the token endpoint (${host})`, token.json?.error === 'invalid_client', token.text);
  }
  for (const client_id of [`http://127.0.0.1:${inside.port}/client.json`, `https://user@127.0.0.1:${inside.port}/c`, `https://127.0.0.1:${inside.port}/#x`, `https://127.0.0.1:${inside.port}/a/../c`, 'https://app.example', 'https://app.example/'])
    fifty(`${client_id.replace(String(inside.port), 'PORT')} is no client: 400`, (await new Visitor().get(world.request({ client_id }).url)).status === 400);
  fifty('nobody connected', inside.visitors === 0, inside.visitors);
  fifty('the block is in the log', /oauth blocked/.test(world.server.output()));
  inside.close();
}

// With documents on loopback allowed: what they say, and where they lead.
export async function documents(attack, world) {
  const inside = await trap();
  let reply, reads = 0;
  const host = http.createServer((request, answer) => { reads += 1; reply(request, answer); }).listen(0, '127.0.0.1');
  await once(host, 'listening');
  const origin = `http://127.0.0.1:${host.address().port}`;
  const good = (client_id, more = {}) => ({ client_id, client_name: 'Document', redirect_uris: ['http://127.0.0.1/callback'], ...more });
  const say = (value, status = 200, headers = {}) => { reply = (request, answer) => { answer.writeHead(status, { 'content-type': 'application/json', ...headers }); answer.end(typeof value === 'string' ? value : JSON.stringify(value)); }; };
  const shown = async (client_id) => (await new Visitor().get(world.request({ client_id }).url)).status;

  const fifty = attack(50, 'CIMD 6');
  for (const status of [301, 302, 307, 308]) {
    const client_id = `${origin}/moved-${status}`;
    say('', status, { location: `http://127.0.0.1:${inside.port}/client.json` });
    fifty(`${status} to an address inside: 400`, (await shown(client_id)) === 400);
  }
  fifty('nobody was sent on', inside.visitors === 0, inside.visitors);

  const fifty_one = attack(51, 'CIMD 4');
  const wrong = { '6 KB': (id) => good(id, { x: 'x'.repeat(6 * 1024) }), 'another client_id': () => good('https://evil.example/c'), 'a slash more': (id) => good(`${id}/`), 'another case': (id) => good(id.toUpperCase()),
    'a secret': (id) => good(id, { client_secret: 'x' }), 'a method with a secret': (id) => good(id, { token_endpoint_auth_method: 'client_secret_basic' }), 'no redirect URI': (id) => good(id, { redirect_uris: [] }),
    'a script as redirect URI': (id) => good(id, { redirect_uris: ['javascript:x'] }), 'no JSON': () => '<html>', 'a list': () => [] };
  let number = 0;
  for (const [what, document] of Object.entries(wrong)) {
    const client_id = `${origin}/wrong-${(number += 1)}`;
    say(document(client_id));
    fifty_one(`a document with ${what}: 400`, (await shown(client_id)) === 400);
    say(good(client_id));
    fifty_one(`and that is not kept (${what})`, (await shown(client_id)) === 200);
  }
  const before = reads;
  const kept = `${origin}/wrong-1`;
  fifty_one('a good one is kept', (await shown(kept)) === 200 && reads === before, reads - before);
  say('', 500);
  fifty_one('an error is not', (await shown(`${origin}/error`)) === 400);

  const fifty_two = attack(52, 'RFC 7591 5');
  const logo = `http://127.0.0.1:${inside.port}/logo.png`;
  const client_id = `${origin}/logo`;
  say(good(client_id, { logo_uri: logo, client_uri: logo, policy_uri: logo, tos_uri: logo }));
  fifty_two('a document with a logo inside is shown', (await shown(client_id)) === 200);
  const registered = (await world.register({ redirect_uris: [callback], token_endpoint_auth_method: 'none', logo_uri: logo })).json;
  const page = await new Visitor().get(world.request({ client_id: registered.client_id }).url);
  fifty_two('a registered one too', page.status === 200 && !page.text.includes('logo.png'), page.status);
  fifty_two('nobody fetched it', inside.visitors === 0, inside.visitors);
  host.closeAllConnections();
  host.close();
  inside.close();
}
