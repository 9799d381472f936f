import type { EventStore, StoredEvent } from '#libs/event-store';
import type { EventRegistry, RecordedEvent } from '#libs/kernel';
import { categoryOf, type Register, REGISTER_CATEGORIES, witnessStream } from './register.js';

const STREAMS_A_READ = 500;
const CATEGORIES: ReadonlySet<string> = new Set(REGISTER_CATEGORIES);

/** With each server the stream of its log, as the core cosigns it: no list names those. */
function withWitnessed(names: readonly string[]): readonly string[] {
  return names.flatMap((name) => {
    const category = categoryOf(name);
    if (category === 'server') return [name, witnessStream(name.slice('server-'.length))];
    return CATEGORIES.has(category) || name.startsWith(witnessStream('')) ? [name] : [];
  });
}

/** Reads the named streams and folds them into the register; streams of other categories are left out. */
export async function loadRegister(register: Register, store: EventStore, registry: EventRegistry, names: readonly string[]): Promise<void> {
  const decoder = new TextDecoder();
  const decode = ({ bytes }: StoredEvent): RecordedEvent => registry.decode(decoder.decode(bytes));
  const law: StoredEvent[] = [];
  const streams = withWitnessed(names);
  for (let from = 0; from < streams.length; from += STREAMS_A_READ) {
    const page = streams.slice(from, from + STREAMS_A_READ);
    const found = await store.readStreams(page);
    for (const [index, events] of found.entries()) {
      const category = categoryOf(page[index] as string);
      if (category === 'agency') register.takeAgency(events.map(decode));
      else if (category === 'server') register.takeServer(events.map(decode));
      else if (category === 'ledger') register.takeWitnessed(events.map(decode));
      else law.push(...events);
    }
  }
  // openings and versions of the table are read in the order in which they became known
  law.sort((a, b) => (a.position < b.position ? -1 : 1));
  register.takeLaw(law.map(decode));
}
