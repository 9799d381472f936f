import { feedSourceContract } from './feed-source.contract.js';
import { MemoryFeed } from './memory-feed.js';

feedSourceContract('in memory', () =>
  Promise.resolve({
    newFeed: () => {
      const feed = new MemoryFeed();
      return Promise.resolve({
        publish: (...entries) => Promise.resolve(feed.publish(...entries)),
        source: (group, startAt) => feed.source(group, startAt),
        placeAfter: String,
        close: () => Promise.resolve(),
      });
    },
    close: () => Promise.resolve(),
  }),
);
