import { relative } from 'node:path';
import { checkedFeedEvent, FEED_TYPES, type FeedEvent, type FeedType } from '#libs/feed-schemas';
import type { Language, Terminal } from '#libs/terminal';
import { type CastAgency, labelOf } from '../cast/agencies.js';
import type { Nation } from '../nation/nation.js';
import { writeProfile } from '../nation/profile.js';
import { feedTexts, feedTitles } from './feed.texts.js';

const PAGE_EVENTS = 500;

interface TypeInFeed {
  count: number;
  newest: FeedEvent;
}

/** The whole feed of an agency, read as its systems read it, by type. */
export async function feedOf(nation: Nation, agency: CastAgency): Promise<ReadonlyMap<FeedType, TypeInFeed>> {
  const found = new Map<FeedType, TypeInFeed>();
  for (let after: string | undefined; ;) {
    const { events, next } = await nation.client(agency).feed({ limit: PAGE_EVENTS, ...(after === undefined ? {} : { after }) });
    if (events.length === 0) return found;
    for (const event of events.map(checkedFeedEvent)) {
      const known = found.get(event.type);
      if (known) Object.assign(known, { count: known.count + 1, newest: event });
      else found.set(event.type, { count: 1, newest: event });
    }
    after = next;
  }
}

/** A table of one agency's feed, and how to follow it. */
export async function showFeed(nation: Nation, terminal: Terminal, language: Language, agency: CastAgency, profileName: string): Promise<void> {
  const texts = feedTexts(language);
  const titles = feedTitles(language);
  const found = await feedOf(nation, agency);
  terminal.line();
  terminal.line(terminal.style.bold(texts.heading(labelOf(agency, language))));
  terminal.table({
    head: [texts.what, texts.type, texts.count, texts.newest],
    rows: FEED_TYPES.flatMap((type) => {
      const known = found.get(type);
      return known ? [[titles[type], type, known.count.toLocaleString('en-US'), known.newest.data.inAgencyNumber ?? '–']] : [];
    }),
    right: [2],
  });
  terminal.line(`${texts.followIt} npm run -s renkei -- feed --profile ${relative('.', writeProfile(nation, agency, profileName))} --wait 20`);
}
