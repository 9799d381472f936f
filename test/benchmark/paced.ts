/** Starts a piece of work every so many milliseconds, whether the one before has ended or not, and tells how long each took. */
export async function paced(aSecond: number, seconds: number, work: (index: number) => Promise<void>): Promise<number[]> {
  const intervalMs = 1_000 / aSecond;
  const startMs = performance.now();
  const running: Promise<number>[] = [];
  for (let index = 0; index < seconds * aSecond; index += 1) {
    const dueMs = startMs + index * intervalMs;
    const waitMs = dueMs - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    // from when it was due, not from when it was sent: a stall counts for every query that it kept waiting
    running.push(work(index).then(() => performance.now() - dueMs));
  }
  return Promise.all(running);
}
