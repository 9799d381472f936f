import kafkajs, { type AclEntry, type Admin } from 'kafkajs';
import { RelayTrouble } from '../relay/relay-trouble.js';
import { kafkaClient, letGo, within } from './kafka-client.js';
import { kafkaTrouble } from './kafka-errors.js';
import { agencyTopic, KAFKA_LIMITS, type KafkaConnection, type KafkaLimits, type RelayNames } from './kafka-settings.js';
import { Topics } from './topics.js';

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const ANY_HOST = '*';

/** One right of a principal, in Kafka's own words, e.g. `READ TOPIC LITERAL renkei.agency.… from *`. */
export interface AclTold {
  readonly permission: string;
  readonly operation: string;
  readonly resource: string;
  readonly pattern: string;
  readonly name: string;
  readonly host: string;
}
export interface AgencyGrant {
  readonly topic: string;
  /** `User:agency-<code>` */
  readonly principal: string;
  /** Names of the agency's consumer groups begin so. */
  readonly groupPrefix: string;
  /** False where it was there and is as it must be. */
  readonly topicMade: boolean;
  /** Rights that were missing. */
  readonly added: readonly AclTold[];
  /** Rights of this principal beyond its own topic, dead letters and groups; they are left as they are. */
  readonly others: readonly AclTold[];
}

/** Login of an agency's systems, and what their groups' names begin with. */
export const agencyLogin = (agency: string): string => `agency-${agency}`;

const nameOf = (values: Readonly<Record<string, string | number>>, value: number): string =>
  Object.entries(values).find(([, at]) => at === value)?.[0] ?? String(value);
const told = ({ permissionType, operation, resourceType, resourcePatternType, resourceName, host }: AclEntry): AclTold => ({
  permission: nameOf(AclPermissionTypes, permissionType),
  operation: nameOf(AclOperationTypes, operation),
  resource: nameOf(AclResourceTypes, resourceType),
  pattern: nameOf(ResourcePatternTypes, resourcePatternType),
  name: resourceName,
  host,
});
const keyOf = (acl: AclEntry): string => JSON.stringify(told(acl));

async function rightsOf(admin: Admin, principal: string): Promise<AclEntry[]> {
  const { resources } = await admin.describeAcls({
    principal,
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  });
  return resources.flatMap(({ acls, ...resource }) => acls.map((acl) => ({ ...acl, ...resource })));
}

export interface GrantOptions {
  /** A login that may make topics and ACLs. */
  readonly connection: KafkaConnection;
  readonly names: Pick<RelayNames, 'topicPrefix'>;
  /** 16 digits. */
  readonly agency: string;
  readonly limits?: Partial<KafkaLimits>;
}

/**
 * Makes an agency's topic and lets the agency's login read it, in consumer groups of its own; may be repeated. The login's
 * password is the brokers' own affair: the driver knows no request for it. Rejects with RelayTrouble.
 */
export async function grantAgency({ connection, names, agency, limits: given }: GrantOptions): Promise<AgencyGrant> {
  const limits = { ...KAFKA_LIMITS, ...given };
  const admin = kafkaClient(connection, limits).admin();
  const topic = agencyTopic(names, agency);
  const groupPrefix = agencyLogin(agency);
  const principal = `User:${groupPrefix}`;
  const right = (operation: number, resourceType: number, resourceName: string, resourcePatternType: number): AclEntry => ({
    principal,
    host: ANY_HOST,
    permissionType: AclPermissionTypes.ALLOW,
    operation,
    resourceType,
    resourceName,
    resourcePatternType,
  });
  const wanted = [
    right(AclOperationTypes.READ, AclResourceTypes.TOPIC, topic, ResourcePatternTypes.LITERAL),
    right(AclOperationTypes.READ, AclResourceTypes.GROUP, groupPrefix, ResourcePatternTypes.PREFIXED),
  ];
  /** READ brings DESCRIBE; and an agency writes and reads its own dead letters. */
  const own = ({ operation, resourceType, resourceName, permissionType }: AclEntry): boolean =>
    permissionType === AclPermissionTypes.ALLOW &&
    ((resourceType === AclResourceTypes.GROUP && resourceName.startsWith(groupPrefix)) ||
      (resourceType === AclResourceTypes.TOPIC && resourceName === `${topic}.dead`) ||
      (resourceType === AclResourceTypes.TOPIC && resourceName === topic && operation === AclOperationTypes.DESCRIBE));
  const work = async (): Promise<AgencyGrant> => {
    await admin.connect();
    const topicMade = !(await admin.listTopics()).includes(topic);
    await new Topics(admin).ensure([topic], 'agency');
    const present = await rightsOf(admin, principal);
    const missing = wanted.filter((acl) => !present.some((other) => keyOf(other) === keyOf(acl)));
    if (missing.length > 0) await admin.createAcls({ acl: missing });
    const wantedKeys = new Set(wanted.map(keyOf));
    const others = present.filter((acl) => !wantedKeys.has(keyOf(acl)) && !own(acl));
    return { topic, principal, groupPrefix, topicMade, added: missing.map(told), others: others.map(told) };
  };
  try {
    return await within(limits.stepTimeoutMs, work());
  } catch (error) {
    const trouble = kafkaTrouble(error, topic);
    if (trouble.code !== 'KAFKA_ACCESS_REFUSED' && trouble.code !== 'KAFKA_TOPIC_MISSING') throw trouble; // one that it may not make
    throw new RelayTrouble('KAFKA_ACCESS_REFUSED', 'this login may not make topics, or may not see or make ACLs', { cause: error });
  } finally {
    await letGo(limits.closeTimeoutMs, [admin.disconnect()]);
  }
}
