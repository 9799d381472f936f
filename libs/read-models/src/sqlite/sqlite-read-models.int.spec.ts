import { readModelsContract } from '../read-models.contract.js';
import { openReadModels } from '../thread/threaded-read-models.js';

readModelsContract('SQLite in a worker thread', (party, onAlarm) => openReadModels({ ...party.places, onAlarm }));
