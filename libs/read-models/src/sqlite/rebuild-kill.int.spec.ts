import { killedRebuildContract } from '../rebuild/kill.contract.js';

killedRebuildContract('SQLite', (party) => party.places);
