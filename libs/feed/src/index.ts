export { type AgencyFeedEvent, type FeedContext, feedEventsOf } from './feed-events.js';
export { FEED_PAGE_EVENTS_MAX, type FeedPage, FeedReader, type FeedReaderOptions } from './feed-reader.js';
export { agencyOf, concernsFeed } from './server-events.js';
export { FeedRelay, type FeedRelayOptions, RELAY_SETTINGS, type RelayCounts, type RelaySettings, type RelayTroubleSeen } from './relay/feed-relay.js';
export { type FeedBatch, FeedPublisher } from './relay/feed-publisher.js';
export { type FeedSource, RELAY_PAGE_EVENTS_MAX, storeFeedSource } from './relay/feed-source.js';
export { RelayTrouble, type RelayTroubleCode } from './relay/relay-trouble.js';
export { KafkaFeedPublisher, type KafkaPublisherOptions } from './kafka/kafka-publisher.js';
export { agencyTopic, type KafkaConnection, KAFKA_LIMITS, type KafkaLimits, positionTopic, type RelayNames, relayName } from './kafka/kafka-settings.js';
