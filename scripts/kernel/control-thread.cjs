// The thread of Jupyter's control channel, which hears the Stop button also while a cell lets nothing else happen.
'use strict';

const { createHmac, randomUUID } = require('node:crypto');
const { Session } = require('node:inspector');
const { parentPort, workerData } = require('node:worker_threads');
const { Router } = require('zeromq');

const { address, key, patience, running, closed } = workerData;
/** Milliseconds between two looks at code that does not answer. */
const LOOK = 100;
const DELIMITER = Buffer.from('<IDS|MSG>');
const socket = new Router();

/** Set when Stop is pressed, until the kernel's thread answers. */
let unanswered;

/** An interrupt goes on as a signal, everything else to the kernel's thread, which answers it. */
async function main() {
  parentPort.on('message', ({ answer, isAlive, close }) => {
    if (answer) socket.send(answer);
    if (isAlive) answered();
    if (close) end();
  });
  await socket.bind(address);
  parentPort.postMessage({ listening: true });
  for await (const frames of socket) {
    const reply = replyToInterrupt(frames);
    if (reply) {
      interrupt();
      await socket.send(reply);
    } else parentPort.postMessage({ frames });
  }
}

/** Undefined for messages of other kinds, and for those that are not signed with the key. */
function replyToInterrupt(frames) {
  const at = frames.findIndex((frame) => frame.equals(DELIMITER));
  const [signature, header, ...others] = frames.slice(at + 1);
  if (String(signature) !== signed([header, ...others])) return undefined;
  const request = JSON.parse(header);
  if (request.msg_type !== 'interrupt_request') return undefined;
  const own = { msg_type: 'interrupt_reply', msg_id: randomUUID(), date: new Date().toISOString() };
  const parts = [JSON.stringify({ ...request, ...own }), header, '{}', '{"status":"ok"}'];
  return [...frames.slice(0, at), DELIMITER, signed(parts), ...parts];
}

function signed(parts) {
  const hash = createHmac('sha256', key);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function interrupt() {
  process.kill(process.pid, 'SIGINT');
  parentPort.postMessage({ isAlive: true });
  const again = unanswered !== undefined;
  answered();
  const pressed = performance.now();
  unanswered = setInterval(() => {
    const what = Atomics.load(running, 0);
    const left = patience[what] - (performance.now() - pressed);
    if (left <= 0 || (again && Number.isFinite(left))) endCode();
  }, LOOK);
}

function answered() {
  clearInterval(unanswered);
  unanswered = undefined;
}

/** Ends the code that keeps the kernel's thread from answering where it stands, as a debugger does. */
function endCode() {
  answered();
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution', () => {
    session.disconnect();
    parentPort.postMessage({ ended: true });
  });
}

/** A process that ends with this socket open ends with an error. */
function end() {
  answered();
  parentPort.close();
  socket.close();
  Atomics.store(closed, 0, 1);
  Atomics.notify(closed, 0);
}

main();
