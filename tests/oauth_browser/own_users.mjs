// People who sign in with a password of this server's own: added by the command line, signed in in chromium.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { bin } from '../support/process.mjs';
import { complaints_of, inspect, open_browser, phone, start_listener, tab_to } from './pages.mjs';
import { PlainClient } from './visitor.mjs';
import { start_world } from './world.mjs';

async function add_user(world, name, password) {
  const child = spawn(path.join(bin, 'leanmcp'), ['as', 'users', 'add', name, '--name', 'Ada Lovelace'],
    { env: { PATH: process.env.PATH, DATABASE_URL: world.env.DATABASE_URL, LEANMCP_STATE_KEYS: world.env.LEANMCP_STATE_KEYS }, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { output += chunk; });
  child.stdin.end(`${password}\n`);
  const code = await new Promise((resolve) => { child.on('exit', resolve); });
  return { code, output };
}

export async function run_own_users(checks) {
  const world = await start_world(() => ({}), { OWN_USERS: '1' });
  const listener = await start_listener();
  const browser = await open_browser();
  try {
    const added = await add_user(world, 'ada', 'correct horse battery');
    checks.equal('own users: one is added', added.code, 0);
    checks.equal('own users: and the password is not written anywhere', [added.output.includes('horse'), world.database_text().includes('horse')], [false, false]);
    const client = new PlainClient(world.issuer, world.resource, listener.redirect_uri);
    await client.register({ client_name: 'Team notes' });
    const context = await browser.newContext({ viewport: phone });
    const page = await context.newPage();
    const complaints = complaints_of(page, world.issuer);
    await page.goto(client.url());
    const [response] = await Promise.all([page.waitForResponse((one) => one.url().includes('/sign-in') && one.request().method() === 'GET'),
      page.click('button:has-text("Allow, and sign in with your password")')]);
    await page.waitForSelector('input[name=password]');
    await inspect(checks, page, response, 'sign-in');
    await tab_to(checks, page, /username/);
    await page.keyboard.type('ada');
    await tab_to(checks, page, /password/);
    await page.keyboard.type('wrong');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[role=alert]');
    await inspect(checks, page, undefined, 'sign-in-wrong');
    checks.equal('own users: the name is kept, the password is not', [await page.inputValue('input[name=username]'), await page.inputValue('input[name=password]')], ['ada', '']);
    await page.fill('input[name=password]', 'correct horse battery');
    const came = listener.next();
    await page.keyboard.press('Enter');
    const query = await came;
    checks.equal('own users: signed in', [typeof query.code, query.iss], ['string', world.issuer]);
    checks.equal('own users: no complaints', complaints.filter((text) => !/status of 403/.test(text)), []);
    const tokens = await client.token(query.code);
    const claims = JSON.parse(Buffer.from(tokens.body.access_token.split('.')[1], 'base64url'));
    checks.check('own users: the subject is no name', /^local:[\w-]{22}$/.test(claims.sub), claims.sub);
    await page.waitForSelector('h1:has-text("Back in the app")');

    await page.goto(client.url({ prompt: 'login', max_age: '0', login_hint: 'ada' }));
    await page.click('button:has-text("Allow, and sign in with your password")');
    await page.waitForSelector('input[name=password]');
    checks.equal('own users: a hint stands in the field', await page.inputValue('input[name=username]'), 'ada');
    const typed = Math.floor(Date.now() / 1000);
    const second = listener.next();
    await page.fill('input[name=password]', 'correct horse battery');
    await page.keyboard.press('Enter');
    const fresh = JSON.parse(Buffer.from((await client.token((await second).code)).body.access_token.split('.')[1], 'base64url'));
    checks.check('own users: auth_time is when the password was typed', fresh.auth_time >= typed && fresh.auth_time <= fresh.iat, fresh);
    await context.close();
  } finally {
    await browser.close();
    await listener.stop();
    await world.stop();
  }
}
