// Metadata documents that mean harm: of the MCP server and of the authorization server.
import { Double, agreeable, drip, pour, protected_mcp } from './doubles.mjs';

const prm = '/.well-known/oauth-protected-resource/mcp';
const root_prm = '/.well-known/oauth-protected-resource';
const asm = '/.well-known/oauth-authorization-server';
const oidc = '/.well-known/openid-configuration';
const megabyte = 'x'.repeat(1024 * 1024);

export async function metadata() {
  const cases = [];
  const victim = await Double.start('victim');
  agreeable(victim);
  const add = async (name, change, more = {}) => {
    const rs = await Double.start('rs');
    const as = await Double.start('as');
    agreeable(as);
    protected_mcp(rs, as);
    change({ rs, as });
    cases.push({
      name,
      expect: more.expect ?? 'unauthenticated',
      orders: { url: `${rs.origin}/mcp`, timeout_ms: 3000, ...more.orders },
      after: (check, outcome) => {
        const expected = more.reached ?? [];
        for (const endpoint of ['/register', '/authorize', '/token'])
          if (!expected.includes(endpoint)) check(`no request to ${endpoint}`, as.count(endpoint) === 0, as.paths());
        check('nobody else was asked', victim.seen.length === 0, victim.seen);
        check('what the document says is not repeated', !outcome.text.includes('<script>'));
        if (more.after) more.after(check, { rs, as, outcome });
      },
    });
  };

  // Of the resource (RFC 9728).
  const resource = ({ rs, as }, value) => rs.json(prm, { resource: `${rs.origin}/mcp`, authorization_servers: [as.origin], ...value });
  await add('resource of another origin', (at) => resource(at, { resource: 'https://bank.example/mcp' }));
  await add('resource whose path goes on', (at) => resource(at, { resource: `${at.rs.origin}/mcp/more` }));
  await add('resource that begins like the own one', (at) => resource(at, { resource: `${at.rs.origin}.evil.example/mcp` }));
  await add('resource that is no text', (at) => resource(at, { resource: ['<script>'] }));
  await add('no authorization server', (at) => resource(at, { authorization_servers: [] }));
  await add('authorization server that is a script', (at) => resource(at, { authorization_servers: ['javascript:alert("<script>")'] }));
  await add('authorization server without TLS', (at) => resource(at, { authorization_servers: ['http://as.example'] }));
  await add('authorization server with a user name', (at) => resource(at, { authorization_servers: [`http://user@127.0.0.1:${at.as.port}`] }));
  await add('authorization server with a query', (at) => resource(at, { authorization_servers: [`${at.as.origin}?x`] }));
  await add('a hundred thousand authorization servers', (at) => resource(at, { authorization_servers: Array(100_000).fill('https://x') }));
  await add('resource metadata of a gigabyte', ({ rs }) => rs.on(prm, (req) => {
    req.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    pour(req.socket, `100000\r\n${megabyte}\r\n`);
  }));
  await add('resource metadata that drips', ({ rs }) => rs.on(prm, (req) => {
    req.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
    drip(req.socket);
  }));
  await add('resource metadata that breaks off', ({ rs }) => {
    rs.on(prm, (req) => req.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{'));
    rs.json(root_prm, { resource: rs.origin, authorization_servers: [victim.origin] });
  }, { after: (check, { rs }) => check('the next place is not asked', rs.count(root_prm) === 0) });
  await add('resource metadata that is away', ({ rs }) => {
    rs.on(prm, (req, res) => res.writeHead(502).end());
    rs.json(root_prm, { resource: rs.origin, authorization_servers: [victim.origin] });
  }, { after: (check, { rs }) => check('the next place is not asked', rs.count(root_prm) === 0) });
  await add('resource metadata that redirects', ({ rs }) =>
    rs.on('*', (req, res) => res.writeHead(302, { Location: `${victim.origin}${req.url}` }).end()).routes.delete(prm));
  await add('resource metadata of many levels', ({ rs }) => rs.json(prm, '{"a":'.repeat(10_000)));
  for (const [name, header] of [
    ['another host', () => `Bearer resource_metadata="${victim.origin}/prm"`],
    ['a host that begins like the own one', (at) => `Bearer resource_metadata="http://127.0.0.1.evil.example:${at.rs.port}/prm"`],
    ['a script', () => 'Bearer resource_metadata="javascript:alert(1)"'],
    ['a file', () => 'Bearer resource_metadata="file:///etc/passwd"'],
  ])
    await add(`challenge that names metadata on ${name}`, (at) =>
      at.rs.on('/mcp', (req, res) => res.writeHead(401, { 'WWW-Authenticate': header(at) }).end()),
    { after: (check, { as }) => check('no server is asked', as.seen.length === 0, as.paths()) });

  // Of the authorization server (RFC 8414).
  const server = ({ as }, value) => as.json(asm, { issuer: as.origin, authorization_endpoint: `${as.origin}/authorize`,
    token_endpoint: `${as.origin}/token`, registration_endpoint: `${as.origin}/register`,
    code_challenge_methods_supported: ['S256'], ...value });
  await add('issuer of another', (at) => server(at, { issuer: victim.origin }),
    { after: (check, { as }) => check('the search ends there', as.count(oidc) === 0, as.paths()) });
  await add('issuer with a slash more', (at) => server(at, { issuer: `${at.as.origin}/` }));
  await add('issuer by another name of the host', (at) => server(at, { issuer: at.as.origin.replace('127.0.0.1', 'localhost') }));
  await add('whole document of another server', ({ as }) => as.on(asm, (req, res) => res.writeHead(200).end(JSON.stringify({
    issuer: victim.origin, authorization_endpoint: `${victim.origin}/authorize`, token_endpoint: `${victim.origin}/token`,
    registration_endpoint: `${victim.origin}/register`, code_challenge_methods_supported: ['S256'] }))));
  await add('no PKCE', (at) => server(at, { code_challenge_methods_supported: undefined }), { reached: ['/register'] });
  await add('plain PKCE alone', (at) => server(at, { code_challenge_methods_supported: ['plain'] }), { reached: ['/register'] });
  for (const url of ['javascript:alert("<script>")', 'http://as.example/x', 'file:///etc/passwd', 'https://x/"$(touch /tmp/x)"',
    'https://x/`id`', 'https://x/$HOME', "https://x/';id;'", 'https://u:p@x/', 'https://x/a b', 'https://x/\n', '/relative', 'data:text/html,x', 7])
    await add(`authorization endpoint ${JSON.stringify(url)}`, (at) => server(at, { authorization_endpoint: url }),
      { after: (check, { outcome }) => check('no page is opened', outcome.report.visits.length === 0, outcome.report.visits) });
  await add('server metadata of a gigabyte', ({ as }) => as.on(asm, (req) => {
    req.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    pour(req.socket, `100000\r\n${megabyte}\r\n`);
  }));
  await add('server metadata that drips', ({ as }) => as.on(asm, (req) => {
    req.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
    drip(req.socket);
  }));
  await add('server metadata that redirects', ({ as }) =>
    as.on('*', (req, res) => res.writeHead(307, { Location: `${victim.origin}${req.url}` }).end()).routes.delete(asm));
  await add('symmetric DPoP algorithms', (at) => server(at, { dpop_signing_alg_values_supported: ['HS256', 'none'] }),
    { expect: 'ok', reached: ['/register', '/authorize', '/token'] });
  await add('a broken document, then a good one', ({ as }) => {
    as.on(asm, (req, res) => res.writeHead(200).end('<html>'));
    as.json(oidc, { issuer: as.origin, authorization_endpoint: `${as.origin}/authorize`, token_endpoint: `${as.origin}/token`,
      registration_endpoint: `${as.origin}/register`, code_challenge_methods_supported: ['S256'] });
  }, { expect: 'ok', reached: ['/register', '/authorize', '/token'] });

  // Whose client is it?
  const secrets = { client_id: 'machine', client_secret: 'hush-8c1d', assertion: 'assertion-4e2b', issuer: 'https://as.example' };
  const idp = await Double.start('idp');
  idp.json('/token', { access_token: 'id-jag-9d3c', token_type: 'N_A', issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag' });
  for (const grant of ['credentials', 'workload', 'enterprise', ''])
    for (const issuer of [secrets.issuer, ''])
      await add(`client registered elsewhere, grant ${grant || 'code'}, issuer ${issuer || 'not given'}`, () => {}, {
        orders: { ...secrets, issuer, grant, idp_token_endpoint: `${idp.origin}/token` },
        // A person's sign-in may show a new client its first server.
        expect: grant === '' && issuer === '' ? 'ok' : 'unauthenticated',
        reached: grant === '' && issuer === '' ? ['/authorize', '/token'] : [],
        after: (check, { as }) => {
          check('the secret is not shown', (grant === '' && issuer === '') || !as.told('hush-8c1d') && !as.told(Buffer.from('machine:hush-8c1d').toString('base64')));
          check('no assertion is shown', !as.told('assertion-4e2b') && !as.told('id-jag-9d3c'));
          check('the identity provider is not asked', idp.seen.length === 0, idp.seen);
        },
      });
  await add('server that changes its authorization server each time', ({ rs, as }) => {
    let times = 0;
    rs.on(prm, (req, res) => {
      times += 1;
      res.writeHead(200, { 'Content-Type': 'application/json' });
      const named = times % 2 ? as.origin : as.origin.replace('127.0.0.1', '127.0.0.2');
      res.end(JSON.stringify({ resource: `${rs.origin}/mcp`, authorization_servers: [named] }));
    });
    rs.on('/mcp', (req, res) => res.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end());
  }, { reached: ['/register', '/authorize', '/token'],
    after: (check, { as }) => check('the person is asked three times at most', as.count('/authorize') <= 3, as.paths()) });
  return cases;
}
