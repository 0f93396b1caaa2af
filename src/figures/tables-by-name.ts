/** The tables by short names: `tables.strength(sweep)`. */
export { leadSummary } from '../analysis/grokking-runs';
export { claimsTable as claims } from './claims-table';
export { grokkingTable as grokking, leadTable as lead } from './grokking-table';
export {
  generalizationTable as generalization,
  overRegularizationTable as overRegularization,
  type PaperRegularization,
  predictorsTable as predictors,
  regularizationTable as regularization,
  strengthTable as strength,
} from './regularization-table';
export { table as of } from './table';
export { recommendationTable as recommendations, trialTable as trials } from './trial-tables';
