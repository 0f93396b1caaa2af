/// <reference lib="dom" />
/** The page: takes a file, shows progress, and displays the results of its worker. Nothing leaves the machine. */
import { REPORT_STYLE } from '../../src/figures/report-page';
import type { Answer, FileRequest, Reading, Request } from './messages';
import type { Control } from './words';

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const input = find<HTMLInputElement>('file');
const drop = find('drop');
const status = find('status');
const progress = find<HTMLProgressElement>('progress');
const cancel = find<HTMLButtonElement>('cancel');
const choices = find<HTMLFormElement>('choices');
const results = find('results');

// What this page has of its own comes after it.
document.head.querySelector('style')!.before(element('style', REPORT_STYLE));

const workerUrl = urlOf(find('worker').textContent ?? '', 'text/javascript');
let worker: Worker | undefined;
/** The file that is measured, for when it is to be read in another way. */
let current: FileRequest | undefined;
let saved: string | undefined;

function element(tag: string, text = '', ...children: Node[]): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}

function urlOf(text: string, type: string): string {
  return URL.createObjectURL(new Blob([text], { type }));
}

function say(text: string, isError = false): void {
  status.textContent = text;
  status.classList.toggle('error', isError);
}

function stop(): void {
  worker?.terminate();
  worker = undefined;
  progress.hidden = true;
  progress.removeAttribute('value');
  cancel.hidden = true;
}

function start(name: string, request: Request): void {
  stop();
  results.replaceChildren();
  if (saved) URL.revokeObjectURL(saved);
  current = request.type === 'file' ? request : undefined;
  say(`Reading ${name} …`);
  worker = new Worker(workerUrl);
  worker.onmessage = ({ data }: MessageEvent<Answer>) => answer(name, data);
  worker.onerror = ({ message }) => {
    stop();
    say(`${name} could not be measured: ${message}`, true);
  };
  cancel.hidden = false;
  progress.hidden = false; // moves without a value until a share is known
  worker.postMessage(request);
}

function answer(name: string, given: Answer): void {
  if (given.type === 'points') {
    const title = element('h2', `${name}: ${given.text}`);
    title.tabIndex = -1;
    results.append(title, ...given.notes.map((note) => element('p', note)));
    offer(given.controls);
    progress.removeAttribute('value');
    say(`Measuring ${name} …`);
  } else if (given.type === 'progress') {
    progress.value = given.share;
  } else if (given.type === 'choose') {
    stop();
    find('key').replaceChildren(
      ...given.arrays.map(({ name: array, shape }) => {
        const option = element('option', `${array} ${shape}`) as HTMLOptionElement;
        option.value = array;
        return option;
      }),
    );
    offer(['key'])?.focus();
    say(`${name} holds ${given.arrays.length} arrays: choose one.`);
  } else if (given.type === 'report') {
    stop();
    show(name, given);
    say(`${name} is measured.`);
    results.querySelector('h2')?.focus();
  } else {
    stop();
    say(given.message, true);
    offer(given.controls)?.focus();
  }
}

/** Shows controls beside those that are shown already, and returns the first. */
function offer(controls: readonly Control[]): HTMLElement | undefined {
  for (const control of controls) {
    choices.hidden = false;
    find(control).parentElement!.hidden = false;
  }
  return controls[0] && find(controls[0]);
}

/** Hides all controls, and forgets what they say. */
function withdraw(): void {
  choices.reset();
  choices.hidden = true;
  find('key').replaceChildren();
  for (const row of choices.querySelectorAll<HTMLElement>('.choice')) row.hidden = true;
}

/** What the controls say; those that say nothing are left out. */
function chosen(): Reading {
  const said = Object.fromEntries(
    [...new FormData(choices)].flatMap(([name, value]) => (value === '' ? [] : [[name, value]])),
  );
  const { header, distances } = said;
  return {
    ...said,
    ...(header === undefined ? {} : { header: header === 'names' }),
    ...(distances === undefined ? {} : { distances: true }),
  };
}

function show(name: string, { contents, page }: Extract<Answer, { readonly type: 'report' }>): void {
  const report = element('article');
  report.innerHTML = contents; // from the report's own drawing, which escapes all texts
  const save = element('a', 'Save this report') as HTMLAnchorElement;
  saved = urlOf(page, 'text/html');
  save.href = saved;
  save.download = `${name.replace(/\.\w+$/, '')}-report.html`;
  results.append(element('p', '', save), report);
}

function take(files: FileList | null | undefined): void {
  const [file, ...others] = files ?? [];
  if (file && others.length === 0) {
    withdraw();
    start(file.name, { type: 'file', file, reading: {} });
    return;
  }
  stop();
  say(file ? `Give one file at a time, not ${1 + others.length}.` : 'That is no file.', true);
}

input.addEventListener('change', () => {
  take(input.files);
  input.value = ''; // the same file may be chosen again
});
for (const name of ['dragover', 'dragenter'])
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
document.addEventListener('dragleave', () => drop.classList.remove('over'));
document.addEventListener('drop', (event) => {
  event.preventDefault();
  drop.classList.remove('over');
  take(event.dataTransfer?.files);
});
find('example').addEventListener('click', () => {
  withdraw();
  start('Example', { type: 'example' });
});
choices.addEventListener('submit', (event) => {
  event.preventDefault();
  if (current) start(current.file.name, { ...current, reading: chosen() });
});
cancel.addEventListener('click', () => {
  stop();
  say('Stopped.');
  input.focus(); // the button that had it is gone
});
