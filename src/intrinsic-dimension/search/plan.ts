/**
 * The plan of a search: every constant that tunes it, and the choices that follow from them. Times are of two cores of an
 * AMD EPYC (docs/benchmarks.md and its notes); a constant without a time was not timed by itself. How the kernel lays out
 * packed points is compiled into its loops, and the plan asks the kernel for it (kernel.ts).
 */
import { kernel } from './kernel';
import { down, wholes } from './wholes';

/** Bytes that a search may take by default. */
export const SEARCH_MEMORY: number = 2 ** 30;

/** What a plan depends on. */
export interface SearchTask {
  readonly n: number;
  readonly d: number;
  /** Neighbours that are looked for. */
  readonly k: number;
  /** Bytes. @default that of {@link SEARCH_MEMORY} */
  readonly memory?: number;
  /** Where to look first; the option serves comparisons. @default what is fastest */
  readonly through?: 'projection' | 'bfloat16' | 'float32';
  /** Whether the points are in memory, one after the other. */
  readonly inMemory: boolean;
}

/** The plan of a search. */
export interface SearchPlan {
  /** Bytes for the rounded copy of the points; as many for blocks of the matrix of distances. */
  readonly half: number;
  /** Rows of the matrix of distances that may be computed at once. */
  readonly block: number;
  /** Rows and columns of a tile of that matrix where the rounded copy is kept: whole panels. */
  readonly tile: number;
  /** Where to look before float32, in this order; the first that is precise enough is used. */
  readonly coarse: readonly ('projection' | 'bfloat16')[];
  /** How points are projected. */
  readonly projection: ProjectionPlan;
  /** Further candidates on a shortlist, since rounded distances may order near neighbours wrongly. */
  readonly spare: number;
  /** The most candidates of a point with which a coarse set is precise enough. */
  readonly mostCandidates: Readonly<Record<'projection' | 'bfloat16', number>>;
  /** The most points of a coarse set that may be nearer than what was found, for one point. */
  readonly mostNearer: number;
  /** Points on which a coarse set is tried. */
  readonly tried: number;
  /** Share of them whose neighbours the candidates must prove. */
  readonly proven: number;
  /** Points that are measured against all others rather than searched again in float32. */
  readonly few: number;
  /** Points whose candidates are measured together. */
  readonly together: number;
  /** Candidates of each point that are measured at a time. */
  readonly step: number;
  /** Pairs that are measured at a time at least, where there are few points. */
  readonly pairs: number;
}

/** The plan of a projection. */
export interface ProjectionPlan {
  /** Points of the sample, whose span the points are projected on: at most as many directions. */
  readonly directions: number;
  /** Share of the variance that the projected columns hold; the others are left out. */
  readonly energy: number;
  /** Runs of columns that are packed together. */
  readonly runs: number;
  /** Points in one product. */
  readonly block: number;
  /** A point of the sample gives a new direction when more than this share of its square lies outside those before it. */
  readonly isNew: number;
  /** Columns whose products are added up in float32 where the basis is checked. */
  readonly checkedColumns: number;
  /** The columns among these that are added up at a time. */
  readonly checkedRun: number;
}

/**
 * Points that a set is centred and scaled by, since all would have to be read once more. With the least tiles below, it
 * takes 508 ms instead of 572 at 1,000 x 16,384 and changes nothing at 10,000 x 512.
 */
export const SAMPLE = 256;

/** Points whose distances to all others are counted at a time. */
export const COUNTED_TOGETHER = 256;

/**
 * Words of a point that are added up at a time in float32; such sums are then added to each other. With 64 or 1,024, a search
 * takes as long within the noise (3,000 x 2,048); with 1,024, products are off by up to 11 roundings instead of 2.
 */
export const RUN = 256;

/** Columns that are ordered by their variance together, and left out together. */
export const COLUMN_RUN = 256;

/**
 * Columns of a matrix whose products are added up in float32; the sums of such runs are added up in float64. On one core, all
 * products of 2,000 x 3,000 take 310 ms, with 256 columns 400, and with 4,096 they take 320 and are off by 3 roundings
 * instead of 2.
 */
