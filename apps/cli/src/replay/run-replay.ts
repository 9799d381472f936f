import { writeFileSync } from 'node:fs';
import { replayHistory, type ReplayReport, type ReplayStage } from '#libs/audit';
import { grouped, type Progress, type Terminal } from '#libs/terminal';
import { EXIT, type ExitCode } from '../command-line/exit-codes.js';
import type { Session } from '../command-line/session.js';
import { changesCsv, findingsCsv } from './csv.js';
import type { Options } from './replay-options.js';
import { locationOf } from '../parties/location-of.js';
import { type ReplaySettings, settingsOf } from './replay-settings.js';
import { replayTexts } from './replay.texts.js';
import { printChanges, printFindings, printMonths } from './tables.js';

/** One run of `renkei replay`; resolves to how the program ends. */
export async function runReplay(options: Options, session: Session): Promise<ExitCode> {
  const settings = settingsOf(options, session);
  const report = await withProgress(settings, session);
  session.answer({ ...settings.filter, ...underOf(settings), ...report }, (out) => print(out, report, settings, session));
  if (options.csv !== undefined) {
    writeFileSync(options.csv, settings.whatIf === undefined ? findingsCsv(report.findings) : changesCsv(report.changes));
    session.note(replayTexts(session.language).written(options.csv));
  }
  if (options.chart !== undefined) {
    const { chartOf } = await import('./chart.js');
    writeFileSync(options.chart, chartOf(report, settings.whatIf, options.chartBy, session.language));
    session.note(replayTexts(session.language).written(options.chart));
  }
  return report.ok ? EXIT.done : EXIT.no;
}

/** Which other law, in the JSON. */
function underOf({ whatIf }: ReplaySettings): object {
  if (whatIf === undefined) return {};
  return whatIf.kind === 'as-of' ? { asOf: whatIf.day } : { matrix: whatIf.table.version, itemsDigest: whatIf.table.itemsDigest };
}

async function withProgress({ party, filter, whatIf }: ReplaySettings, session: Session): Promise<ReplayReport> {
  const say = replayTexts(session.language);
  const bars: Partial<Record<ReplayStage, Progress>> = {};
  try {
    return await replayHistory({
      location: locationOf(party),
      ...filter,
      ...(whatIf === undefined ? {} : { whatIf }),
      onProgress(stage, done, total) {
        if (session.json) return;
        if (stage === 'decide') bars.gather?.stop();
        bars[stage] ??= session.err.progress(stage === 'gather' ? say.gathering : say.deciding, total, { rate: true });
        bars[stage].update(done);
      },
    });
  } finally {
    bars.gather?.stop();
    bars.decide?.stop();
  }
}

function print(out: Terminal, report: ReplayReport, { whatIf, limit }: ReplaySettings, session: Session): void {
  const { language } = session;
  const say = replayTexts(language);
  if (report.decisions === 0) return out.line(say.nothing);
  out.heading(say.heading(grouped(report.decisions)));
  printMonths(out, report, language);
  if (report.erased > 0) out.paragraph(say.erasedTold(grouped(report.erased)));
  if (report.sealed > 0) out.paragraph(say.sealedTold(grouped(report.sealed)));
  if (report.ok) out.line(out.style.green(report.erased + report.sealed > 0 ? say.okAsFar : say.ok));
  else printFindings(out, report, limit, language);
  if (whatIf === undefined) return;
  out.line();
  out.heading(whatIf.kind === 'draft' ? say.underDraft(whatIf.table.version) : say.underDay(whatIf.day));
  printChanges(out, report, limit, language);
}
