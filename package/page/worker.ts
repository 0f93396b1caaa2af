/** The worker of the page: reads, measures and draws, so that the page stays responsive. */

import { reportContents, reportPage } from '../../src/figures/report-page';
import type { DistancesFile, PointsFile } from '../../src/intrinsic-dimension/files/points-file';
import { embed, swissRoll } from '../../src/intrinsic-dimension/manifolds/manifolds';
import { idReport } from '../../src/intrinsic-dimension/report/report';
import { counted } from '../../src/number-format';
import type { Answer, Request } from './messages';
import { pointsOf } from './points';
import { controlsIn } from './words';

const scope = globalThis as unknown as {
  onmessage: (event: { readonly data: Request }) => void;
  postMessage(answer: Answer): void;
};

scope.onmessage = async ({ data: request }) => {
  const say = (answer: Answer): void => scope.postMessage(answer);
  const onProgress = (share: number): void => say({ type: 'progress', share });
  try {
    const found = request.type === 'example' ? example() : await pointsOf(request, onProgress);
    if ('arrays' in found) return say({ type: 'choose', arrays: found.arrays });
    const { notes, ...points } = found;
    say({ type: 'points', text: inWords(found), notes, controls: controlsIn(...notes) });
    const report = await idReport(points, { onProgress });
    const title = request.type === 'example' ? 'an example' : request.file.name;
    say({
      type: 'report',
      contents: await reportContents(report),
      page: await reportPage(report, { title }),
    });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    say({ type: 'failed', message, controls: controlsIn(message) });
  }
};

function inWords(found: PointsFile | DistancesFile): string {
  if ('distances' in found)
    return `distances between ${counted(Math.sqrt(found.distances.length).toLocaleString('en'), 'point')}`;
  const [n, d] = found.shape;
  return `${counted(n.toLocaleString('en'), 'point')} of ${counted(d.toLocaleString('en'), 'coordinate')}`;
}

function example(): PointsFile {
  const { data, shape } = embed(swissRoll({ points: 1000 }), { coordinates: 10 });
  return {
    data,
    shape,
    notes: ['A swiss roll, a sheet of dimension 2 that is rolled up, among 10 coordinates.'],
  };
}