export const PRODUCT_COLUMNS = 1024;

/** Rows of a matrix in one product: whole panels of every kernel. With 128 or 2,048 it takes as long within the noise. */
export const PRODUCT_ROWS = 512;

/**
 * Tiles of this side stay in the cache with the lists of both sides: 765 ms where blocks of 256 whole rows took 990
 * (10,000 x 512, before the kernels were C++).
 */
const TILE = 1024;
/** Least tiles on each side: both halves of a single one would be computed. Timed with the sample above. */
const TILES = 3;
/** With 4 instead of 8, an estimate takes as long within the noise. */
const SPARE = 8;
/** Multiplications of the full product from which bfloat16 saves time: its products take 2.8 ms where float32 takes 5.0. */
const HEAVY = 2e9;
/** The most candidates besides the neighbours with which bfloat16 saves time: each is measured in float64. */
const COARSE = 64;
/**
 * Coordinates and multiplications from which a projection saves time. At 512 columns it takes 420 ms instead of 617 on
 * points of few directions, but 2,830 instead of 587 on the pooled activations of a ResNet-18.
 */
const WIDE = 2048;
const LONG = 4e11;
/** Points on which a coarse set is tried, evenly spread. */
const TRIED = 32;
/** The other tenth is searched again; a proof for every last point would need longer lists for all. */
const PROVEN = 0.9;
/** The full product would read all points again, which takes longer than to measure a few against all. */
const FEW = 16;
/** Share of the points that may be nearer than the k-th in a coarse set; with more, it is not precise enough. */
const TELLING = 0.05;
/** Enough to give all threads work; rows that are read one by one are measured one by one. */
const TOGETHER = 1024;
/** After each step the limits are tighter, and candidates beyond them are skipped. */
const STEP = 4;
/** Fewer pairs would not give all threads work. */
const PAIRS = 256;
/** Directions of a projection: 10,000 activations of conv1 take 6.7 s with 512 of them, 8.5 with 768, 6.2 with 384. */
const DIRECTIONS = { least: 16, most: 512, columnsForEach: 16 };
/** 46 % of the columns of these activations hold 99 % of their variance. */
const ENERGY = 0.99;
/** What a product reads stays in the cache. */
const RUNS = 4;
/** Points in one product of the projection. */
const BLOCK = 256;
/** Far above the rounding of float32 products, so that rounding is not taken for a new direction. */
const NEW = 1e-3;
/** The bound on the norm of the basis grows with the terms of a float32 sum, so that sums are short and added in float64. */
const CHECKED = { columns: 2048, run: 64 };

/** Plans a search. */
export function planSearch({ n, d, k, memory = SEARCH_MEMORY, through, inMemory }: SearchTask): SearchPlan {
  const half = memory / 2;
  const work = n * n * d;
  const block = blockRows(n, half);
  const directions = directionsFor(d);
  const projects =
    projectionMemory(n, d, directions) <= half &&
    (through === 'projection' || (!through && d >= WIDE && work >= LONG));
  const rounds = (through === 'bfloat16' || (!through && work >= HEAVY)) && kernel().bfloat16;
  // Lists of so many candidates must fit into what blocks of the matrix may take.
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
    step: STEP,
    pairs: PAIRS,
  };
}

/**
 * Rows of a block of the matrix of distances that takes at most `memory` bytes: half of what a search may take, the
 * other half being for the rounded copy of the points.
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

/** Directions of the projection of points with `d` coordinates, at most. */
function directionsFor(d: number): number {
  const { least, most, columnsForEach } = DIRECTIONS;
  return Math.min(most, Math.max(least, Math.floor(d / columnsForEach)));
}

/** Bytes that a projection of `n` points with `d` coordinates may take: the sample, the basis, and the image twice. */
function projectionMemory(n: number, d: number, directions: number): number {
  return 4 * directions * (2 * d + 2 * n);
}

function tileSize(n: number, block: number): number {
  const { panel } = kernel();
  const affordable = down(Math.sqrt(block * n), panel);
  return Math.max(panel, Math.min(TILE, wholes(Math.ceil(n / TILES), panel), affordable));
}
