import type { Answers, ContractAnswer, MovesAnswer, PlaceAnswer } from './answers.js';
import { count, exahash, megawatts, percent, table, terahash } from './format.js';

/** The answers as text, one line an item. */
export const report = ({ contracts, facilities, moves, mix, history }: Answers): string[] => [
  '',
  'What does the contract hold?',
  ...contracts.flatMap(contractLines),
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
  '',
  'What moved when, and why?',
  ...moves.flatMap(moveLines),
  ...(history ? ['', `  The life of ${history.serial}`, ...historyLines(history.places)] : []),
  '',
  'Fleet mix by model',
  ...mixLines(mix),
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

const placeText = ({ kind, facility, rack, slot }: PlaceAnswer['to']): string =>
  kind === 'storage' ? `${facility}, storage` : `${facility} ${rack} slot ${slot}`;

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
