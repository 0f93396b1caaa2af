/** The example of docs/plots.md: a plot of a user's own design, drawn from recorded runs. */
import { setting } from '../../analysis/grokking-runs';
import type { Drawing } from '../drawing';
import { line } from './by-name';

/** Validation accuracy of the runs of figure 4, with a panel for each training fraction. */
export const OWN_PLOT: Drawing = {
  name: 'own-plot',
  summary: 'the example of docs/plots.md: records in panels, on a log axis',
  records: 'grokking',
  draw: (runs, options) => {
    const rows = runs.flatMap((run) =>
      run.measurements.map(({ step, validation }) => ({
        step,
        accuracy: validation.accuracy,
        p: setting(run, 'trainFraction'),
        'weight decay': setting(run, 'weightDecay'),
      })),
    );
    return line(rows, {
      x: 'step',
      y: 'accuracy',
      by: 'weight decay',
      facet: 'p',
      title: 'Validation accuracy by training fraction p',
      xAxis: { log: true, range: [100, 40_000] },
      yAxis: { percent: true },
      caption: 'Validation accuracy over the steps of training, one panel for each training fraction p.',
      ...options,
    });
  },
  findings: () => [],
  tables: () => [],
};
