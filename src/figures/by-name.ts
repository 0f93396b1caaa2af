/** The figures by short names: `figures.profile(profile)`. */
export { scaleFigure as scale, truthFigure as truth, twoNnFigure as twoNn } from './estimator';
export { type GeneralizationOptions, generalizationFigure as generalization } from './generalization';
export { estimatorsFigure as estimators } from './grokking-estimators';
export { type GrokkingGridOptions, grokkingGrid as grid } from './grokking-grid';
export { overRegularizationFigure as overRegularization } from './over-regularization';
export { type PicturesOptions, picturesFigure as pictures } from './pictures';
export {
  profileFigure as profile,
  profilesFigure as profiles,
  runsFigure as runs,
  siteCurves,
  sitesFigure as sites,
} from './profile';
export { regularizationFigure as regularization } from './regularization';
export { claimsFigure as claims, repeatsFigure as repeats } from './repeats';
export { reportFigures as report } from './report';
export { runFigure as run } from './run';
export { type TrialsOptions, trialsFigure as trials } from './trials';
