export { withOperators } from './operators.js';
export { ReadModelsModule } from './read-models.module.js';
export type { ProjectionStanding, RebuildsResponse, RebuildShown } from './rebuilds.controller.js';
