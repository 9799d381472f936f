/** How long a feed keeps an event, at most: it is no archive of who was asked about whom. */
export const FEED_RETENTION_DAYS_MAX = 30;
