import { existsSync } from 'node:fs';

const SOCKET = '/var/run/docker.sock';

/**
 * Whether a container could be started: a client that is installed without an engine behind it does not count. Looks for
 * the engine's socket first: loading testcontainers takes a second.
 */
export async function dockerAnswers(): Promise<boolean> {
  if (!process.env['DOCKER_HOST'] && !existsSync(SOCKET)) return false;
  const { getContainerRuntimeClient } = await import('testcontainers');
  return getContainerRuntimeClient().then(
    () => true,
    () => false,
  );
}
