export { recomputed } from './charge.js';
export { computePeriod } from './compute-period.js';
export { digestOf } from './digest.js';
export { knownFormula, NEWEST, toldBy, type Formula } from './formula.js';
