import type {
  AccountAnswer,
  Answers,
  ContractAnswer,
  MovesAnswer,
  PlaceAnswer,
  ProposalAnswer,
  SettlementAnswer,
  StatementAnswer,
  SupplyAnswer,
} from './answers.js';
import { count, exahash, megawatts, money, percent, table, terahash } from './format.js';

/** The answers as text, one line an item. */
export const report = ({ contracts, facilities, moves, mix, history, ...deals }: Answers) => [
  ...asked('What was bought, and what is still owed?', deals.supplyAgreements, supplyLines),
  ...asked('What was settled?', deals.settlements, settlementLines),
  ...asked('What do the contracts hold?', contracts, contractLines),
  '',
  'Where do machines stand?',
  ...table(
    ['', 'machines', 'in storage', 'racks used', 'of', 'slots', 'MW used', 'of racks', 'of site'],
    facilities.map(({ facility, stored, racksUsed, racks, slots, powerEnvelopeWatts }) => [
      facility,
      count(slots.occupied),
      count(stored),
      count(racksUsed),
      count(racks.count),
      count(slots.total),
      megawatts(slots.occupiedWatts),
      megawatts(racks.powerLimitWatts),
      megawatts(powerEnvelopeWatts),
    ]),
  ),
  ...asked('What moved when, and why?', moves, moveLines),
  ...(history ? ['', `  The life of ${history.serial}`, ...historyLines(history.places)] : []),
  ...(mix.length > 0 ? ['', 'Fleet mix by model', ...mixLines(mix)] : []),
  ...asked('What was worth moving, and was it moved?', deals.proposals, proposalLines),
  ...asked('What was billed, and under which clause?', deals.statements, statementLines),
  ...asked('What is owed?', deals.accounts, accountLines),
];

const asked = <T>(
  question: string,
  answers: readonly T[],
  linesOf: (answer: T) => string[],
): string[] => (answers.length === 0 ? [] : ['', question, ...answers.flatMap(linesOf)]);

const supplyLines = (supply: SupplyAnswer): string[] => {
  const { reference, title, status, currency, price, hashrate, legs } = supply;
  return [
    `  ${reference}, ${title}: ${status}`,
    ...table(
      [currency, 'face', 'valued', 'performed', 'remaining'],
      [...legs, { kind: 'price', ...price }].map((leg) => [
        leg.kind,
        money(leg.face),
        'valued' in leg && leg.valued !== undefined ? money(leg.valued) : '',
        money(leg.performed),
        leg.remaining === undefined ? '' : money(leg.remaining),
      ]),
    ),
    ...legs.flatMap(({ leg, valuationDue, valuation }) => [
      ...(valuationDue?.missedOn === undefined
        ? []
        : [`    leg ${leg} was not valued in time: missed on ${valuationDue.missedOn}`]),
      ...(valuation
        ? [
            `    leg ${leg} was valued on ${valuation.valuedOn}: ${count(valuation.shares)} shares ` +
              `at ${valuation.pricePerShare}`,
          ]
        : []),
    ]),
    `    ${exahash(hashrate.contracted)} EH/s bought, ${exahash(hashrate.accepted)} accepted, ` +
      `${exahash(hashrate.outstanding)} outstanding`,
  ];
};

const settlementLines = (settlement: SettlementAnswer): string[] => {
  const { reference, title, status, currency, price, clearances } = settlement;
  const { cash, cashAndClaims } = price.received;
  return [
    `  ${reference}, ${title}: ${status}`,
    `    for ${money(cash)} ${currency} in cash, ${money(cashAndClaims)} ${currency} with claims`,
    ...clearances.map(({ facility, status, cases: { open, moved, retired } }) => {
      const left = `${count(moved)} moved, ${count(retired)} retired, ${count(open)} open`;
      return `    machines that had to leave ${facility}: ${left} (${status})`;
    }),
  ];
};

const proposalLines = (proposal: ProposalAnswer): string[] => {
  const { reference, state, currency, expected, routes, actual, failure } = proposal;
  if (!expected) return [`  ${reference}: ${state}${failure ? `, ${failure.message}` : ''}`];
  const { moves, value, gainPerDay, gapPercent } = expected;
  return [
    `  ${reference}: ${count(moves)} moves are worth ${money(value)} ${currency}, ` +
      `${money(gainPerDay)} a day; at most ${gapPercent} % are missing to the best`,
    ...routes.map((route) => `    ${count(route.moves)} from ${route.from} to ${route.to}`),
    ...(actual
      ? [
          `    ${actual.status}: ${count(actual.completed)} made, worth ` +
            `${money(actual.completedValue)} ${currency}, ${count(actual.aborted)} not; ` +
            `approved by ${actual.approvedBy ?? 'nobody'}`,
        ]
      : []),
  ];
};

