/** The worker of the page: reads, measures and draws, so that the page stays responsive. */

import type { PointsFile } from '../../src/intrinsic-dimension/files/points-file';
import { embed, swissRoll } from '../../src/intrinsic-dimension/manifolds/manifolds';
import { drawSVG } from '../draw';
import { measure } from './measure';
import type { Answer, Request } from './messages';
import { pointsOf } from './points';

const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: Request }) => void;
  postMessage(answer: Answer): void;
};

scope.onmessage = async ({ data: request }) => {
  const say = (answer: Answer): void => scope.postMessage(answer);
  try {
    const found =
      request.type === 'example' ? example() : await pointsOf(request.name, request.bytes, request.array);
    if ('arrays' in found) return say({ type: 'choose', arrays: found.arrays });
    const [n, d] = found.shape;
    const text = `${n.toLocaleString('en')} points of ${d.toLocaleString('en')} coordinates`;
    say({ type: 'points', text, notes: found.notes });
    const tell = (share: number, what: string): void => say({ type: 'progress', share, what });
    for await (const { figure, ...part } of measure(found, tell))
      say({ type: 'part', part: { ...part, ...(figure ? { svg: drawSVG(figure) } : {}) } });
    say({ type: 'done' });
  } catch (error) {
    say({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  }
};

function example(): PointsFile {
  const { data, shape } = embed(swissRoll({ points: 2000 }), { coordinates: 10 });
  return {
    data,
    shape,
    notes: ['A swiss roll, a sheet of dimension 2 that is rolled up, among 10 coordinates.'],
  };
}
