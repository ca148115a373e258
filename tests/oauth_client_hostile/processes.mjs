// Several processes that share one file of tokens, whose authorization server takes each refresh token once.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Double, agreeable, protected_mcp, send_good } from './doubles.mjs';

export async function processes(drive, check) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hostile-'));
  const rs = await Double.start('rs');
  const as = await Double.start('as');
  agreeable(as);
  protected_mcp(rs, as);
  let oldest = 1;
  let hang = false;
  rs.on('/mcp', (req, res, body) => {
    const number = /^Bearer at-(\d+)$/.exec(req.headers.authorization ?? '')?.[1];
    if (number >= oldest) send_good(req, res, body);
    else res.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
  });
  const used = new Set();
  let given = 0;
  let reused = 0;
  as.on('/token', (req, res, body) => {
    if (hang) return;
    const form = new URLSearchParams(body);
    const old = form.get('refresh_token');
    if (old && used.has(old)) reused += 1;
    used.add(old);
    given += 1;
    const now = given;
    // Slow, so that all meet; what is renewed lives for an hour, the first not at all.
    setTimeout(() => {
      res.writeHead(200, { 'Content-Type': 'application/json' });
      res.end(JSON.stringify({ access_token: `at-${now}`, token_type: 'Bearer', expires_in: old ? 3600 : 0, refresh_token: `rt-${now}` }));
    }, 200);
  });
  const orders = { url: `${rs.origin}/mcp`, timeout_ms: 10_000, store: path.join(folder, 'tokens') };
  const first = await drive({ ...orders, sign_in: true });
  check('one process signs in', first.code === 0, first);
  const others = await Promise.all(Array.from({ length: 6 }, () => drive(orders)));
  check('six processes call with its tokens', others.every(({ code }) => code === 0), others);
  check('the token is renewed once', given === 2, given);
  check('no refresh token is used twice', reused === 0, reused);
  check('nobody signs in again', as.count('/authorize') === 1, as.paths());
  // The token is not taken any more, and whoever renews it waits until it dies, with the lease.
  oldest = 3;
  hang = true;
  const killed = await Promise.all([drive({ ...orders, die_after_ms: 3000 }), drive({ ...orders, die_after_ms: 3000 })]);
  check('two processes were killed', killed.every(({ code }) => code === 'SIGKILL'), killed);
  hang = false;
  const last = await drive(orders);
  check('they leave no lock behind', last.code === 0, last);
  check('and no refresh token that was used', reused === 0 && as.count('/authorize') === 1, as.paths());
  fs.rmSync(folder, { recursive: true, force: true });
}
