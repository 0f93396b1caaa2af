/** Replaces globals of Node that browsers lack; the bundler inserts them where the sources use them. */
import { Buffer } from 'buffer/';

const waiting: (() => void)[] = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => waiting.shift()?.();

/** Lets messages, timers and drawing proceed first; setTimeout would wait for 4 ms each time. */
function setImmediate(callback: () => void): void {
  waiting.push(callback);
  channel.port2.postMessage(0);
}

export { Buffer, setImmediate };
