import { readModelsContract } from '../read-models.contract.js';
import { SqliteReadModels } from './sqlite-read-models.js';

readModelsContract('SQLite in a worker thread', (party, onAlarm) => SqliteReadModels.open({ ...party.places, onAlarm }));
