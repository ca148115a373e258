// `conformance authorization` against authorization-server. Where the suite waits for a person with a browser, one without
// a window takes its place: it says yes to consent, signs in, and goes back to the suite's own callback.
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { Browser } from '../oauth_server/browser.mjs';
import { Checks } from '../support/checks.mjs';
import { bin, free_port, root, start, stop_all } from '../support/process.mjs';

const checks = new Checks('as_conformance');
const suite = path.join(root, 'tests/node_modules/@modelcontextprotocol/conformance/dist/index.js');
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'as-conformance-'));
const password = 'a password of good length';

// A client metadata document on loopback, where the server is told to allow that.
const documents = http.createServer((request, answer) => {
  const client_id = `http://127.0.0.1:${documents.address().port}${request.url}`;
  answer.setHeader('content-type', 'application/json');
  answer.end(JSON.stringify({ client_id, client_name: 'A document', redirect_uris: ['http://127.0.0.1/callback'],
    grant_types: ['authorization_code', 'refresh_token'], token_endpoint_auth_method: 'none' }));
}).listen(0, '127.0.0.1');
await once(documents, 'listening');

async function start_server(name, { issuer_path = '', extra = {} } = {}) {
  const port = await free_port();
  const issuer = `http://127.0.0.1:${port}${issuer_path}`;
  const clients = path.join(work, `${name}.json`);
  fs.writeFileSync(clients, JSON.stringify([
    { client_id: 'conformance', client_name: 'Conformance', redirect_uris: ['http://127.0.0.1/callback'] }]));
  const env = {
    ISSUER: issuer, RESOURCES: `http://127.0.0.1:${port}/mcp`, SCOPES: 'mcp:read=Read your notes', OWN_USERS: '1',
    CLIENTS_FILE: clients, DATABASE_URL: `sqlite:${work}/${name}.db`, LOOPBACK_CLIENT_DOCUMENTS: '1',
    LEANMCP_STATE_KEYS: randomBytes(32).toString('base64url'), ...extra,
  };
  const server = await start('authorization-server', ['--port', port], { env, bare: true, ready: `http://127.0.0.1:${port}/health` });
  const added = spawnSync(path.join(bin, 'leanmcp'), ['as', 'users', 'add', 'ada', '--name', 'Ada'],
    { input: `${password}\n`, env: { PATH: process.env.PATH, ...env } });
  checks.equal(`${name}: a person is added`, added.status, 0);
  return { issuer, server };
}

// The person: consent, then the sign-in page, until the browser has been at the callback.
async function sign_in(url) {
  const browser = new Browser();
  let page = await browser.open(url);
  for (let steps = 0; steps < 5; steps += 1) {
    const [form] = page.forms;
    const field = (name) => form?.fields.find((one) => one.name === name);
    if (!form) return page;
    if (field('allow')) page = await browser.submit(page, form, { allow: field('allow').value });
    else if (field('password')) page = await browser.submit(page, form, { username: 'ada', password });
    else throw new Error(`a form that is not known at ${page.url}`);
  }
  throw new Error(`no end of forms at ${page.url}`);
}

async function run_suite(name, issuer, client_id) {
  const output = path.join(work, `results-${name}`);
  const child = spawn(process.execPath, [suite, 'authorization', '--url', issuer, '--client-id', client_id, '--port', String(await free_port()), '--output-dir', output],
    { stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '', signing_in;
  const keep = (chunk) => {
    log += chunk;
    const url = /^https?:\/\/\S+[?&]response_type=code\S*$/m.exec(log)?.[0];
    if (url && log.includes('Waiting up to'))
      signing_in ??= sign_in(url).catch((error) => { log += String(error.stack); child.kill(); });
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const [code] = await once(child, 'exit');
  const page = await signing_in;
  const results = new Map();
  for (const folder of fs.existsSync(output) ? fs.readdirSync(output) : []) {
    const file = path.join(output, folder, 'checks.json');
    if (fs.existsSync(file)) results.set(folder.replace(/-\d{4}-.*$/, ''), JSON.parse(fs.readFileSync(file, 'utf8')));
  }
  return { code, log, page, results };
}

async function conform(name, issuer, client_id) {
  const { code, log, page, results } = await run_suite(name, issuer, client_id);
  checks.equal(`${name}: the suite is content`, code, 0);
  checks.check(`${name}: the browser came back to the suite`, page?.html.includes('You can close this page'), page?.html ?? log);
  checks.equal(`${name}: both scenarios ran`, results.size, 2);
  const all = [...results.values()].flat();
  for (const one of all) checks.check(`${name}: ${one.id}`, one.status === 'SUCCESS', one);
  checks.check(`${name}: metadata, document and code checks are among them`,
    ['authorization-server-metadata', 'authorization-server-metadata-cimd', 'authorization-code-grant'].every((id) => all.some((one) => one.id === id)), all.map((one) => one.id));
  if (code !== 0) console.log(log.slice(-3000));
}

try {
  await checks.step('at the root of a host', async () => {
    const { issuer } = await start_server('root');
    await conform('configured client', issuer, 'conformance');
    const registered = await (await fetch(`${issuer}/register`, { method: 'POST', headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['http://127.0.0.1/callback'], token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token'], client_name: 'Registered' }) })).json();
    await conform('registered client', issuer, registered.client_id);
    await conform('client of a document', issuer, `http://127.0.0.1:${documents.address().port}/client.json`);
  });
  await checks.step('below a path, with RS256', async () => {
    const { issuer } = await start_server('path', { issuer_path: '/tenant/1', extra: { SIGNING_ALGORITHM: 'RS256' } });
    await conform('issuer with a path', issuer, 'conformance');
  });
} finally {
  await stop_all();
  documents.close();
  fs.rmSync(work, { recursive: true, force: true });
}
checks.finish();
