export { decisionsAbout } from './decisions.js';
export {
  projectionsAggregate,
  projectionsEvents,
  type ParkedEvent,
  type ProjectionsEvent,
} from './domain/projections.js';
export { FurtherRefusalsModule, type FurtherRefusals } from './write/further-refusals.js';
export { ProjectionsApiModule } from './projections.module.js';
export type { FillingView, ProjectionView, StopView } from './read/views.js';
export { projectionsDuties } from './duties.js';
