/**
 * Ids of record keys (format.md §2). None names a person: `name` is an HmacNames name. What must be erased together has
 * one key.
 */
export type RecordKeyId = string;

/** An agency's record, or the core's (`core`), of one retention month `yyyy-mm` of the request. */
export const monthKeyId = (owner: string, month: string): RecordKeyId => `record/${owner}/${month}`;
/** One person at one agency: `subject-` and `replica-`. */
export const subjectKeyId = (agency: string, name: string): RecordKeyId => `subject/${agency}/${name}`;
/** One person of one code holder at the core: `identifier-`, and `acquisition-` by the acquisition number's name. */
export const holderKeyId = (holder: string, name: string): RecordKeyId => `holder/${holder}/${name}`;
/** One resident at the registry. */
export const residentKeyId = (name: string): RecordKeyId => `resident/${name}`;

const KEY_ID = /^(record|subject|holder)\/[0-9A-Za-z_.:-]{1,64}\/[0-9a-z-]{1,64}$|^resident\/[0-9a-z]{1,64}$/;
export const isRecordKeyId = (text: string): boolean => KEY_ID.test(text);
