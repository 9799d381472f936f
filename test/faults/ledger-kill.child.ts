// Appends to a party's store and waits for its log until it is killed, and notes in a file every checkpoint that it was shown.
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { LmdbEventStore, NO_STREAM } from '#libs/event-store';
import { EventRegistry, eventType, text, uuidV7 } from '#libs/kernel';
import { openLedger } from '#libs/ledger';

const [directory, shownFile, key, privateKeyText] = process.argv.slice(2);
if (directory === undefined || shownFile === undefined || key === undefined || privateKeyText === undefined)
  throw new Error('usage: ledger-kill.child DIRECTORY FILE VKEY KEY');

const privateKey = createPrivateKey({ key: Buffer.from(privateKeyText, 'base64'), format: 'der', type: 'pkcs8' });
const registry = new EventRegistry([eventType('PieceStored', { filler: text })]);
const freshId = (): string => uuidV7(Date.now(), randomBytes(10));

const store = await LmdbEventStore.open(join(directory, 'event-store'));
const ledger = await openLedger({
  directory: join(directory, 'ledger'),
  source: store,
  origin: key.slice(0, key.indexOf('+')),
  signers: [{ key, sign: (message) => sign(undefined, message, privateKey) }],
});
const shown = openSync(shownFile, 'a');

async function grow(): Promise<void> {
  for (;;) {
    const stream = `piece-${freshId()}`;
    const instant = '2020-05-08T00:00:00.000Z';
    const events = Array.from({ length: 1 + Math.floor(Math.random() * 60) }, (_, revision) => {
      const id = freshId();
      const envelope = { id, stream, revision, recordedAt: instant, at: instant, actor: 'system', correlationId: id, causationId: id };
      const bytes = Buffer.from(
        registry.encode(envelope, { type: 'PieceStored', data: { filler: randomBytes(Math.floor(Math.random() * 300)).toString('hex') } }),
      );
      return { id, type: 'PieceStored', bytes };
    });
    const { position } = await store.append({ stream, expectedRevision: NO_STREAM, events });
    const { note } = await ledger.integrated(position);
    // written before anything else happens: what stands in the file survives the process
    writeSync(shown, `${JSON.stringify({ note, position: String(position) })}\n`);
    if (Math.random() < 0.002) await ledger.addCosignature(ledger.checkpoint, cosignature(ledger.checkpoint.size));
  }
}

const cosignature = (size: number): Parameters<typeof ledger.addCosignature>[1] => ({
  witness: 'witness',
  size,
  timeSeconds: 1,
  line: `— witness ${Buffer.alloc(76, 1).toString('base64')}`,
});

await Promise.all(Array.from({ length: 8 }, grow));
