/** The figures by short names, as notebooks use them: `figures.profile(profile)`. */
export { scaleFigure as scale, truthFigure as truth, twoNnFigure as twoNn } from './estimator';
export { generalizationFigure as generalization } from './generalization';
export { estimatorsFigure as estimators } from './grokking-estimators';
export { grokkingGrid as grid } from './grokking-grid';
export { overRegularizationFigure as overRegularization } from './over-regularization';
export { picturesFigure as pictures } from './pictures';
export {
  profileFigure as profile,
  profilesFigure as profiles,
  siteCurves,
  sitesFigure as sites,
} from './profile';
export { regularizationFigure as regularization } from './regularization';
export { claimsFigure as claims, repeatsFigure as repeats } from './repeats';
export { runFigure as run } from './run';
