/**
 * The plan of a search: all constants that tune it, and the choices that follow from them. Times were measured on two cores of an
 * AMD EPYC (docs/benchmarks.md and its notes); a constant without a time was not measured separately. The layout of packed points
 * is compiled into the kernel, and the plan asks the kernel for it (kernel.ts).
 */
import { threads } from '../../threads';
import { kernel } from './kernel';
import { down, wholes } from './wholes';

/** The memory that a search may take by default, in bytes. */
export const SEARCH_MEMORY: number = 2 ** 30;

/** What is searched, and with which means. */
export interface SearchTask {
  readonly n: number;
  readonly d: number;
  /** The number of neighbours that are looked for. */
  readonly k: number;
  /** Memory in bytes. @default that of {@link SEARCH_MEMORY} */
  readonly memory?: number;
  /** Where to look first, which is set only for comparisons. @default the fastest one */
  readonly through?: 'projection' | 'bfloat16' | 'float32';
  /** Whether the points are in memory, one after the other. */
  readonly inMemory: boolean;
}

/** The plan of a search. */
export interface SearchPlan {
  /**
   * Half of the memory, in bytes: one half is for the rounded copy of the points, the other for blocks of the matrix of
   * distances.
   */
  readonly half: number;
  /** The number of rows of the matrix of distances that may be computed at once. */
  readonly block: number;
  /**
   * The number of rows, and of columns, of a tile of that matrix if the rounded copy is kept; a multiple of the kernel's panel.
   */
  readonly tile: number;
  /** Where to look before float32, in this order; the first one that is precise enough is used. */
  readonly coarse: readonly ('projection' | 'bfloat16')[];
  /** How points are projected. */
  readonly projection: ProjectionPlan;
  /** The number of further candidates on a shortlist, since rounded distances may order near neighbours wrongly. */
  readonly spare: number;
  /** The largest number of candidates of a point with which a coarse set counts as precise enough. */
  readonly mostCandidates: Readonly<Record<'projection' | 'bfloat16', number>>;
  /** The largest number of points of a coarse set that may be nearer to a point than the neighbours that were found. */
  readonly mostNearer: number;
  /** The number of points on which a coarse set is tried. */
  readonly tried: number;
  /** The share of these points whose neighbours the candidates must prove. */
  readonly proven: number;
  /** Up to this number, points are measured against all others instead of being searched again in float32. */
  readonly few: number;
  /** The number of points whose candidates are measured together. */
  readonly together: number;
  /** The number of candidates of each point that are measured at a time. */
  readonly step: number;
  /** Whether a distance that was measured for one point is kept for the other point of the pair, too. */
  readonly shared: boolean;
  /** The least number of pairs that are measured at a time, which matters if there are few points. */
  readonly pairs: number;
}

/** The plan of a projection. */
export interface ProjectionPlan {
  /**
   * The number of points in the sample. All points are projected onto the span of the sample, which has at most as many
   * directions.
   */
  readonly directions: number;
  /** The share of the variance that the projected columns hold; the other columns are left out. */
  readonly energy: number;
  /** The number of runs of columns that are packed together. */
  readonly runs: number;
  /** The number of points in one product. */
  readonly block: number;
  /** A point of the sample adds a direction if more than this share of its squared norm lies outside the directions before it. */
  readonly isNew: number;
  /** The number of columns whose products are added up in float32 when the basis is checked. */
  readonly checkedColumns: number;
  /** The number of these columns that are added up at a time. */
  readonly checkedRun: number;
}

/**
 * The number of points by which a set is centred and scaled; to use all of them, they would have to be read once more. Together
 * with the least number of tiles below, this takes 508 ms instead of 572 ms at 1,000 x 16,384, and it changes nothing at 10,000 x
 * 512.
 */
export const SAMPLE = 256;

/** The number of points whose distances to all others are counted at a time. */
export const COUNTED_TOGETHER = 256;

