// A PostgreSQL server of one's own on a Unix socket in a temporary folder, gone afterwards.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sleep } from '../support/process.mjs';

// Where Debian has it; undefined when it is not installed.
function programs() {
  const base = '/usr/lib/postgresql';
  const versions = fs.existsSync(base) ? fs.readdirSync(base).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => path.join(base, version, 'bin')).find((folder) => fs.existsSync(path.join(folder, 'initdb')));
}

export async function start_cluster() {
  const bin = programs();
  if (!bin) return undefined;
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oauth-pg-'));
  // PostgreSQL refuses to run as root.
  const root = process.getuid() === 0;
  const as_user = root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--pdeathsig=KILL', '--'] : ['env'];
  if (root) execFileSync('chown', ['postgres:postgres', folder]);
  const run = (program, args) => execFileSync(as_user[0], [...as_user.slice(1), path.join(bin, program), ...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
  const data = path.join(folder, 'data');
  run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8', '--locale=C']);
  const server = spawn(as_user[0], [...as_user.slice(1), path.join(bin, 'postgres'), '-D', data, '-k', folder, '-h', '', '-F'],
    { stdio: 'ignore', cwd: '/' });
  const exited = once(server, 'exit');
  const psql = (database, sql) => run('psql', ['-h', folder, '-U', 'postgres', '-d', database, '-v', 'ON_ERROR_STOP=1', '-Atc', sql]).toString().trim();
  for (let tries = 0; ; tries += 1) {
    try {
      psql('postgres', 'SELECT 1');
      break;
    } catch (error) {
      if (tries > 100) throw error;
      await sleep(100);
    }
  }
  let last;
  let databases = 0;
  return {
    fresh_database: async () => {
      last = `t${++databases}`;
      psql('postgres', `CREATE DATABASE ${last}`);
      return `postgresql:///${last}?host=${encodeURIComponent(folder)}&user=postgres`;
    },
    count: (sql) => Number(psql(last, sql)),
    stop: async () => {
      server.kill('SIGQUIT');
      await exited;
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
