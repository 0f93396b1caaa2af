/** A set that is faster to search than float32: a projection, or bfloat16. */
import { type Measured, measureAll, queueOf, reachOf, type Search } from './candidates';
import { projectedSet } from './projection';
import { type SearchSet, searchSet } from './search-set';
import { squaredDistancesFrom } from './shortlist';

/** A set that is faster to search than float32, and the number of candidates that it needs; undefined if none is precise enough. */
export async function coarseSet(
  measured: Measured,
  rest: (done: number) => Promise<void>,
): Promise<{ readonly set: SearchSet; readonly size: number } | undefined> {
  const { rows, columns, plan } = measured;
  for (const kind of plan.coarse) {
    const set =
      kind === 'projection'
        ? await projectedSet(rows, columns, plan.projection, (done) => rest(0.95 * done))
        : searchSet(rows, plan.half, kind);
    const size = set && (await candidatesNeeded({ ...measured, set }, plan.mostCandidates[kind]));
    if (size !== undefined) return { set: set!, size };
  }
  return undefined;
}

/** The number of candidates with which the neighbours of most points can be proven; undefined from `most` on. */
async function candidatesNeeded(search: Search, most: number): Promise<number | undefined> {
  const { set, found, plan } = search;
  const { n } = set;
  const count = Math.min(plan.tried, n, plan.block);
  const tried = Int32Array.from({ length: count }, (_, t) => Math.floor((t * n) / count));
  const queues = squaredDistancesFrom(set, tried).map((computed, t) => {
    const last = computed.slice().sort()[most]!;
    const near: number[] = [];
    for (let j = 0; j < n; j++) if (computed[j]! <= last && j !== tried[t]) near.push(j);
    const candidates = Int32Array.from(near).sort((a, b) => computed[a]! - computed[b]!);
    return queueOf(
      tried[t]!,
      candidates,
      Float32Array.from(candidates, (j) => computed[j]!),
    );
  });
  measureAll(search, queues);
  const needed = Int32Array.from(queues, ({ i, squared }) => {
    const reach = reachOf(search, i);
    return squared.reduce((sum, value) => sum + (value <= reach ? 1 : 0), 0);
  }).sort();
  const size = needed[Math.floor(plan.proven * count)]! + plan.spare;
  return size < most ? Math.min(Math.max(size, found.k + plan.spare), n - 1) : undefined;
}
