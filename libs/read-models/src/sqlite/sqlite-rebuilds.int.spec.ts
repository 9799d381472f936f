import { join } from 'node:path';
import { rebuildsContract } from '../rebuild/rebuilds.contract.js';
import { SqliteModels } from './sqlite-models.js';
import { SqliteViews } from './sqlite-views.js';

rebuildsContract('SQLite', (party) => {
  const directory = join(party.directory, 'read-models');
  return { models: (projections) => new SqliteModels(directory, projections), views: () => new SqliteViews(directory) };
});
