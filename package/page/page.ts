/// <reference lib="dom" />
/** The page: takes a file, shows progress, and displays the results of its worker. Nothing leaves the machine. */
import type { Answer, DrawnPart, Request } from './messages';

const find = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const input = find<HTMLInputElement>('file');
const drop = find('drop');
const status = find('status');
const progress = find<HTMLProgressElement>('progress');
const cancel = find<HTMLButtonElement>('cancel');
const choice = find('choice');
const select = find<HTMLSelectElement>('array');
const results = find('results');

const workerUrl = URL.createObjectURL(
  new Blob([find('worker').textContent ?? ''], { type: 'text/javascript' }),
);
let worker: Worker | undefined;
/** The current file, from which one of several arrays may be chosen. */
let current: { readonly name: string; readonly bytes: Uint8Array } | undefined;

function element(tag: string, text = '', ...children: Node[]): HTMLElement {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
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
  choice.hidden = true;
  results.replaceChildren();
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
    progress.title = given.what;
  } else if (given.type === 'part') results.append(drawn(given.part));
  else if (given.type === 'choose') {
    stop();
    select.replaceChildren(
      ...given.arrays.map(({ name: array, shape }) => {
        const option = element('option', `${array} ${shape}`) as HTMLOptionElement;
        option.value = array;
        return option;
      }),
    );
    choice.hidden = false;
    say(`${name} holds ${given.arrays.length} arrays: choose one.`);
    select.focus();
  } else {
    stop();
    if (given.type === 'failed') say(given.message, true);
    else {
      say(`${name} is measured.`);
      results.querySelector('h2')?.focus();
    }
  }
}

function drawn({ title, sentences, table, svg }: DrawnPart): HTMLElement {
  const section = element(
    'section',
    '',
    element('h3', title),
    ...sentences.map((text) => element('p', text)),
  );
  if (svg !== undefined) {
    const figure = element('figure');
    figure.innerHTML = svg; // from our own drawing, which escapes all texts
    section.append(figure);
  }
  if (table) {
    const head = element('tr', '', ...table.columns.map((text) => header(text, 'col')));
    const rows = table.rows.map(([name = '', ...cells]) =>
      element('tr', '', header(name, 'row'), ...cells.map((text) => element('td', text))),
    );
    const whole = element('table', '', element('thead', '', head), element('tbody', '', ...rows));
    if (svg === undefined) section.append(scrolling(whole));
    else section.append(element('details', '', element('summary', 'The same in numbers'), scrolling(whole)));
  }
  return section;
}

function header(text: string, scope: 'col' | 'row'): HTMLElement {
  const made = element('th', text);
  made.setAttribute('scope', scope);
  return made;
}

/** A table that is wider than the screen scrolls by itself. */
function scrolling(table: HTMLElement): HTMLElement {
  const made = element('div', '', table);
  made.className = 'wide';
  return made;
}

async function take(file: File | undefined): Promise<void> {
  if (!file) return;
  try {
    current = { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
  } catch (error) {
    stop();
    say(`${file.name} cannot be read: ${(error as Error).message}`, true);
    return;
  }
  start(file.name, { type: 'file', ...current });
}

input.addEventListener('change', () => {
  void take(input.files?.[0]);
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
  void take(event.dataTransfer?.files[0]);
});
find('example').addEventListener('click', () => start('Example', { type: 'example' }));
find('choose').addEventListener('submit', (event) => {
  event.preventDefault();
  if (current) start(current.name, { type: 'file', ...current, array: select.value });
});
cancel.addEventListener('click', () => {
  stop();
  say('Stopped.');
});
