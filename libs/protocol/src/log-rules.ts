import { hash } from 'node:crypto';
import { Follows, textRule } from '#libs/platform';
import { ED25519, parseVerifierKey } from '#libs/proofs';

/** First part of the origin of every log, where an operator chooses none. */
export const DEPLOYMENT_DEFAULT = 'renkei.example';

/** A part of the names of logs and witnesses, in which neither blanks nor `+` may stand (C2SP signed-note). */
export const IsDeployment = (): PropertyDecorator =>
  Follows(
    textRule('deployment', 'must be a name like renkei.example: small letters, digits, dots, hyphens', (text) => /^[a-z0-9][a-z0-9.-]{0,99}$/.test(text)),
  );

/** Where a record is on EventStoreDB. Not shown where it is wrong: it may hold a password. */
export const IsEventStoreUrl = (): PropertyDecorator =>
  Follows(
    textRule(
      'event-store-url',
      'must be the connection string of an EventStoreDB: esdb://user:password@host:2113?tls=true',
      (text) => text.length <= 1_000 && /^esdb(?:\+discover)?:\/\/[^\s/]+/.test(text),
    ),
  );

const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
/** A verifier key (C2SP signed-note), as operators pin it. */
export const IsLogKey = (): PropertyDecorator =>
  Follows(
    textRule(
      'log-key',
      'must be the verifier key of a log: <deployment>/<party>/<epoch>+<key id>+<base64 of a key>',
      (text) => text.length <= 512 && parseVerifierKey(sha256, text)?.kind === ED25519,
    ),
  );
