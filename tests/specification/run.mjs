// What the specification asks of a server beyond what the conformance suite checks, over real sockets and pipes.
import { Checks } from '../support/checks.mjs';
import { free_port, start, stop_all } from '../support/process.mjs';
import * as newest from './newest.mjs';
import * as older from './older.mjs';
import { pipes } from './pipe.mjs';

const checks = new Checks('specification');
const port = await free_port();
const server = await start('everything-server', ['--port', port, '--verbose'], { ready: `http://127.0.0.1:${port}/health` });
await checks.step('results', () => newest.results(checks, port));
await checks.step('transport', () => newest.transport(checks, port));
await checks.step('headers', () => newest.headers(checks, port));
await checks.step('requests', () => newest.requests(checks, port, server));
await checks.step('lifecycle', () => older.lifecycle(checks, port));
await checks.step('streams', () => older.streams(checks, port));
await checks.step('questions', () => older.questions(checks, port));
const listening = await checks.step('subscriptions', () => newest.subscriptions(checks, port));
const calls = await newest.in_flight(port);
const stopping = server.stop();
await checks.step('graceful end', () => newest.graceful_end(checks, listening));
await checks.step('calls in flight', () => newest.calls_end(checks, calls));
checks.equal('SIGTERM ends it well', await stopping, 0);
await checks.step('stdio', () => pipes(checks));
await stop_all();
checks.finish();
