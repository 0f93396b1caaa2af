// The thread of Jupyter's control channel, which hears the Stop button also while a cell lets nothing else happen.
'use strict';

const { createHmac, randomUUID } = require('node:crypto');
const { parentPort, workerData } = require('node:worker_threads');
const { Router } = require('zeromq');
const { LOOK, endCode, endUsersCode } = require('./end-code.cjs');
const { whenParentIsGone } = require('./parent.cjs');

const { address, key, patience, grace, running, closed } = workerData;
/** Milliseconds in which a kernel that nobody can reach any more may end by itself. */
const FAREWELL = 15_000;
const DELIMITER = Buffer.from('<IDS|MSG>');
const socket = new Router();

/** Set when Stop is pressed, until the kernel's thread answers: ends the wait for it. */
let unanswered;

/** An interrupt goes on as a signal, everything else to the kernel's thread, which answers it. */
async function main() {
  parentPort.on('message', ({ answer, isAlive, close }) => {
    if (answer) socket.send(answer);
    if (isAlive) answered();
    if (close) end();
  });
  whenParentIsGone(endKernel);
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
  let kind;
  let since;
  let endWatch;
  const kindNow = () => Atomics.load(running, 0);
  const waited = () => performance.now() - since;
  const looking = setInterval(() => {
    // When orderly code has come to its end, the cell has its time for what remains.
    if (kind !== kindNow()) since = performance.now();
    kind = kindNow();
    const left = patience[kind] - waited();
    if (!Number.isFinite(left)) return;
    if (left <= 0 || again) {
      answered();
      endCode(codeWasEnded);
    } else if (left > grace)
      endWatch ??= endUsersCode(() => Number.isFinite(patience[kindNow()]) && waited() > grace, codeWasEnded);
  }, LOOK);
  unanswered = () => {
    clearInterval(looking);
    endWatch?.();
  };
}

function answered() {
  unanswered?.();
  unanswered = undefined;
}

function codeWasEnded() {
  answered();
  parentPort.postMessage({ ended: true });
}

/** Training saves its state at Stop. */
function endKernel() {
  interrupt();
  parentPort.postMessage({ orphaned: true });
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), FAREWELL);
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
