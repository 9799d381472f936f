import type { ModelSet } from '../folding/model.js';
import type { ModelsLocation } from '../models-location.js';
import type { Projection } from '../projection.js';
import type { Alarm } from '../read-models.js';
import type { Views } from '../rebuild/views.js';

/** Opens the models where they are; an adapter is loaded only where it is used. */
export async function openModels(location: ModelsLocation, projections: readonly Projection[], onAlarm: (alarm: Alarm) => void): Promise<ModelSet> {
  switch (location.kind) {
    case 'sqlite': {
      const { SqliteModels } = await import('../sqlite/sqlite-models.js');
      return new SqliteModels(location.directory, projections);
    }
    case 'postgres': {
      const { PostgresModels } = await import('../postgres/postgres-models.js');
      return new PostgresModels(location, projections, onAlarm);
    }
  }
}

/** The same place, as a rebuild sees it. */
export async function openViews(location: ModelsLocation): Promise<Views> {
  switch (location.kind) {
    case 'sqlite': {
      const { SqliteViews } = await import('../sqlite/sqlite-views.js');
      return new SqliteViews(location.directory);
    }
    case 'postgres': {
      const { PostgresViews } = await import('../postgres/postgres-views.js');
      return new PostgresViews(location);
    }
  }
}
