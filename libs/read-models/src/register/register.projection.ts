import { type AgencyEvent, agencyEventTypes, type MatrixEvent, matrixEventTypes, type OpeningEvent, type ServerEvent } from '#libs/domain';
import { anyFold, type Projection, type Recorded, type RowFold } from '../projection.js';
import { fixed, freeText, table } from '../table.js';

type RegisterEvent = AgencyEvent | ServerEvent | MatrixEvent | OpeningEvent;

/** Names of the streams that hold the core's register: what it reads at its start, instead of its whole history. */
export const registerStreams = table({ name: 'register_streams', key: 'stream', columns: { stream: fixed(freeText) }, indexes: [] });
type RegisterColumns = (typeof registerStreams)['columns'];

const streamFold: RowFold<RegisterColumns, RegisterEvent> = {
  table: registerStreams,
  keyOf: ({ stream }: Recorded<RegisterEvent>) => stream,
  begins: ({ revision }) => revision === 0,
  evolve: (row, { stream }) => row ?? { stream },
};

export const registerProjection: Projection<RegisterEvent> = {
  name: 'register',
  version: 1,
  reads: { agency: agencyEventTypes, server: agencyEventTypes, matrix: matrixEventTypes, opening: matrixEventTypes },
  folds: [anyFold<RegisterColumns, RegisterEvent, RegisterEvent>(streamFold)],
};
