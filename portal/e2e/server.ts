/** A real server of its own for each test file: a free port, a fresh directory, gone at the end. */

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';

/** The program under test: what cargo built last, or what `TIERLINE` names. */
export const BINARY = process.env.TIERLINE ?? path.resolve(import.meta.dirname, '../../target/debug/tierline');

/** The demo program, its clock standing at an instant. `TIERLINE_DEMO` names a directory in which it is laid already. */
const DEMO = ['--demo', '--now', '2026-01-15T12:00:00Z'];

export interface Principal {
  handle: string;
  name: string;
  kind: string;
  accessTokenUser: string;
  accessTokenPortal?: string;
  user?: string;
}

/** A process that listens, and where. */
async function begun(listen: string, place: string, args: string[]): Promise<{ child: ChildProcess; base: string }> {
  const all = ['serve', '--listen', listen, '--data-dir', place, ...args];
  const child = spawn(BINARY, all, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, RUST_LOG: 'warn' } });
  const lines = createInterface({ input: child.stdout });
  const base = await new Promise<string>((resolve, reject) => {
    lines.on('line', line => {
      const found = /listens on (http:\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.on('exit', code => reject(new Error(`${BINARY} ended with ${code ?? 'a signal'} before it listened`)));
  });
  return { child, base };
}

export class Server {
  private constructor(
    readonly base: string,
    readonly directory: string,
    private process: ChildProcess,
    private readonly args: string[],
  ) {}

  /**
   * Starts a sandbox with the demo program, its clock standing at an instant, unless other arguments are given. It is there when
   * this is done.
   */
  static async start(args = DEMO, directory?: string): Promise<Server> {
    const place = directory ?? mkdtempSync(path.join(tmpdir(), 'tierline-portal-'));
    const laid = process.env.TIERLINE_DEMO;
    if (args === DEMO && directory === undefined && laid !== undefined) cpSync(laid, place, { recursive: true });
    const { child, base } = await begun('127.0.0.1:0', place, args);
    return new Server(base, place, child, args);
  }

  /** Ends it without a word, as a machine does that loses its power; what it holds stays. */
  async kill(): Promise<void> {
    const ended = new Promise(resolve => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await ended;
  }

  /** Starts it again where it was. */
  async revive(): Promise<void> {
    const { child } = await begun(new URL(this.base).host, this.directory, this.args);
    this.process = child;
  }

  /** Ends it, and takes its directory away unless it is to be started again on it. */
  async stop(keep = false): Promise<void> {
    const ended = new Promise(resolve => this.process.once('exit', resolve));
    this.process.kill('SIGTERM');
    await ended;
    if (!keep) rmSync(this.directory, { recursive: true, force: true });
  }

  /** Everybody of the sandbox, or a customer's administrator. */
  async principals(customer?: string): Promise<Principal[]> {
    const query = customer === undefined ? '' : `?customer=${customer}`;
    const answer = await fetch(`${this.base}/sandbox/credentials${query}`);
    return ((await answer.json()) as { principals: Principal[] }).principals;
  }

  /** The token of one of them. */
  async token(handle: string): Promise<string> {
    const found = (await this.principals()).find(one => one.handle === handle);
    if (found === undefined) throw new Error(`nobody of the demo program is called ${handle}`);
    return found.accessTokenUser;
  }

  /** Calls the API as somebody: what a test sets up, and what it looks up behind the portal's back. */
  async call(method: string, where: string, token: string, body?: unknown): Promise<unknown> {
    const answer = await fetch(`${this.base}${where}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${where}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  /** Gives a command as one of the demo program, or plays anybody as its operator. */
  async command(as: string, verb: string, params: object): Promise<unknown> {
    const token = await this.token('operator');
    return this.call('POST', `/program/v1/commands/${verb}?as=${as}`, token, params);
  }

  /** Runs the program itself, and answers what it printed. */
  cli(...args: string[]): string {
    const done = spawnSync(BINARY, args, { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`tierline ${args.join(' ')}: ${done.stderr}`);
    return done.stdout.trim();
  }
}