/**
 * The number of words of a point that are added up at a time in float32; these sums are then added to each other. With 64 or
 * 1,024, the time of a search does not change beyond the noise (3,000 x 2,048), but with 1,024, products are off by up to 11
 * roundings instead of 2.
 */
export const RUN = 256;

/** The number of columns that are ordered by their variance, and left out, as one. */
export const COLUMN_RUN = 256;

/**
 * The number of columns of a matrix whose products are added up in float32; the sums of such runs are added up in float64. On one
 * core, all products of 2,000 x 3,000 take 310 ms. They take 400 ms with 256 columns; with 4,096, they take 320 ms and are off by
 * 3 roundings instead of 2.
 */
export const PRODUCT_COLUMNS = 1024;

/**
 * The number of rows of a matrix in one product, a multiple of every kernel's panel. With 128 or 2,048, the time does not change
 * beyond the noise.
 */
export const PRODUCT_ROWS = 512;

/**
 * The number of rows of a matrix that the kernel takes at a time, between which other work may run and a signal is heard: as many
 * as are done within some hundredths of a second, but one share for each thread.
 *
 * @param products of one row with all others
 */
export function rowsAtOnce(products: number): number {
  // The WebAssembly kernel has no threads for matrices.
  const least = kernel().instructions === 'wasm' ? 1 : SHARE * threads();
  return Math.max(least, Math.ceil(TURN / products));
}
/** The number of rows that a thread takes at a time (`FEW` in `native/addon.cc`). */
const SHARE = 16;
const TURN = 1e8;

/**
 * Tiles of this side stay in the cache together with the lists of both sides. They took 765 ms, and blocks of 256 whole rows took
 * 990 ms (10,000 x 512, before the kernels were written in C++).
 */
const TILE = 1024;
/**
 * The least number of tiles on each side. If there were a single tile, both of its halves would be computed, although they are
 * the same. It was timed together with the sample above.
 */
const TILES = 3;
/** With 4 instead of 8, the time of an estimate does not change beyond the noise. */
const SPARE = 8;
/**
 * The number of multiplications in the full product from which bfloat16 saves time: its products take 2.8 ms, those of float32
 * take 5.0 ms.
 */
const HEAVY = 2e9;
/**
 * The largest number of candidates, besides the neighbours, with which bfloat16 saves time, since each is measured in float64.
 */
const COARSE = 64;
/**
 * The numbers of coordinates and of multiplications from which a projection saves time. At 512 columns, it takes 420 ms instead
 * of 617 ms on points that span few directions, but 2,830 ms instead of 587 ms on the pooled activations of a ResNet-18.
 */
const WIDE = 2048;
const LONG = 4e11;
/** The number of points on which a coarse set is tried; they are evenly spread. */
const TRIED = 32;
/**
 * The other tenth is searched again; to prove the neighbours of every last point, the lists of all points would have to be
 * longer.
 */
const PROVEN = 0.9;
/** The full product would read all points again, which takes longer than measuring a few of them against all others. */
const FEW = 16;
/**
 * The share of the points that may be nearer than the k-th neighbour in a coarse set; if there are more, the set is not precise
 * enough.
 */
const TELLING = 0.05;
/** This number gives all threads work. Rows that are read one by one are also measured one by one. */
const TOGETHER = 1024;
/** After each step the limits are tighter, and candidates beyond them are skipped. */
const STEP = 4;
/**
 * From this number of neighbours on, a distance that was measured for one point is measured again for the other if it is needed:
 * its own candidates come in rising order, and others would be put into the middle of a long list. With 100 neighbours this takes
 * 94 ms of the processor's time instead of 130 (2,000 x 20) and 330 instead of 390 (3,000 x 512); with 2 it would take more.
 */
