/** What Node has on its global object and browsers lack; the bundler puts it where the sources use it. */
import { Buffer } from 'buffer/';

const waiting: (() => void)[] = [];
const channel = new MessageChannel();
channel.port1.onmessage = () => waiting.shift()?.();

/** Lets messages, timers and drawing have their turn first; setTimeout would wait for 4 ms each time. */
function setImmediate(callback: () => void): void {
  waiting.push(callback);
  channel.port2.postMessage(0);
}

export { Buffer, setImmediate };
