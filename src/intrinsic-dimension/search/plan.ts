/** The plan of a search: every constant that tunes it, and the choices that follow from them (docs/benchmarks.md). */
import { projectionMemory } from './projection';
import { hasBfloat16 } from './search-kernel';

/** Bytes that a search may take unless told otherwise. */
export const SEARCH_MEMORY: number = 2 ** 30;

/** What a plan depends on. */
export interface SearchTask {
  readonly n: number;
  readonly d: number;
  /** Neighbours that are looked for. */
  readonly k: number;
  /** Bytes. @default that of {@link SEARCH_MEMORY} */
  readonly memory?: number;
  /** Where to look first, to be given for comparison. @default what is fastest */
  readonly through?: 'projection' | 'bfloat16' | 'float32';
  /** Whether the points are in memory, one after the other. */
  readonly inMemory: boolean;
}

/** The plan of a search. */
export interface SearchPlan {
  /** Bytes for the rounded copy of the points; as many for blocks of the matrix of distances. */
  readonly half: number;
  /** Where to look before float32, in this order; the first that tells enough is used. */
  readonly coarse: readonly ('projection' | 'bfloat16')[];
  /** Further candidates on a shortlist, since rounded distances may order near neighbours wrongly. */
  readonly spare: number;
  /** The most candidates of a point with which a coarse set tells enough. */
  readonly mostCandidates: Readonly<Record<'projection' | 'bfloat16', number>>;
  /** The most points of a coarse set that may be nearer than what was found, for one point. */
  readonly mostNearer: number;
  /** Points on which a coarse set is tried. */
  readonly tried: number;
  /** Points that are measured against all others rather than searched again in float32. */
  readonly few: number;
  /** Points whose candidates are measured together. */
  readonly together: number;
}

/** With 4 instead of 8, an estimate takes as long within the noise. */
const SPARE = 8;
/** Multiplications of the full product from which bfloat16 saves time: its products take 2.8 ms where float32 takes 5.0. */
const HEAVY = 2e9;
/** The most candidates besides the neighbours with which bfloat16 saves time: each is measured in float64. */
const COARSE = 64;
/**
 * Coordinates and multiplications from which a projection saves time. At 512 columns it takes 420 ms instead of 617 on
 * points of few directions, and longer on activations of a real layer (docs/benchmarks.md).
 */
const WIDE = 2048;
const LONG = 4e11;
/** Points on which a coarse set is tried, evenly spread. */
const TRIED = 32;
/** The full product would read all points again, which takes longer than to measure a few against all. */
const FEW = 16;
/** Share of the points that may be nearer than the k-th in a coarse set; where more are, it tells too little. */
const TELLING = 0.05;
/** Enough to give all threads work; rows that are read one by one are measured one by one. */
const TOGETHER = 1024;

/** Plans a search. */
export function planSearch({ n, d, k, memory = SEARCH_MEMORY, through, inMemory }: SearchTask): SearchPlan {
  const half = memory / 2;
  const work = n * n * d;
  const projects =
    projectionMemory(n, d) <= half && (through === 'projection' || (!through && d >= WIDE && work >= LONG));
  const rounds = (through === 'bfloat16' || (!through && work >= HEAVY)) && hasBfloat16();
  // Lists of so many candidates must fit into what blocks of the matrix may take.
  const telling = Math.floor(Math.min(TELLING * n, half / (8 * n)));
  return {
    half,
    coarse: [...(projects ? (['projection'] as const) : []), ...(rounds ? (['bfloat16'] as const) : [])],
    spare: SPARE,
    mostCandidates: { projection: telling, bfloat16: Math.min(telling, COARSE + k) },
    mostNearer: Math.floor(TELLING * n),
    tried: TRIED,
    few: FEW,
    together: inMemory ? TOGETHER : 1,
  };
}
