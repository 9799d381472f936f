// The health check of a container: 0 where the app on this machine says that it is ready. Images hold no shell and no curl.
const TIMEOUT_MS = 4_000;

try {
  const answer = await globalThis.fetch(`http://127.0.0.1:${process.env.PORT}/health/ready`, { signal: globalThis.AbortSignal.timeout(TIMEOUT_MS) });
  process.exitCode = answer.ok ? 0 : 1;
} catch {
  process.exitCode = 1;
}
