import { Gauge } from 'prom-client';
import type { Ledger } from '#libs/ledger';
import type { Metrics } from '#libs/platform';

/** How a party's log stands: sizes, and how long entries have waited for a witness. Numbers only. */
export function measureLedger({ registry }: Metrics, ledger: Ledger, nowMs: () => number = Date.now): void {
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(readable(value));
      },
    });
  };
  gauge('renkei_ledger_size', "Entries under the log's newest signed checkpoint", () => ledger.checkpoint.size);
  gauge('renkei_ledger_cosigned_size', 'Entries under the newest checkpoint that a witness has cosigned', () => ledger.cosigned?.size ?? 0);
  gauge('renkei_ledger_unwitnessed_seconds', 'How long entries have been waiting for a witness; 0 where none wait', () => {
    const { unwitnessedSinceMs } = ledger.witnessed;
    return unwitnessedSinceMs === undefined ? 0 : Math.max(0, (nowMs() - unwitnessedSinceMs) / 1_000);
  });
}

/** NaN where the ledger cannot be asked: the other metrics are told all the same. */
function readable(value: () => number): number {
  try {
    return value();
  } catch {
    return Number.NaN;
  }
}
