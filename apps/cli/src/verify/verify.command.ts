import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { Progress, Terminal } from '#libs/terminal';
import { command } from '../command-line/commands.js';
import { EXIT } from '../command-line/exit-codes.js';
import type { Session } from '../command-line/session.js';
import { type EventStoreOptions, eventStoreWay, withEventStore } from '../parties/event-store-option.js';
import { modelsDatabase, type ModelsOptions, withModels } from '../parties/models-database.js';
import { partiesTexts } from '../parties/parties.texts.js';
import { verifyGuarded } from './guarded.js';
import type { Finding, Note, PartyReport, Stage, VerifyReport } from './report.js';
import { findingTexts, verifyTexts } from './verify.texts.js';

interface Options extends EventStoreOptions, ModelsOptions {
  readonly data: string;
  readonly keys?: string;
  readonly full?: true;
}
/** More threads gain nothing: the tree is put together by one. */
const THREADS_MAX = 4;

export function verifyCommand(session: Session): Command {
  const say = verifyTexts(session.language);
  return command<Options>(
    session,
    'verify',
    say.verify,
    (made) =>
      withModels(withEventStore(made, session), session, say.readModelsUrl)
        .argument('[party...]', say.party)
        .requiredOption('--data <directory>', partiesTexts(session.language).data)
        .option('--keys <directory>', say.keys)
        .option('--full', say.full),
    async (options, [parties]) => {
      const { data, keys, full } = options;
      const shown = new Shown(session);
      const report = await verifyGuarded({
        data,
        keys,
        parties: (parties ?? []) as unknown as readonly string[],
        full: full ?? false,
        eventStore: eventStoreWay(options, session),
        database: await modelsDatabase(options, session),
        threads: Math.min(availableParallelism(), THREADS_MAX),
        onParty: (party) => shown.party(party),
        onProgress: (stage, done, total) => shown.progress(stage, done, total),
      });
      shown.end();
      session.answer(report, (out) => print(report, out, session));
      return report.ok ? EXIT.done : EXIT.doesNotHold;
    },
  );
}

/** The bar of the work in hand. */
class Shown {
  #party = '';
  #stage: Stage | undefined;
  #bar: Progress | undefined;

  constructor(private readonly session: Session) {}

  party(party: string): void {
    this.end();
    this.#party = party;
  }

  progress(stage: Stage, done: number, total: number): void {
    if (this.session.json) return;
    if (stage !== this.#stage) {
      this.end();
      this.#stage = stage;
      this.#bar = this.session.err.progress(verifyTexts(this.session.language)[stage](this.#party), total, { rate: true });
    }
    this.#bar?.update(done);
  }

  end(): void {
    this.#bar?.stop();
    this.#bar = undefined;
    this.#stage = undefined;
  }
}

function print(report: VerifyReport, out: Terminal, session: Session): void {
  const say = verifyTexts(session.language);
  for (const party of report.parties) printParty(party, out, session);
  for (const finding of report.findings) printFinding(finding, out, session);
  if (report.ok) out.line(out.style.green(say.ok));
  else out.line(out.style.red(say.notOk));
}

function printParty(report: PartyReport, out: Terminal, session: Session): void {
  const say = verifyTexts(session.language);
  const { party, origin, root, entries, checkpoints, signatures, cosignatures, knownElsewhere, readModels, findings, notes } = report;
  out.heading(origin ?? party);
  out.line(findings.length === 0 ? `✓ ${say.right(party)}` : out.style.red(`✗ ${say.wrong(party, findings.length)}`));
  out.paragraph(say.facts(entries, checkpoints, signatures, cosignatures), { indent: 2 });
  if (knownElsewhere > 0) out.paragraph(say.knownElsewhere(knownElsewhere), { indent: 2 });
  if (readModels.length > 0) out.paragraph(say.readModels(readModels.join(', ')), { indent: 2 });
  if (root !== undefined) out.paragraph(say.root(root), { indent: 2, dress: out.style.dim });
  for (const finding of findings) printFinding(finding, out, session);
  for (const note of notes) out.paragraph(noteText(note, session), { indent: 2, dress: out.style.yellow });
}

function printFinding({ code, party, position, stream, detail }: Finding, out: Terminal, session: Session): void {
  const say = verifyTexts(session.language);
  const where = [party, ...(position === undefined ? [] : [say.at(position)]), ...(stream === undefined ? [] : [say.stream(stream)])].join(' · ');
  out.paragraph(`${where}: ${findingTexts(session.language)[code]} (${code}: ${detail})`, { indent: 2, dress: out.style.red });
}

function noteText(note: Note, session: Session): string {
  const say = verifyTexts(session.language);
  switch (note.code) {
    case 'LEDGER_BEHIND':
      return say.LEDGER_BEHIND(note.entries);
    case 'COSIGNATURES_UNCHECKED':
      return say.COSIGNATURES_UNCHECKED(note.count);
    case 'READ_MODEL_BEHIND':
      return say.READ_MODEL_BEHIND(note.model, note.position);
    default:
      return say[note.code];
  }
}
