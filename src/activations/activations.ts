/** Collects activations: a source and sites become rows of points, site by site. All other code collects them here. */
import type * as tf from '@tensorflow/tfjs';
import { cellSignal } from '../cell-signal';
import { assertGiven, CALLBACK, type Kinds, NUMBER, SIGNAL } from '../given';
import { type ActivationRows, activationRows } from './rows';

/** A source of activations: a network and the examples that go through it. */
export interface ActivationSource {
  readonly examples: number;
  /** The shape of one example's activation at each site that can be collected, from input to output. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
  /** The number of points at a site, if it is not one for each example, but one for each token, say. @default the examples */
  pointsAt?(site: string): number;
  /**
   * Runs all examples through the network once, batch by batch, and gives the activations at the sites, [batch, ...] each, which
   * are disposed of when the next batch is asked for.
   */
  pass(sites: readonly string[]): AsyncIterable<Readonly<Record<string, Pick<tf.Tensor, 'dataSync'>>>>;
}

/** Options of the collection. */
export interface CollectOptions {
  /**
   * Bytes that waiting activations may take. If those of all sites need more, the network runs again for further sites; a single
   * site that needs more is kept in a temporary file. @default that of {@link ACTIVATION_MEMORY}
   */
  readonly memory?: number;
  /** The number of earlier sites whose points stay readable. @default 0 */
  readonly keep?: number;
  /** Called with the share of a pass through the network that is done, 0 .. 1. */
  readonly onProgress?: (done: number) => void;
  /** Ends the collection with the signal's reason. @default the signal of the notebook cell, which Stop aborts */
  readonly signal?: AbortSignal;
}

/** The activations of all examples at one site, with a point for each unless the source says otherwise. */
export interface SitePoints {
  readonly site: string;
  /** [points, numbers of one point], which can be read until the next site is asked for. */
  readonly points: ActivationRows;
}

/** The default number of bytes that activations may take. */
export const ACTIVATION_MEMORY: number = 2 ** 30;

/**
 * Collects the activations of all examples, site by site.
 *
 *     for await (const { site, points } of activations(source, sites)) console.log(site, points.shape);
 *
 * @throws TypeError for anything but a source; RangeError for a site that the source does not have, or a memory that is not a
 *   number of bytes
 */
export async function* activations(
  source: ActivationSource,
  sites?: readonly string[],
  options: CollectOptions = {},
): AsyncGenerator<SitePoints, void, void> {
  assertGiven('activations', options, {
    memory: NUMBER,
    keep: NUMBER,
    onProgress: CALLBACK,
    signal: SIGNAL,
  } satisfies Kinds<CollectOptions>);
  const { memory = ACTIVATION_MEMORY, keep = 0, signal = cellSignal() } = options;
  assertSource(source);
  if (!(memory >= 0)) throw new RangeError(`memory must be a number of bytes, got ${memory}`);
  const kept: ActivationRows[] = [];
  try {
    for (const group of groupSites(source, sites ?? [...source.shapes.keys()], memory)) {
      const collected = await collect(source, group, memory, { ...options, ...(signal ? { signal } : {}) });
      try {
        for (const site of group) {
          const points = collected.get(site)!;
          collected.delete(site);
          kept.push(points);
          yield { site, points };
          while (kept.length > keep) kept.shift()!.close();
        }
      } finally {
        for (const points of collected.values()) points.close();
      }
    }
  } finally {
    for (const points of kept) points.close();
  }
}

/** Rejects models and promises of sources, which plain JavaScript may pass by mistake. */
function assertSource(source: unknown): asserts source is ActivationSource {
  const { shapes, pass, then } = (source ?? {}) as Record<string, unknown>;
  if (shapes instanceof Map && typeof pass === 'function') return;
  throw new TypeError(
    typeof then === 'function'
      ? 'the source is a promise: pass `await modelSource(model, inputs)`'
      : 'the source must have `shapes` and `pass`: make one with `await modelSource(model, inputs)`',
  );
}

/** The sites of each pass: as many as fit into memory together, and at least one. */
export function groupSites(
  source: ActivationSource,
  sites: readonly string[],
  memory: number,
): (readonly string[])[] {
  const groups: { sites: string[]; bytes: number }[] = [];
  for (const site of sites) {
    const bytes = 4 * pointsAt(source, site) * widthAt(source, site);
    const group = groups.at(-1);
    if (group && group.bytes + bytes <= memory) {
      group.sites.push(site);
      group.bytes += bytes;
    } else {
      groups.push({ sites: [site], bytes });
    }
  }
  return groups.map((group) => group.sites);
}

function pointsAt(source: ActivationSource, site: string): number {
  return source.pointsAt?.(site) ?? source.examples;
}

/** The number of coordinates of one point. */
function widthAt({ shapes }: ActivationSource, site: string): number {
  const shape = shapes.get(site);
  if (shape) return shape.reduce((size, axis) => size * axis, 1);
  throw new RangeError(`there is no site '${site}' to collect: choose ${[...shapes.keys()].join(', ')}`);
}

async function collect(
  source: ActivationSource,
  sites: readonly string[],
  memory: number,
  { signal, onProgress }: CollectOptions,
): Promise<Map<string, ActivationRows>> {
  const collected = new Map<string, ActivationRows>();
  try {
    for (const site of sites)
      collected.set(site, activationRows(pointsAt(source, site), widthAt(source, site), memory));
    const [watched] = sites as [string];
    const all = pointsAt(source, watched) * widthAt(source, watched);
    let numbers = 0;
    for await (const batch of source.pass(sites)) {
      for (const [site, points] of collected) {
        const values = batch[site]!.dataSync() as Float32Array;
        points.append(values);
        if (site === watched) numbers += values.length;
      }
      onProgress?.(numbers / all);
      // Timers, signals and charts can proceed during a long pass.
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  } catch (error) {
    for (const points of collected.values()) points.close();
    throw error;
  }
  return collected;
}
