import type { Ledger } from '#libs/ledger';
import type { Language, Terminal } from '#libs/terminal';
import type { Nation } from '../nation/nation.js';
import { ledgersTexts } from './ledgers.texts.js';

const ROOT_CHARACTERS = 16;

/** Where the log of each party stands now. */
export interface LedgerStanding {
  readonly party: string;
  readonly origin: string;
  readonly size: number;
  /** Base64. */
  readonly root: string;
  readonly witnesses: readonly string[];
}

export function ledgersOf(nation: Nation): readonly LedgerStanding[] {
  const parties: readonly { readonly id: string; readonly party: { readonly ledger: Ledger | undefined } }[] = [
    nation.core,
    nation.registry,
    ...nation.intermediateServers.values(),
  ];
  return parties.flatMap(({ id, party: { ledger } }) => {
    if (!ledger) return [];
    const { origin, size, root } = ledger.checkpoint;
    return [
      {
        party: id,
        origin,
        size,
        root: Buffer.from(root).toString('base64'),
        witnesses: [...ledger.witnessed.sizes.keys()].map((name) => name.slice(name.lastIndexOf('/') + 1)),
      },
    ];
  });
}

/** A table of the logs, and how anyone checks them. */
export function showLedgers(nation: Nation, terminal: Terminal, language: Language, data: string): void {
  const texts = ledgersTexts(language);
  terminal.line();
  terminal.line(terminal.style.bold(texts.heading));
  terminal.table({
    head: [texts.party, texts.entries, texts.root, texts.witnesses],
    rows: ledgersOf(nation).map(({ party, size, root, witnesses }) => [
      party,
      size.toLocaleString('en-US'),
      `${root.slice(0, ROOT_CHARACTERS)}…`,
      witnesses.join(', ') || texts.waiting,
    ]),
    right: [1],
  });
  terminal.line(texts.checkIt);
  for (const command of ['verify', 'reconcile', 'export-log core core-log']) terminal.line(`  npm run -s renkei -- ${command} --data ${data}`);
}
