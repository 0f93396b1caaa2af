/** What the record of an `idCallback` says of its run, and the title that its figures have. */

/** What {@link fitConfig} knows by itself; all else in a config distinguishes the run, and was given. */
interface FitSettings {
  readonly epochs: number | undefined;
  readonly batchSize?: number;
  readonly parameters: number;
  readonly examples: number;
  readonly sites: string;
  readonly every: number | 'epoch';
  readonly idSubsamples: number;
  readonly idFraction: number;
  readonly discardFraction: number;
  readonly seed: number;
}

const OWN: Readonly<Record<keyof FitSettings | 'experiment', true>> = {
  experiment: true,
  epochs: true,
  batchSize: true,
  parameters: true,
  examples: true,
  sites: true,
  every: true,
  idSubsamples: true,
  idFraction: true,
  discardFraction: true,
  seed: true,
};

const NAME = 'fit';

/** The config of a record. */
export function fitConfig(
  known: FitSettings,
  given: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { experiment: NAME, ...known, ...given };
}

/** Whether the config is that of such a record. */
export function isFit(config: Readonly<Record<string, unknown>>): boolean {
  return config['experiment'] === NAME;
}

/** `tf.layers model with 3,466 parameters` */
export function fitTitle({ parameters }: Readonly<Record<string, unknown>>): string {
  const size = typeof parameters === 'number' ? ` with ${parameters.toLocaleString('en')} parameters` : '';
  return `tf.layers model${size}`;
}

/** What distinguishes the run, in words: `width 64`. */
export function givenSettings(config: Readonly<Record<string, unknown>>): Record<string, string> {
  const given = Object.entries(config).filter(([key]) => !Object.hasOwn(OWN, key));
  return Object.fromEntries(given.map(([key, value]) => [key, `${key} ${value}`]));
}
