import type { RetentionEvent, SubjectEvent } from '#libs/domain';
import type { Message } from '#libs/kernel';
import type { Recorded } from '../projection.js';

/** The name in a key id `<kind>/<owner>/<name>` (libs/cryptography, key-ids.ts), where it is of this kind. */
export function nameInKeyId(kind: 'subject' | 'holder', keyId: string): string | undefined {
  const [ofKind, , name] = keyId.split('/');
  return ofKind === kind ? name : undefined;
}

/** The subject whose key an event says is destroyed; its rows go with it. */
export function erasedSubject(event: Recorded<Message> | Recorded<SubjectEvent | RetentionEvent>): string | undefined {
  return event.type === 'SubjectKeyDestroyed' || event.type === 'RecordKeyDestroyed'
    ? nameInKeyId('subject', (event.data as { readonly key: string }).key)
    : undefined;
}
