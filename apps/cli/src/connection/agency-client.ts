import { AgencyClient } from '#libs/agency-sdk';
import type { Session } from '../command-line/session.js';
import { type Connection, type ConnectionOptions, connectionOf } from './settings.js';

/** Does something with a client of the agency's intermediate server, and closes it. */
export async function withClient<T>(
  options: ConnectionOptions,
  session: Session,
  use: (client: AgencyClient, connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = connectionOf(options, session);
  const { baseUrl, server, agency, keyId, privateKey } = connection;
  const client = new AgencyClient({ baseUrl, server, agency, keyId, privateKey });
  try {
    return await use(client, connection);
  } finally {
    await client.close();
  }
}
