import { memoryInbox, type MemoryTransaction } from './inbox.js';
import { inboxContract } from './inbox.contract.js';

inboxContract<MemoryTransaction>('in memory', () => {
  const texts: string[] = [];
  return Promise.resolve({
    inbox: memoryInbox(),
    other: memoryInbox(),
    write: (tx, text) => Promise.resolve(tx.onCommit(() => texts.push(text))),
    texts: () => Promise.resolve(texts),
    close: () => Promise.resolve(),
  });
});
