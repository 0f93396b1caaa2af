/** All figures of the documentation. To add one, write its file and name it here. */
import type { Drawing } from './drawing';
import { GENERALIZATION } from './generalization';
import { GROKKING_GRID } from './grokking-grid';
import { OVER_REGULARIZATION } from './over-regularization';
import { OWN_PLOT } from './plots/example';
import { REGULARIZATION } from './regularization';

/** The figures in the order in which they are drawn. */
export const DRAWINGS: readonly Drawing[] = [
  GROKKING_GRID,
  REGULARIZATION,
  GENERALIZATION,
  OVER_REGULARIZATION,
  OWN_PLOT,
];
