import { type EventOf, eventType, list, optional, protectedText, text } from '#libs/kernel';

/** 'Who has it?' (通知先の問合せ): asked by a requester that cannot tell who the provider is. */
export const HolderAsked = eventType('HolderAsked', {
  requester: text,
  requesterInstitution: optional(text),
  affair: text,
  information: text,
  department: text,
  askedAt: text,
  subject: protectedText,
});

/** Which notification destinations hold an identifier for the person; never the identifiers. Empty where none does. */
export const HolderTold = eventType('HolderTold', {
  holders: list(text),
  /** Why nobody could be named, where the law gave no one to ask. */
  reason: optional(text),
});

export const holderEventTypes = [HolderAsked, HolderTold] as const;
export type HolderEvent = EventOf<(typeof holderEventTypes)[number]>;
