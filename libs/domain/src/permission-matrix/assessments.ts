import type { AgencyClass } from '../agency/agency-class.js';
import type { PermissionMatrix } from './permission-matrix.js';

/**
 * The affairs whose assessment an agency of each class has to publish (art. 27–28) before it can ask, or answer, under a
 * version of the table: those it asks for, and those under which it holds what it provides. In code order.
 */
export function affairsToAssess(matrix: PermissionMatrix): ReadonlyMap<AgencyClass, readonly string[]> {
  const byClass = new Map<AgencyClass, Set<string>>();
  const add = (agencyClass: AgencyClass, affair: string): void => {
    byClass.set(agencyClass, (byClass.get(agencyClass) ?? new Set()).add(affair));
  };
  for (const item of matrix.items) {
    for (const rule of item.requesters) add(rule.class, item.affair);
    for (const information of item.grants.flatMap((grant) => grant.information)) {
      for (const rule of information.providers) add(rule.class, information.holdingAffair);
    }
  }
  return new Map([...byClass].map(([agencyClass, affairs]) => [agencyClass, [...affairs].sort()]));
}
