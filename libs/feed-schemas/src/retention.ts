/** How long a feed keeps an event, at most 30 days: it is no archive of who was asked about whom. */
export const FEED_RETENTION_MS_MAX = 30 * 24 * 60 * 60 * 1_000;
