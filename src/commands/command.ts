/** Shared by all commands, on top of commander: help, errors in one line, signals, and exit codes. */
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { BEFORE_OPTIONS, called } from '../called';
import { nearest } from '../given';
import { VERSION } from '../version';
import { whyUnwritable } from './writable';

/** A command `npm run <name> -- <part> ...`, to which the caller adds options. */
export function defineCommand(name: string, summary: string, part?: string): Command {
  return new Command([`${called(name)}${BEFORE_OPTIONS}`, part].filter(Boolean).join(' '))
    .description(summary)
    .helpOption('-h, --help', 'show this text')
    .version(VERSION, '--version', 'print the version')
    .allowExcessArguments(false)
    .configureHelp({ helpWidth: Math.min(process.stdout.columns ?? 100, 120), sortOptions: false })
    .configureOutput({ outputError: (text, write) => write(`${inOneLine(text)}\n`) })
    .exitOverride();
}

/** An error in one line, with the nearest choice, which commander suggests for options only. */
function inOneLine(text: string): string {
  const line = text.trim().replaceAll(/\s*\n\s*/g, ' ');
  const [, option] = /unknown option '(-.*?)'/.exec(line) ?? [];
  if (option !== undefined && existsSync(option)) return `${line}: the file of this name is ./${option}`;
  const [, word, choices] =
    /(?:argument|value) '(.*)' is invalid.*\. Allowed choices are (.*)\.$/.exec(line) ?? [];
  return word === undefined ? line : `${line} Did you mean ${nearest(word, choices!.split(', '))}?`;
}

/** Parses the words of the command line, runs the command, and sets the exit code. */
export async function runCommand(
  command: Command,
  words: readonly string[] = process.argv.slice(2),
): Promise<void> {
  endWithOutput();
  refuseTwice(command);
  if (words.length === 0 && command.registeredArguments.some(({ required }) => required)) {
    command.outputHelp({ error: true });
    process.exitCode = 1;
    return;
  }
  try {
    await command.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) process.exitCode = error.exitCode;
    else {
      console.error(
        process.env['DEBUG'] ? error : `error: ${error instanceof Error ? error.message : error}`,
      );
      process.exitCode = error instanceof StoppedError ? error.exitCode : 1;
    }
  }
}

/** Ends the command with an error if output cannot be written. A reader that stops early, such as `head`, is not an error. */
function endWithOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    console.error(`error: cannot write to standard output: ${whyUnwritable(error, 'of standard output')}`);
    process.exit(1);
  });
  process.stderr.on('error', () => {});
}

/** Rejects an option that is given twice, or with and without `--no-`, since the first one would be ignored. */
function refuseTwice(command: Command): void {
  const given = new Map<string, string>();
  for (const option of command.options) {
    if (option.variadic) continue;
    command.on(`option:${option.name()}`, () => {
      const [name, here] = [option.attributeName(), option.long ?? option.flags];
      const before = given.get(name);
      if (before === here) throw new Error(`${here} is given twice: give it once`);
      if (before !== undefined) throw new Error(`${before} and ${here} are both given: give one of them`);
      given.set(name, here);
    });
  }
}

/** A command that a signal has stopped before it could finish. */
export class StoppedError extends Error {
  constructor(readonly exitCode: number) {
    super('stopped');
  }
}

/** How a command learns that it should end. */
export interface Stop {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** The exit code of a command that has stopped: 128 and the number of the signal. */
  exitCode(): Promise<number>;
}

/** A second SIGINT within this time comes from the same key press, which npm passes on to its child once more. */
const SAME_PRESS_MS = 500;

/**
 * The first SIGINT, SIGTERM or SIGHUP (a closed terminal) asks the command to end. A later SIGINT ends the process at once.
 *
 * @param notice printed at the first signal
 */
export function listenForStop(notice: string): Stop {
  const controller = new AbortController();
  let first = 0;
  let code = 130;
  const onSignal = (name: NodeJS.Signals): void => {
    if (first === 0) {
      first = Date.now();
      code = 128 + constants.signals[name];
      console.error(`\n${notice}`);
      controller.abort(new StoppedError(code));
    } else if (name === 'SIGINT' && Date.now() - first > SAME_PRESS_MS) {
      process.exit(130);
    }
  };
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal);
  return {
    signal: controller.signal,
    exitCode: async () => {
      // A process that is ending no longer listens, and the second signal of the same key press would kill it.
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, first + SAME_PRESS_MS - Date.now())));
      return code;
    },
  };
}

/** Parses the value of a numeric option. */
export function numberOption(text: string): number {
  const number = Number(text);
  if (text.trim() === '' || Number.isNaN(number)) throw new InvalidArgumentError('It must be a number.');
  return number;
}

/** A word, quoted for a shell if necessary. */
export function quoteWord(word: string): string {
  return /^[\w=.,/:@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
