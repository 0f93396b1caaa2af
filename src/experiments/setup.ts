/** What an experiment has to say for {@link runExperiment} to run it. */
import type { Dataset } from '../data/dataset';
import type { Model } from '../models/model';
import type { DimensionEstimate, Measurement } from '../records/run-record';
import type { MeasurementEvent, TrainOptions } from '../training/trainer';

/** Dimensions by site, as a record keeps them. */
export type SiteIds = Record<string, DimensionEstimate>;

/** Data, network and training of one run. */
export interface Setup {
  readonly data: Dataset;
  /** Makes the untrained network. */
  readonly model: () => Model;
  /** How it is trained and measured, besides what all experiments share. */
  readonly training: Pick<TrainOptions<DimensionEstimate>, 'optimizer' | 'schedule' | 'measureSite'> &
    Partial<TrainOptions<DimensionEstimate>>;
  /** The line of the record. */
  readonly measurement: (event: MeasurementEvent<SiteIds>) => Promise<Measurement>;
}
