export { type AgencyFeedEvent, type FeedContext, feedEventsOf } from './feed-events.js';
export { FEED_PAGE_EVENTS_MAX, type FeedPage, FeedReader, type FeedReaderOptions } from './feed-reader.js';
export { agencyOf, concernsFeed } from './server-events.js';
