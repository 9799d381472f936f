export { type IntermediateServerOptions, type RunningIntermediateServer, startIntermediateServer } from './start.js';
export type { KafkaOptions } from './feed/kafka-relay.js';
export { IntermediateServerService } from './intermediate-server.service.js';
export { type ServerSettings, SETTINGS } from './settings.js';
export { exampleContentOf, layoutInUse } from './layout/layouts.js';
export { serverEvents } from './open-server.js';
