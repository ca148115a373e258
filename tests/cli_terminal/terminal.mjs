// A real terminal: tmux with a shell in it, typed into and read as a person would.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sleep } from '../support/process.mjs';

const prompt = '$ ';

export class Terminal {
  constructor({ env, cwd, width = 110, height = 45 }) {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'terminal-'));
    this.socket = path.join(this.folder, 'tmux');
    const settings = path.join(this.folder, 'tmux.conf');
    fs.writeFileSync(settings, 'set -g history-limit 100000\nset -g status off\nset -g default-terminal screen-256color\n');
    const variables = Object.entries({ ...env, PS1: prompt, TERM: 'screen-256color' }).map(([name, value]) => `${name}=${value}`);
    execFileSync('tmux', ['-S', this.socket, '-f', settings, 'new-session', '-d', '-s', 'main', '-x', String(width), '-y', String(height),
      'env', '-i', ...variables, 'bash', '--norc', '--noprofile'], { cwd, env: { PATH: process.env.PATH, HOME: this.folder, LANG: 'C.UTF-8' } });
  }

  tmux(...args) {
    return execFileSync('tmux', ['-S', this.socket, ...args], { encoding: 'utf8', maxBuffer: 1 << 26 });
  }

  // Everything since the terminal was opened, wrapped lines joined.
  text() {
    return this.tmux('capture-pane', '-p', '-J', '-S', '-', '-t', 'main').split('\n').map((line) => line.trimEnd()).join('\n').trimEnd();
  }

  // The same with its colours as escape sequences.
  coloured() {
    return this.tmux('capture-pane', '-p', '-e', '-J', '-S', '-', '-t', 'main');
  }

  type(text, enter = true) {
    if (text) this.tmux('send-keys', '-t', 'main', '-l', '--', text);
    if (enter) this.tmux('send-keys', '-t', 'main', 'Enter');
  }

  key(name) {
    this.tmux('send-keys', '-t', 'main', name);
  }

  // Types a command at the prompt; what follows is looked at from here on. What a failed step left running is ended first.
  async begin(command) {
    for (let i = 0; i < 20 && !/(^|\n)\$$/.test(this.text()); ++i) {
      if (i > 0) this.key('C-c');
      await sleep(200);
    }
    this.key('C-l');
    for (let i = 0; i < 50 && this.tmux('capture-pane', '-p', '-t', 'main').trimEnd() !== prompt.trim(); ++i) await sleep(50);
    this.tmux('clear-history', '-t', 'main');
    this.command = command;
    this.type(command);
  }

  // What the command has written so far.
  output() {
    const text = this.text();
    const at = text.indexOf(prompt + this.command);
    return at < 0 ? '' : text.slice(at);
  }

  async wait(wanted, what = String(wanted), patience_ms = 120000) {
    const end = Date.now() + patience_ms;
    for (;;) {
      const found = wanted.exec(this.output());
      if (found) return found;
      if (Date.now() > end) throw new Error(`the terminal does not show ${what}:\n${this.text()}`);
      await sleep(30);
    }
  }

  // Waits for the next prompt; the whole of what the command wrote, with its line, and its exit code.
  async finish() {
    await this.wait(/\n\$$/, 'the next prompt');
    const text = this.output().replace(/\n\$$/, '');
    this.type('echo "code=$?"');
    const [, code] = await this.wait(/\ncode=(\d+)\n\$$/, 'the exit code');
    return { text, code: Number(code) };
  }

  close() {
    try { this.tmux('kill-server'); } catch { /* gone already */ }
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
