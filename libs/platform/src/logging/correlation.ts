import { AsyncLocalStorage } from 'node:async_hooks';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const CORRELATION_HEADER = 'x-correlation-id';

const storage = new AsyncLocalStorage<string>();

/** The correlation id of what runs now, undefined outside of a request or `correlated`. */
export const correlationId = (): string | undefined => storage.getStore();

/** Runs a task, and everything it starts, under a correlation id. */
export const correlated = <T>(id: string, task: () => T): T => storage.run(id, task);

/** A caller's id where it is a UUID in lower case, else undefined. */
export const acceptedCorrelationId = (header: unknown): string | undefined => (typeof header === 'string' && UUID.test(header) ? header : undefined);
