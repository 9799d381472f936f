/** The text of an event's stored bytes, which are a Buffer of the embedded store's, or an EventStoreDB client's plain bytes. */
export const eventText = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
