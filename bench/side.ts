/** One side of a comparison: a process that stays warm and answers requests line by line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { ownInstructions } from './instructions';

/** A message in JSON, with numbers and short lists. */
export type Message = Readonly<Record<string, unknown>>;

/** The requests that a side answers, by name. */
export type Handlers = Readonly<Record<string, (request: Message) => Promise<Message> | Message>>;

/** A process that answers requests, which are sent one at a time. */
export class Side {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ) {
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', process.env['BENCH_VERBOSE'] ? 'inherit' : 'ignore'],
      env: { ...process.env, ...environment },
    });
    this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  /** @throws Error with the message of the side, if it cannot answer the request */
  async ask(what: string, request: Message = {}): Promise<Message> {
    this.#process.stdin!.write(`${JSON.stringify({ ...request, what })}\n`);
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done)
        throw new Error(`${this.name} ended during the request '${what}'; BENCH_VERBOSE=1 shows its output`);
      if (!value.startsWith('{')) continue; // the greeting of a library
      const answer = JSON.parse(value) as Message;
      if (answer['error']) throw new Error(`${this.name}, asked '${what}': ${answer['error']}`);
      return answer;
    }
  }

  end(): void {
    this.#process.stdin!.end();
    this.#process.kill();
  }
}

/** The other end: answers requests, including one for its `instructions`, from standard input until that closes. */
export async function serve(handlers: Handlers): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Message;
    let answer: Message;
    try {
      answer =
        request['what'] === 'instructions'
          ? { instructions: ownInstructions() }
          : await handlers[String(request['what'])]!(request);
    } catch (error) {
      answer = { error: error instanceof Error ? error.message : String(error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}
