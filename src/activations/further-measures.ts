/** Further measurements of a layer besides its dimension: GRIDE over scales, and neighbourhood overlaps. */
import type { Comparison } from '../intrinsic-dimension/comparison/comparison';
import { labelOverlap, neighbourhoodOverlap } from '../intrinsic-dimension/comparison/neighbourhood-overlap';
import type { IntervalOptions } from '../intrinsic-dimension/intervals';
import { estimateOrReason, type NoEstimate, NoEstimateError } from '../intrinsic-dimension/no-estimate';
import type { PointsOnDemand } from '../intrinsic-dimension/points/points';
import type { SpaceOptions } from '../intrinsic-dimension/points/space';
import { idScale } from '../intrinsic-dimension/scale';
import type { FurtherMeasures, LayerOverlap } from './layer-profile';
import type { Layer } from './layers';
import type { Labels } from './saved/labels';

/** The further measurements of every layer. */
export interface FurtherOptions {
  /** GRIDE from the nearest neighbours to far ones, as in `idScale`. @default false */
  readonly scale?: boolean;
  /** The overlap of the neighbourhoods of each layer with those of the layer before. @default false */
  readonly overlap?: boolean;
  /** A file with one label for each example, whose overlap with the neighbourhoods is measured. @default none */
  readonly labels?: string;
  /** The number of neighbours of each point for overlaps. @default 30 */
  readonly overlapNeighbours?: number;
}

/** A layer and its points. */
export interface Measured {
  readonly layer: Layer;
  readonly points: PointsOnDemand;
}

type How = SpaceOptions & IntervalOptions;

/** @param before the layer before, if there is one and overlaps are wanted */
export async function furtherMeasures(
  { layer, points }: Measured,
  before: Measured | undefined,
  { scale = false, overlapNeighbours: k = 30 }: FurtherOptions,
  labels: Labels | undefined,
  how: How,
): Promise<FurtherMeasures> {
  const curve = scale ? await estimateOrReason(idScale(points, how)) : undefined;
  const found = before && (await overlapWith({ layer, points }, before, k, how));
  const ofLabels =
    labels &&
    (await estimateOrReason(
      labelOverlap(points, labelsOf(layer, labels), { ...how, k }).then((overlap) => withK(overlap, k)),
    ));
  return {
    ...(curve && 'curve' in curve
      ? { scaleCurve: { curve: curve.curve, ...(curve.plateau ? { plateau: curve.plateau } : {}) } }
      : {}),
    ...(found ? { overlap: { with: before!.layer.site, ...found } } : {}),
    ...(ofLabels ? { labelOverlap: ofLabels } : {}),
  };
}

function overlapWith(
  one: Measured,
  before: Measured,
  k: number,
  how: How,
): Promise<LayerOverlap | NoEstimate> {
  const [own, other] = [one.layer.selection, before.layer.selection];
  const same = own === other || String(own.places) === String(other.places);
  // Points of one layer may be tokens, and those of another whole examples.
  if (!same || own.tokens !== other.tokens)
    return estimateOrReason(
      Promise.reject(
        new NoEstimateError(`its points differ from those of '${before.layer.site}'`, 'use the same tokens'),
      ),
    );
  return estimateOrReason(
    neighbourhoodOverlap(before.points, one.points, { ...how, k }).then((overlap) => withK(overlap, k)),
  );
}

function withK({ value, standardError, interval }: Comparison, k: number): LayerOverlap {
  return { value, standardError, interval, k };
}

/** The label of each point: that of its example. */
function labelsOf({ selection: { places, tokens } }: Layer, labels: Labels): readonly (number | string)[] {
  return Array.from(places, (place) => labels.values[Math.floor(place / tokens)]!);
}
