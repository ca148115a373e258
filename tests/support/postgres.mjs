// A PostgreSQL server of one's own in a temporary directory, reached over a Unix socket; undefined when none is installed.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sleep } from './process.mjs';

function programs() {
  const versions = fs.existsSync('/usr/lib/postgresql') ? fs.readdirSync('/usr/lib/postgresql') : [];
  const places = [...versions.map((version) => `/usr/lib/postgresql/${version}/bin`), '/usr/local/bin', '/usr/bin'];
  return places.find((place) => fs.existsSync(`${place}/initdb`) && fs.existsSync(`${place}/postgres`));
}

// PostgreSQL refuses to run as root.
function other_user() {
  if (process.getuid() !== 0) return {};
  const line = fs.readFileSync('/etc/passwd', 'utf8').split('\n').find((one) => one.startsWith('postgres:'));
  if (!line) return undefined;
  const [, , uid, gid] = line.split(':');
  return { uid: Number(uid), gid: Number(gid) };
}

export async function start_postgres() {
  const place = programs();
  const user = other_user();
  if (!place || !user) return undefined;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'leanmcp-pg-'));
  if (user.uid !== undefined) fs.chownSync(folder, user.uid, user.gid);
  const settings = { ...user, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' } };
  const data = path.join(folder, 'data');
  const init = spawnSync(`${place}/initdb`, ['-D', data, '-A', 'trust', '-U', 'leanmcp', '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8'], settings);
  if (init.status !== 0) throw new Error(`initdb: ${init.stderr}`);
  let child;
  const launch = async () => {
    // Without fsync: processes die here, not the machine.
    child = spawn(`${place}/postgres`, ['-D', data, '-c', 'listen_addresses=', '-c', 'fsync=off', '-c', `unix_socket_directories=${folder}`], { ...settings, stdio: 'ignore' });
    for (let i = 0; i < 2400; i += 1) {
      if (spawnSync(`${place}/pg_isready`, ['-h', folder, '-U', 'leanmcp', '-d', 'postgres'], settings).status === 0) return;
      await sleep(50);
    }
    throw new Error('PostgreSQL did not start');
  };
  const halt = () => new Promise((resolve) => {
    child.once('exit', resolve);
    child.kill('SIGQUIT');  // an immediate shutdown, as a crash would be
  });
  await launch();
  const psql = (sql, database = 'postgres') => {
    const ran = spawnSync(`${place}/psql`, ['-h', folder, '-U', 'leanmcp', '-d', database, '-At', '-c', sql], settings);
    if (ran.status !== 0) throw new Error(String(ran.stderr));
    return String(ran.stdout).trim();
  };
  process.on('exit', () => child.kill('SIGQUIT'));
  return {
    url: (database) => (psql(`CREATE DATABASE ${database}`), `postgresql:///${database}?host=${folder}&user=leanmcp`),
    sql: psql,
    crash: async () => (await halt(), launch()),
    stop: async () => (await halt(), fs.rmSync(folder, { recursive: true, force: true })),
  };
}
