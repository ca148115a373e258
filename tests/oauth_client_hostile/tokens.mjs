// Authorization servers whose endpoints misbehave once the client trusts them.
import { Double, agreeable, drip, pour, protected_mcp, send_good, without_chance } from './doubles.mjs';

const megabyte = 'x'.repeat(1024 * 1024);

export async function tokens() {
  const cases = [];
  const victim = await Double.start('victim');
  victim.on('*', send_good);
  const add = async (name, expect, change, more = {}) => {
    const rs = await Double.start('rs');
    const as = await Double.start('as');
    agreeable(as, more.as);
    protected_mcp(rs, as, more.prm);
    change({ rs, as, victim });
    cases.push({
      name,
      expect,
      orders: { url: `${rs.origin}/mcp`, timeout_ms: 3000, ...more.orders },
      after: (check, outcome) => {
        check('the code goes to its server alone', !rs.told(`code-of-${as.port}`));
        check('refresh tokens go to their server alone', !rs.told('rt-'));
        check('access tokens go to the MCP server alone', !as.told('Bearer at-'));
        check('nobody else was asked', victim.seen.length === 0, victim.seen);
        check('no token in the output', !/at-\d|rt-\d|code-of/.test(without_chance(JSON.stringify(outcome.report))));
        if (more.after) more.after(check, { rs, as, outcome });
      },
    });
  };
  const at_token = (handler) => ({ as }) => as.on('/token', handler);
  const once_only = { after: (check, { as }) => check('the code is used once', as.count('/token') === 1, as.count('/token')) };

  await add('all is well', 'ok', () => {});
  for (const status of [301, 302, 303, 307, 308])
    await add(`token endpoint redirects with ${status}`, 'unauthenticated', ({ as, victim: other }) =>
      as.on('/token', (req, res) => res.writeHead(status, { Location: `${other.origin}/token` }).end()), once_only);
  await add('token endpoint answers a gigabyte', 'unauthenticated', at_token((req) => {
    req.socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n');
    pour(req.socket, `100000\r\n${megabyte}\r\n`);
  }));
  await add('token endpoint drips', 'unauthenticated', at_token((req) => {
    req.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n');
    drip(req.socket);
  }));
  await add('token endpoint lies about its length', 'unauthenticated', at_token((req) =>
    req.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"access_token":"at-9","token_type":"Bearer"}')));
  for (const [name, body] of Object.entries({
    'an error with status 200': '{"error":"invalid_grant","access_token":"at-9","token_type":"Bearer"}',
    'no token': '{}',
    'a token that breaks the header': '{"access_token":"at-9\\r\\nX-Evil: 1","token_type":"Bearer"}',
    'a token of another kind': '{"access_token":"at-9","token_type":"mac"}',
    'a page': '<html>',
    'a token bound to a key nobody has': '{"access_token":"at-9","token_type":"DPoP"}',
  }))
    await add(`token endpoint answers ${name}`, 'unauthenticated', at_token((req, res) => {
      res.writeHead(200, { 'Content-Type': 'application/json' });
      res.end(body);
    }), once_only);
  await add('token endpoint describes its error with a script', 'unauthenticated', at_token((req, res) => {
    res.writeHead(400, { 'Content-Type': 'application/json' });
    res.end('{"error":"invalid_grant","error_description":"<script>alert(1)</script>"}');
  }), { after: (check, { outcome }) => check('it is not repeated', !outcome.text.includes('script')) });
  await add('token endpoint says it is busy', 'unauthenticated', at_token((req, res) => res.writeHead(503).end()), once_only);

  await add('registration redirects', 'unauthenticated', ({ as, victim: other }) =>
    as.on('/register', (req, res) => res.writeHead(307, { Location: `${other.origin}/register` }).end()));
  await add('registration answers a gigabyte', 'unauthenticated', ({ as }) => as.on('/register', (req) => {
    req.socket.write('HTTP/1.1 201 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
    pour(req.socket, `100000\r\n${megabyte}\r\n`);
  }));
  await add('registration fails with a script', 'unauthenticated', ({ as }) =>
    as.json('/register', { error: '<script>', error_description: '<script>' }, 400),
  { after: (check, { outcome }) => check('it is not repeated', !outcome.text.includes('script')) });
  await add('registration agrees on a secret and gives none', 'unauthenticated', ({ as }) =>
    as.json('/register', { client_id: 'x', token_endpoint_auth_method: 'client_secret_basic' }, 201));
  await add('registration is forgotten again and again', 'unauthenticated', at_token((req, res) => {
    res.writeHead(401, { 'Content-Type': 'application/json' });
    res.end('{"error":"invalid_client"}');
  }), { after: (check, { as }) => check('it registers twice at most', as.count('/register') <= 2, as.count('/register')) });

  await add('MCP server never takes the token', 'unauthenticated', ({ rs }) =>
    rs.on('/mcp', (req, res) => res.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end()),
  { after: (check, { as }) => check('the person is asked three times at most', as.count('/authorize') <= 3) });
  await add('MCP server wants another scope each time', ['forbidden', 'unauthenticated'], ({ rs }) => {
    let times = 0;
    rs.on('/mcp', (req, res) => {
      if (!req.headers.authorization) { res.writeHead(401, { 'WWW-Authenticate': 'Bearer scope="s0"' }).end(); return; }
      times += 1;
      res.writeHead(403, { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="s${times}"` }).end();
    });
  }, { after: (check, { as }) => check('the person is asked three times at most', as.count('/authorize') <= 3 && as.count('/authorize') > 1, as.paths()) });
  await add('MCP server wants a stronger sign-in each time', 'unauthenticated', ({ rs }) =>
    rs.on('/mcp', (req, res) => res.writeHead(401, { 'WWW-Authenticate': req.headers.authorization
      ? 'Bearer error="insufficient_user_authentication", acr_values="gold", max_age="0"' : 'Bearer' }).end()),
  { after: (check, { as }) => {
    check('the person is asked three times at most', as.count('/authorize') <= 3 && as.count('/authorize') > 1, as.paths());
    check('the wish is passed on', as.seen.some((request) => request.url.includes('acr_values=gold')));
  } });
  await add('MCP server takes calls and refuses others in turn', ['unauthenticated', 'ok'], ({ rs }) => {
    let times = 0;
    rs.on('/mcp', (req, res, body) => {
      times += 1;
      if (!req.headers.authorization || times % 2) { res.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end(); return; }
      send_good(req, res, body);
    });
  }, { orders: { calls: 10 }, after: (check, { as }) => check('the person is asked three times at most', as.count('/authorize') <= 3, as.paths()) });
  return cases;
}
