import { writeFile } from 'node:fs/promises';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { CompletenessReport, SegregationReport } from '@hostledger/audit';
import { connectionOf, withConnection, type ConnectionFlags } from '../connection.js';
import { NoServer, reasonOf, Refused } from '../play/api-client.js';

/** A year of a large log takes minutes. */
const ANSWER_WITHIN_MS = 300_000;

interface Flags extends ConnectionFlags {
  readonly from: string;
  readonly until: string;
  readonly lateAfterHours?: string;
  readonly check?: string;
  readonly html?: string;
  readonly pdf?: string;
  readonly json?: true;
}

/** Adds `audit report`: who decided what in a period, and whether its history is whole. */
export const reportCommand = (audit: Command): void => {
  const command = audit
    .command('report')
    .description('Tell who decided what in a period, and whether its history is whole')
    .requiredOption('--from <day>', 'first day, UTC, by the time of recording', day)
    .requiredOption('--until <day>', 'the day after the last one', day)
    .option('--late-after-hours <hours>', 'from how late on a fact is late')
    .option('--check <events>', 'events of the log to compare with the index at most')
    .addOption(new Option('--html <file>', 'write the page with plots to a file').conflicts('json'))
    .addOption(new Option('--pdf <file>', 'write it as a paper to a file').conflicts('json'))
    .addOption(new Option('--json', 'print both reports as one JSON document'));
  withConnection(command).action(async ({ html, pdf, json, ...flags }: Flags) => {
    const get = await reader(flags);
    const papers = [
      [html, 'text/html'],
      [pdf, 'application/pdf'],
    ] as const;
    for (const [file, type] of papers) {
      if (file === undefined) continue;
      await writeFile(file, await (await get('', type)).bytes());
      print(`The report is in ${file}`);
    }
    if (html !== undefined || pdf !== undefined) return;
    const [segregation, completeness] = await Promise.all([
      get('/segregation'),
      get('/completeness'),
    ]);
    const reports = {
      segregation: (await segregation.json()) as SegregationReport,
      completeness: (await completeness.json()) as CompletenessReport,
    };
    print(json ? JSON.stringify(reports, undefined, 2) : summaryOf(reports).join('\n'));
  });
};

const reader = async ({ from, until, lateAfterHours, check, ...connection }: Flags) => {
  const { url, token } = connectionOf(connection);
  const authorization = `Bearer ${await token()}`;
  return async (
    report: '' | '/segregation' | '/completeness',
    accept = 'application/json',
  ): Promise<Response> => {
    const query = new URLSearchParams({ from, until });
    if (report !== '/segregation') {
      if (lateAfterHours !== undefined) query.set('lateAfterHours', lateAfterHours);
      if (check !== undefined) query.set('check', check);
    }
    const path = `/v1/audit/reports${report}`;
    const response = await fetch(`${url}${path}?${query.toString()}`, {
      headers: { authorization, accept },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    }).catch((error: unknown) => {
      throw new NoServer(`No server answers at ${url}: ${reasonOf(error)}`);
    });
    if (response.ok) return response;
    const problem = (await response.json().catch(() => ({}))) as Refused['problem'];
    throw new Refused(response.status, problem, `GET ${path}`);
  };
};

/** What an auditor looks at first; the rest is on the page. */
export const summaryOf = ({
  segregation: decided,
  completeness: whole,
}: {
  readonly segregation: SegregationReport;
  readonly completeness: CompletenessReport;
}): readonly string[] => {
  const { logCheck, checkpoints, systemChanges, projections } = whole;
  const line = (count: number, what: string): string => `${String(count).padStart(9)}  ${what}`;
  const { longestWithout } = checkpoints;
  return [
    `Recorded from ${decided.from}, and before ${decided.until} (UTC)`,
    line(whole.eventCount, 'events'),
    'Segregation',
    line(decided.decisionCount, 'decisions of what another one had asked for, or could have'),
    ...decided.selfApprovals.map(
      ({ title, decided: { about, subject, position } }) =>
        `           ${title}, ${about}: ${subject} approved what they had asked for, at ${position}`,
    ),
    line(decided.selfApprovalCount, 'of them approved by who had asked'),
    line(decided.undecidedCount, 'asked for and not decided'),
    line(decided.conflictCount, 'conflicts of duties'),
    line(decided.overrideCount, 'overrides'),
    line(decided.tokenCount, 'tokens issued or revoked'),
    'Completeness',
    line(whole.lateCount, `recorded ${whole.lateAfterHours} hours or more after they happened`),
    line(whole.backdatedCount, 'backdated before a fact of the same stream'),
    line(whole.inClosedMonthCount, 'in a month that had been closed'),
    line(whole.fromFutureCount, 'from the future'),
    line(whole.gapCount + whole.disorderCount, 'gaps in streams, and times that go back'),
    line(
      logCheck.differenceCount,
      `differences of the log and its index, in ${logCheck.isComplete ? 'all' : 'the first'} ${logCheck.events} events`,
    ),
    line(
      systemChanges.items.length,
      `changes of streams and of the store${systemChanges.isComplete ? '' : ', and not all was looked through'}`,
    ),
    line(projections.stopped.length, 'read models and to-do lists that are stopped'),
    line(
      checkpoints.count,
      `signed checkpoints${longestWithout ? `, ${longestWithout.seconds} s without one at most` : ''}`,
    ),
    line(whole.denials.count, 'requests denied'),
  ];
};

const DAY = /^\d{4}-\d{2}-\d{2}$/;

const day = (text: string): string => {
  if (DAY.test(text)) return text;
  throw new InvalidArgumentError('A day is written YYYY-MM-DD.');
};

const print = (text: string): void => {
  process.stdout.write(`${text}\n`);
};
