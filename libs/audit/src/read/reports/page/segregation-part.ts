import type { ActView, DecisionView, SegregationReport } from '../views.js';
import { numberText, pairsChart } from './charts.js';
import { markup, type Content, type Markup } from './markup.js';
import { instantText, table, type Column } from './tables.js';

const position: Column<ActView> = { title: 'Position', of: (act) => act.position, isNumber: true };
const act: readonly Column<ActView>[] = [
  position,
  { title: 'Recorded', of: ({ recordedAt }) => instantText(recordedAt) },
];

/** Who decided, gave way, and had which duties. */
export const segregationPart = (report: SegregationReport): Markup => markup`
<h2 id="segregation">Segregation of duties</h2>
<h3>Acts that take two subjects</h3>
${table(
  [
    { title: 'Act', of: ({ title }) => title },
    { title: 'By the rules', of: ({ isEnforced }) => (isEnforced ? 'enforced' : 'not enforced') },
    { title: 'Asked', of: ({ asked }) => numberText(asked), isNumber: true },
    { title: 'Approved', of: ({ approved }) => numberText(approved), isNumber: true },
    { title: 'Refused', of: ({ refused }) => numberText(refused), isNumber: true },
    { title: 'By who asked', of: ({ selfApproved }) => marked(selfApproved), isNumber: true },
    { title: 'Why', of: ({ why }) => why },
  ],
  report.twoPersonActs,
)}
${pairsChart('Decisions by who asked and who decided', pairsOf(report.decisions))}
<h3>Approved by who had asked</h3>
${decisions(report.selfApprovals, report.selfApprovalCount)}
<h3>Decisions</h3>
${decisions(report.decisions, report.decisionCount)}
<h3>Asked for and not decided by the end</h3>
${table(
  [
    ...act,
    { title: 'About', of: ({ about }) => about },
    { title: 'Asked by', of: ({ subject }) => subject },
    { title: 'Reason', of: ({ reason }) => reason },
  ],
  report.undecided,
  report.undecidedCount,
)}
<h3>Both duties of a conflict</h3>
${table(
  [
    { title: 'Subject', of: ({ subject }) => subject },
    { title: 'About', of: ({ about }) => about },
    { title: 'One', of: (row) => `${row.one} (${row.oneCount}, first at ${row.onePosition})` },
    {
      title: 'Other',
      of: (row) => `${row.other} (${row.otherCount}, first at ${row.otherPosition})`,
    },
    { title: 'Why not', of: ({ why }) => why },
  ],
  report.conflicts,
  report.conflictCount,
)}
<h3>Overrides</h3>
${table(
  [
    { title: 'Rule', of: ({ rule }) => rule },
    { title: 'Times', of: ({ count }) => numberText(count), isNumber: true },
  ],
  report.overrideCounts.filter(({ count }) => count > 0),
)}
${table(
  [
    ...act,
    { title: 'What', of: ({ name }) => name },
    { title: 'About', of: ({ about }) => about },
    { title: 'By', of: ({ subject }) => subject },
    { title: 'Said to be approved by', of: ({ approvedBy }) => approvedBy },
    { title: 'Reason', of: ({ reason }) => reason },
  ],
  report.overrides,
  report.overrideCount,
)}
<h3>Acts as administrator</h3>
${table(
  [
    { title: 'Subject', of: ({ subject }) => subject },
    { title: 'Event', of: ({ type }) => type },
    { title: 'Times', of: ({ count }) => numberText(count), isNumber: true },
    { title: 'First', of: ({ firstPosition }) => firstPosition, isNumber: true },
    { title: 'Last', of: ({ lastPosition }) => lastPosition, isNumber: true },
  ],
  report.adminActs,
)}
<h3>Tokens issued and revoked</h3>
${table(
  [
    ...act,
    { title: 'Act', of: (row) => row.act },
    { title: 'Token', of: ({ about }) => about },
    { title: 'In the name of', of: ({ tokenSubject }) => tokenSubject },
    { title: 'By', of: ({ subject }) => subject },
    { title: 'Note', of: ({ reason }) => reason },
  ],
  report.tokens,
  report.tokenCount,
)}`;

const decisions = (rows: readonly DecisionView[], count: number): Markup =>
  table(
    [
      { title: 'Position', of: ({ decided }) => decided.position, isNumber: true },
      { title: 'Act', of: ({ title }) => title },
      { title: 'About', of: ({ decided }) => decided.about },
      { title: 'Asked by', of: ({ asked }) => who(asked) },
      { title: 'Decided by', of: decidedBy },
      { title: 'Outcome', of: ({ outcome }) => outcome },
      { title: 'Reason', of: ({ decided }) => decided.reason },
    ],
    rows,
    count,
  );

const who = (asked: ActView | null): string =>
  asked === null
    ? 'nobody in the log'
    : `${asked.subject}, ${instantText(asked.recordedAt)}, at ${asked.position}`;

const decidedBy = ({ decided, isSelfApproval, tokenByAsker }: DecisionView): Content => [
  `${decided.subject}, ${instantText(decided.recordedAt)}`,
  isSelfApproval ? markup` <strong>had asked</strong>` : undefined,
  tokenByAsker === null
    ? undefined
    : markup` <strong>with a token that who asked had issued, at ${tokenByAsker}</strong>`,
];

export const marked = (count: number): Content =>
  count === 0 ? '0' : markup`<strong>${numberText(count)}</strong>`;

const pairsOf = (all: readonly DecisionView[]) =>
  all.map(({ asked, decided }) => ({
    from: asked?.subject ?? 'nobody in the log',
    to: decided.subject,
    count: 1,
  }));
