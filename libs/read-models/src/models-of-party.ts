import type { Message } from '#libs/kernel';
import { exchangesProjection } from './exchange/exchanges.projection.js';
import { feedProjection } from './feed/feed.projection.js';
import { identifiersProjection } from './identifier/identifiers.projection.js';
import type { Projection } from './projection.js';
import { registerProjection } from './register/register.projection.js';
import { recordsProjection } from './record/records.projection.js';
import { replicasProjection } from './replica/replicas.projection.js';
import { subjectsProjection } from './subject/subjects.projection.js';

export type PartyKind = 'core' | 'intermediate-server';

/** A projection of whatever events: it is only ever given those that it reads. */
const any = <E extends Message>(projection: Projection<E>): Projection => projection as unknown as Projection;

/** The read models of each kind of party. */
export const projectionsOf: Readonly<Record<PartyKind, readonly Projection[]>> = {
  core: [any(exchangesProjection), any(identifiersProjection), any(registerProjection)],
  'intermediate-server': [any(recordsProjection), any(replicasProjection), any(subjectsProjection), any(feedProjection)],
};
