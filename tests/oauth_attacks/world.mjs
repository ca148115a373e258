// A server under attack: its provider, its clients, and the ways an honest client would go.
import { createHash, randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bin, free_port, start } from '../support/process.mjs';
import { provider_client, start_provider } from './provider.mjs';
import { Visitor } from './visitor.mjs';

export const random = (bytes = 32) => randomBytes(bytes).toString('base64url');
export const s256 = (text) => createHash('sha256').update(text).digest('base64url');
export const password = 'a password of good length';
export const callback = 'http://127.0.0.1:9/callback';
export const jwt_claims = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

export class World {
  // Whatever must be in no log and, as it is, in no database.
  secrets = new Set();
  // What clients send as `state` is kept, to be given back.
  states = new Set();

  secret(text) {
    if (text) this.secrets.add(text);
    return text;
  }

  static async start(upstream_kind, { clients = [], extra = {} } = {}) {
    const world = new World();
    world.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oauth-attacks-'));
    world.provider = await start_provider();
    world.port = await free_port();
    world.issuer = `http://127.0.0.1:${world.port}`;
    world.resource = `${world.issuer}/mcp`;
    world.other_resource = `${world.issuer}/other`;
    world.client_secret = world.secret(`s:${random()} %`);
    world.introspection_secret = world.secret(random());
    const file = path.join(world.folder, 'clients.json');
    fs.writeFileSync(file, JSON.stringify([
      { client_id: 'native', client_name: 'Native', redirect_uris: ['http://127.0.0.1/callback', 'http://localhost:3000/cb'] },
      { client_id: 'second', client_name: 'Second', redirect_uris: ['http://127.0.0.1/callback'] },
      { client_id: 'web', client_name: 'Web', redirect_uris: ['https://ok.example/cb'], application_type: 'web', client_secret: world.client_secret },
      { client_id: 'machine', client_secret: world.client_secret, grant_types: ['client_credentials'] },
      { client_id: 'agent', client_secret: world.client_secret, grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer'] },
      { client_id: 'poster', client_secret: world.client_secret, grant_types: ['client_credentials'], token_endpoint_auth_method: 'client_secret_post' },
      ...clients]));
    const issuers = path.join(world.folder, 'issuers.json');
    fs.writeFileSync(issuers, JSON.stringify([{ kind: 'id_jag', issuer: world.provider.issuer, jwks_uri: `${world.provider.issuer}/jwks`, algorithms: ['ES256'] }]));
    const upstream = upstream_kind === 'oidc' ? { UPSTREAM: 'oidc', UPSTREAM_ISSUER: world.provider.issuer }
      : { UPSTREAM: 'oauth', UPSTREAM_AUTHORIZE_URL: `${world.provider.issuer}/authorize`, UPSTREAM_TOKEN_URL: `${world.provider.issuer}/token`,
        UPSTREAM_USERINFO_URL: `${world.provider.issuer}/user` };
    world.upstream = upstream_kind;
    world.env = {
      ISSUER: world.issuer, RESOURCES: `${world.resource},${world.other_resource}`, SCOPES: 'read=Read your notes,write=Change your notes,openid=Know who you are',
      DEFAULT_SCOPES: 'read', OWN_USERS: '1', CLIENTS_FILE: file, DATABASE_URL: `sqlite:${world.folder}/as.db`, LEANMCP_STATE_KEYS: world.secret(random()),
      INTROSPECTION_CLIENT_ID: 'api', INTROSPECTION_CLIENT_SECRET: world.introspection_secret, CLIENT_ADDRESS_HEADER: 'x-test-address',
      TOKENS_PER_MINUTE: '0', PASSWORD_FAILURES_PER_HOUR: '10', TRUSTED_ISSUERS_FILE: issuers, UPSTREAM_CLIENT_ID: provider_client.id, UPSTREAM_CLIENT_SECRET: world.secret(provider_client.secret), ...upstream, ...extra,
    };
    world.server = await start('authorization-server', ['--port', world.port], { env: world.env, bare: true, ready: `${world.issuer}/health` });
    const added = spawnSync(path.join(bin, 'leanmcp'), ['as', 'users', 'add', 'ada'], { input: `${world.secret(password)}\n`, env: { PATH: process.env.PATH, ...world.env } });
    if (added.status !== 0) throw new Error(`no user: ${added.stderr}`);
    return world;
  }

  async stop() {
    await this.server.stop();
    this.provider.stop();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  // The parameters of an honest request, changed by `changes`; undefined leaves one out.
  request(changes = {}) {
    const verifier = this.secret(random());
    const state = this.secret(random());
    this.states.add(state);
    const params = { response_type: 'code', client_id: 'native', redirect_uri: callback, state, code_challenge: s256(verifier),
      code_challenge_method: 'S256', ...changes };
    const query = new URLSearchParams(Object.entries(params).filter(([, value]) => value !== undefined));
    return { verifier, ...params, url: `${this.issuer}/authorize?${query}` };
  }

  async consent(visitor, asked) {
    const page = await visitor.get(asked.url);
    this.secret(page.fields.token);
    this.secret(page.fields.request);
    return page;
  }

  // Yes to consent: where the provider is asked.
  async agree(visitor, page, choice = this.upstream, changes = {}) {
    const answer = await visitor.post(`${this.issuer}/consent`, { ...page.fields, allow: choice, ...changes });
    this.secret(answer.params.get('state'));
    return answer;
  }

  // The whole way through the provider: the answer that goes back to the client.
  async sign_in(asked, visitor = new Visitor()) {
    const page = await this.consent(visitor, asked);
    const to_provider = await this.agree(visitor, page);
    const to_us = await visitor.get(to_provider.next);
    const back = await visitor.get(to_us.next);
    this.secret(back.params.get('code'));
    visitor.kept.forEach((value) => this.secret(value));
    return { back, to_provider, to_us, page, visitor };
  }

  async token(form, headers = {}) {
    const answer = await new Visitor().request(`${this.issuer}/token`, { method: 'POST', form, headers });
    for (const name of ['access_token', 'refresh_token', 'id_token']) this.secret(answer.json?.[name]);
    return answer;
  }

  redeem(asked, code, changes = {}) {
    const form = { grant_type: 'authorization_code', code, redirect_uri: asked.redirect_uri, client_id: asked.client_id, code_verifier: asked.verifier, ...changes };
    return this.token(Object.fromEntries(Object.entries(form).filter(([, value]) => value !== undefined)));
  }

  async tokens(changes = {}) {
    const asked = this.request(changes);
    const { back } = await this.sign_in(asked);
    const answer = await this.redeem(asked, back.params.get('code'));
    if (answer.status !== 200) throw new Error(`no tokens: ${back.next} ${answer.text}`);
    return answer.json;
  }

  refresh(token, changes = {}) {
    return this.token({ grant_type: 'refresh_token', refresh_token: token, client_id: 'native', ...changes });
  }

  basic(id, secret) {
    const encode = (text) => encodeURIComponent(text).replace(/%20/g, '+');
    return { authorization: `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}` };
  }

  async introspect(token) {
    const answer = await new Visitor().request(`${this.issuer}/introspect`, { method: 'POST', form: { token }, headers: this.basic('api', this.introspection_secret) });
    return answer.json;
  }

  register(metadata, visitor = new Visitor()) {
    return visitor.request(`${this.issuer}/register`, { method: 'POST', body: typeof metadata === 'string' ? metadata : JSON.stringify(metadata), headers: { 'content-type': 'application/json' } });
  }
}
