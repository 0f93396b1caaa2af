/// <reference lib="dom" />
/** The page: takes a file, shows progress, and displays the results of its worker. Nothing leaves the machine. */
import { REPORT_STYLE } from '../../src/figures/report-page';
import type { Answer, FileRequest, Request } from './messages';

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const input = find<HTMLInputElement>('file');
const drop = find('drop');
const status = find('status');
const progress = find<HTMLProgressElement>('progress');
const cancel = find<HTMLButtonElement>('cancel');
const [arrays, columns] = [find('choose-array'), find('choose-columns')];
const select = find<HTMLSelectElement>('array');
const wanted = find<HTMLInputElement>('columns');
const results = find('results');

// What this page has of its own comes after it.
document.head.querySelector('style')!.before(element('style', REPORT_STYLE));

const workerUrl = urlOf(find('worker').textContent ?? '', 'text/javascript');
let worker: Worker | undefined;
/** The file that is measured, for when one of its arrays or some of its columns are chosen. */
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
  cancel.hidden = true;
}

function start(name: string, request: Request): void {
  stop();
  arrays.hidden = true;
  columns.hidden = true;
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
  worker.postMessage(request);
}

function answer(name: string, given: Answer): void {
  if (given.type === 'points') {
    const title = element('h2', `${name}: ${given.text}`);
    title.tabIndex = -1;
    results.append(title, ...given.notes.map((note) => element('p', note)));
    say(`Measuring ${name} …`);
  } else if (given.type === 'progress') {
    progress.hidden = false;
    progress.value = given.share;
  } else if (given.type === 'choose') {
    stop();
    select.replaceChildren(
      ...given.arrays.map(({ name: array, shape }) => {
        const option = element('option', `${array} ${shape}`) as HTMLOptionElement;
        option.value = array;
        return option;
      }),
    );
    arrays.hidden = false;
    say(`${name} holds ${given.arrays.length} arrays: choose one.`);
    select.focus();
  } else if (given.type === 'report') {
    stop();
    show(name, given);
    say(`${name} is measured.`);
    results.querySelector('h2')?.focus();
  } else {
    stop();
    say(given.message, true);
    columns.hidden = !given.columns;
    if (given.columns) wanted.focus();
  }
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
    start(file.name, { type: 'file', file });
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
find('example').addEventListener('click', () => start('Example', { type: 'example' }));
for (const [form, chosen] of [
  [arrays, () => ({ array: select.value })],
  [columns, () => ({ columns: wanted.value })],
] as const)
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    if (current) start(current.file.name, { ...current, ...chosen() });
  });
cancel.addEventListener('click', () => {
  stop();
  say('Stopped.');
});
