import { DomainError } from '@hostledger/eventsourcing';
import { amountOf, isPayable, placesOf } from '@hostledger/quantities';
import type { KnownLeg, KnownLine, KnownSupply, Supply } from './supply-state.js';

// What an agreement must be for something to be recorded on it, and the refusals where it is not.

type Details = Record<string, unknown>;

export const invalid = (
  code: string,
  message: string,
  details: Details = {},
  pointer?: string,
): DomainError => new DomainError('invalid', code, message, details, pointer);

export const refused = (
  code: string,
  message: string,
  details: Details = {},
  pointer?: string,
): DomainError => new DomainError('conflict', code, message, details, pointer);

const notFound = (code: string, message: string, details: Details, pointer?: string): DomainError =>
  new DomainError('notFound', code, message, details, pointer);

export const supplyUnknown = (): DomainError =>
  notFound('supply/unknown', 'There is no such supply agreement', {});

export const mustBeKnown = (supply: Supply): KnownSupply => {
  if (supply.status === 'unknown') throw supplyUnknown();
  return supply;
};

export const mustBeOpen = (supply: KnownSupply): void => {
  if (supply.status === 'agreed') return;
  throw refused('supply/completed', `The agreement was completed on ${supply.completedOn}`, {
    agreementId: supply.agreementId,
  });
};

/** An act is recorded once it was done, and nothing is done under an agreement before it is made. */
export const mustHaveCome = (
  day: string,
  today: string,
  { agreedOn }: KnownSupply,
  field: string,
): void => {
  if (day > today) {
    throw refused(
      'supply/act-in-future',
      `It is ${today} where the agreement is, and the act says ${day}`,
      { today, day },
      `/${field}`,
    );
  }
  if (day < agreedOn) {
    throw refused(
      'supply/before-agreement',
      `The agreement was made on ${agreedOn}, after ${day}`,
      { agreedOn, day },
      `/${field}`,
    );
  }
};

/** An amount of something, in what the currency can pay. */
export const mustBePayable = (amount: string, currency: string, pointer: string): void => {
  if (amountOf(amount) === 0n) {
    throw invalid(
      'supply/amount-nothing',
      'An amount of nothing is no amount',
      { amount },
      pointer,
    );
  }
  if (isPayable(amount, currency)) return;
  const places = placesOf(currency);
  throw invalid(
    'supply/amount-too-fine',
    `${currency} has ${places} decimal places, fewer than ${amount} has`,
    { amount, currency, places },
    pointer,
  );
};

export const legOf = ({ legs }: KnownSupply, leg: number): KnownLeg => {
  const found = legs.find((each) => each.leg === leg);
  if (found) return found;
  throw notFound('supply/leg-unknown', `The agreement has no leg ${leg}`, { leg }, '/leg');
};

export const legOfKind = (
  supply: KnownSupply,
  leg: number,
  ...kinds: readonly KnownLeg['kind'][]
): KnownLeg => {
  const found = legOf(supply, leg);
  if (kinds.includes(found.kind)) return found;
  throw refused(
    'supply/leg-kind',
    `Leg ${leg} is paid in ${found.kind}, and this act is for ${kinds.join(', ')}`,
    { leg, kind: found.kind },
    '/leg',
  );
};

export const lineOf = ({ lines }: KnownSupply, line: number): KnownLine => {
  const found = lines.find((each) => each.line === line);
  if (found) return found;
  throw notFound('supply/line-unknown', `The agreement has no line ${line}`, { line }, '/line');
};