const statementLines = ({ number, month, lines, totals, explanation }: StatementAnswer) => {
  const { line: explained, steps, agrees, sourceCount } = explanation;
  return [
    `  Statement ${number} of ${month}`,
    ...table(
      ['', '', 'quantity', '', 'rate', 'amount', '', 'terms', 'clause', 'adjusts'],
      lines.map((line) => [
        String(line.number),
        line.description,
        money(line.quantity),
        line.unit,
        line.rate,
        money(line.amount),
        line.currency,
        `v${line.termsVersion}`,
        line.clauseRef ?? '',
        line.adjusts ? `${line.adjusts.month}, ${money(line.adjusts.before)}` : '',
      ]),
    ),
    ...totals.map(({ amount, currency }) => `    total ${money(amount)} ${currency}`),
    `    line ${explained.number} again, from ${count(sourceCount)} events: ` +
      (agrees ? 'as billed' : 'NOT as billed'),
    ...steps.map((step) => `      ${step}`),
  ];
};

const accountLines = ({ balances, statements }: AccountAnswer): string[] => [
  ...table(
    ['', 'due', 'billed', 'credited', 'paid', 'drawn', 'open', ''],
    statements.flatMap(({ number, dueOn = '', charges }) =>
      charges.map(({ currency, amount, credited, paid, drawn, open }) => [
        ...[number, dueOn, money(amount), money(credited), money(paid), money(drawn), money(open)],
        currency,
      ]),
    ),
  ),
  ...balances.map(
    ({ balance, currency, disputed }) =>
      `    balance ${money(balance)} ${currency}, ${money(disputed)} disputed`,
  ),
];

const contractLines = (contract: ContractAnswer): string[] => {
  const { reference, title, status, executedOn, termsVersion } = contract;
  const { ordered, allocated, allocations, delivered, installed } = contract;
  return [
    `  ${reference}, ${title}: ${status} ${executedOn ?? ''}, terms version ${termsVersion}`,
    ...table(
      ['', 'machines', 'MW', 'EH/s'],
      [
        ['ordered', count(ordered.units), megawatts(ordered.powerWatts)],
        ['allocated', count(allocated.units), megawatts(allocated.powerWatts)],
        ...allocations.map(({ facility, units, powerWatts }) => [
          `  at ${facility}`,
          count(units),
          megawatts(powerWatts),
        ]),
        ...(['delivered', 'installed'] as const).map((what) => {
          const { units, powerWatts, hashrateGhs } = { delivered, installed }[what];
          return [what, count(units), megawatts(powerWatts), exahash(hashrateGhs)];
        }),
      ],
    ),
  ];
};

const moveLines = ({ kind, from, to, reason, units, latest }: MovesAnswer): string[] => {
  const where = from === to ? `inside ${to}` : `from ${from} to ${to}`;
  const what = units === 1 ? kind : `${kind}s`;
  const { serial, movedAt, movedBy } = latest;
  return [
    `  ${count(units)} ${what} ${where}${reason ? `: ${reason}` : ''}`,
    `    ${movedAt} by ${movedBy}, e.g. ${serial} ${placeText(latest.from)} to ${placeText(latest.to)}`,
  ];
};

const historyLines = (places: readonly PlaceAnswer[]): string[] =>
  table(
    ['at', 'what', 'where', 'by', 'why'],
    places.map(({ at, kind, to, by, reason }) => [at, kind, placeText(to), by, reason ?? '']),
  );

const placeText = ({ kind, facility, rack, slot }: PlaceAnswer['to']): string => {
  if (kind === 'storage') return `${facility}, storage`;
  return kind === 'transit' ? `the road to ${facility}` : `${facility} ${rack} slot ${slot}`;
};

const mixLines = (mix: Answers['mix']): string[] => {
  const all = mix.reduce((sum, { units }) => sum + units, 0);
  return table(
    ['', 'machines', 'share', 'TH/s', 'MW'],
    mix.map(({ model, units, hashrateGhs, powerWatts }) => [
      model ?? '',
      count(units),
      percent(units, all),
      terahash(hashrateGhs),
      megawatts(powerWatts),
    ]),
  );
};