const LONG_LIST = 16;
/** Few candidates of a long list can be skipped, so more are measured at a time. */
const LONG_STEP = 64;
/** Fewer pairs would not give all threads work. */
const PAIRS = 256;
/**
 * The number of directions of a projection. The time for 10,000 activations of conv1 is 6.7 s with 512 directions, 8.5 s with
 * 768, and 6.2 s with 384.
 */
const DIRECTIONS = { least: 16, most: 512, columnsForEach: 16 };
/** 46 % of the columns of these activations hold 99 % of their variance. */
const ENERGY = 0.99;
/** With this number, what a product reads stays in the cache. */
const RUNS = 4;
/** The number of points in one product of the projection. */
const BLOCK = 256;
/** Far above the rounding of float32 products, so that rounding is not taken for a new direction. */
const NEW = 1e-3;
/**
 * The bound on the norm of the basis grows with the number of terms in a float32 sum, so the sums are short and are added up in
 * float64.
 */
const CHECKED = { columns: 2048, run: 64 };

/** Plans a search. */
export function planSearch({ n, d, k, memory = SEARCH_MEMORY, through, inMemory }: SearchTask): SearchPlan {
  const half = memory / 2;
  const work = n * n * d;
  const block = blockRows(n, half);
  // Rows that are read one by one take longer to read than a list to reorder.
  const shared = k < LONG_LIST || !inMemory;
  const directions = directionsFor(d);
  const projects =
    projectionMemory(n, d, directions) <= half &&
    (through === 'projection' || (!through && d >= WIDE && work >= LONG));
  const rounds = (through === 'bfloat16' || (!through && work >= HEAVY)) && kernel().bfloat16;
  // The lists of all candidates must fit into the memory for blocks of the matrix.
  const telling = Math.floor(Math.min(TELLING * n, half / (8 * n)));
  return {
    half,
    block,
    tile: tileSize(n, block),
    coarse: [...(projects ? (['projection'] as const) : []), ...(rounds ? (['bfloat16'] as const) : [])],
    projection: {
      directions,
      energy: ENERGY,
      runs: RUNS,
      block: BLOCK,
      isNew: NEW,
      checkedColumns: CHECKED.columns,
      checkedRun: CHECKED.run,
    },
    spare: SPARE,
    mostCandidates: { projection: telling, bfloat16: Math.min(telling, COARSE + k) },
    mostNearer: Math.floor(TELLING * n),
    tried: TRIED,
    proven: PROVEN,
    few: FEW,
    together: inMemory ? TOGETHER : 1,
    step: shared ? STEP : LONG_STEP,
    shared,
    pairs: PAIRS,
  };
}

/**
 * The number of rows of a block of the matrix of distances that takes at most `memory` bytes. This is half of the memory of a
 * search; the other half is for the rounded copy of the points.
 */
export function blockRows(n: number, memory: number): number {
  const { panel, group } = kernel();
  const bytes = 4 * wholes(n, panel);
  const affordable = down(memory / bytes, group);
  if (affordable < 2 * group) {
    throw new RangeError(
      `a memory budget of ${Math.floor((2 * memory) / 2 ** 20)} MiB is too small for ${n} points: ` +
        `give at least ${Math.ceil((2 * 2 * group * bytes) / 2 ** 20)} MiB`,
    );
  }
  return affordable;
}

/** The largest number of directions in a projection of points with `d` coordinates. */
function directionsFor(d: number): number {
  const { least, most, columnsForEach } = DIRECTIONS;
  return Math.min(most, Math.max(least, Math.floor(d / columnsForEach)));
}

/**
 * The memory that a projection of `n` points with `d` coordinates may take, in bytes: the sample, the basis, and the image twice.
 */
function projectionMemory(n: number, d: number, directions: number): number {
  return 4 * directions * (2 * d + 2 * n);
}

function tileSize(n: number, block: number): number {
  const { panel } = kernel();
  const affordable = down(Math.sqrt(block * n), panel);
  return Math.max(panel, Math.min(TILE, wholes(Math.ceil(n / TILES), panel), affordable));
}
