import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import { amountOf, dayIn, isPayable, placesOf } from '@hostledger/quantities';

// What demand-response and resale programmes paid for curtailments.

// Events

export type ProgrammeReceiptRecorded = DomainEvent<
  'ProgrammeReceiptRecorded',
  {
    /** What was paid at once for a curtailment. */
    receiptId: string;
    /** Code of the site. */
    facility: string;
    /** YYYY-MM of the day on which it came. */
    month: string;
    /** Of the site; what the programme paid for. */
    curtailmentId: string;
    /** Decimal. */
    amount: string;
    /** ISO 4217. */
    currency: string;
    /** A day of the site's zone. */
    receivedOn: string;
    /** How the programme calls what it paid, such as the number of its statement. */
    reference: string;
  }
>;
export type ProgrammeReceiptReversed = DomainEvent<
  'ProgrammeReceiptReversed',
  {
    /** What was paid at once for a curtailment. */
    receiptId: string;
    /** Code of the site. */
    facility: string;
    /** YYYY-MM of the day on which it had come. */
    month: string;
    curtailmentId: string;
    /** Why it counts no more. */
    cause: string;
  }
>;
export type ProgrammeReceiptEvent = ProgrammeReceiptRecorded | ProgrammeReceiptReversed;

export const programmeReceiptEvents: EventCatalogue<ProgrammeReceiptEvent> = {
  ProgrammeReceiptRecorded: 'A programme paid for a curtailment of a site.',
  ProgrammeReceiptReversed: 'What a programme paid was taken back, or never came.',
};

/** Of the stream: one for a curtailment, so that a reference is used once whenever it was paid. */
export const programmeReceiptsId = (facility: string, curtailmentId: string): string =>
  `${facility}.${curtailmentId}`;

// State

type Receipt = ProgrammeReceiptRecorded['data'] & { readonly reversed: boolean };

/** Of one curtailment, by their ids. */
export type ProgrammeReceipts = ReadonlyMap<string, Receipt>;

const evolve = (
  receipts: ProgrammeReceipts,
  { type, data }: ProgrammeReceiptEvent,
): ProgrammeReceipts => {
  const { receiptId } = data;
  if (type === 'ProgrammeReceiptRecorded') {
    return new Map(receipts).set(receiptId, { ...data, reversed: false });
  }
  const receipt = receipts.get(receiptId);
  return receipt ? new Map(receipts).set(receiptId, { ...receipt, reversed: true }) : receipts;
};

// Commands and decisions

/** What is known of the curtailment when a receipt is recorded. */
export type CurtailmentStanding =
  | {
      readonly is: 'declared';
      /** The day that it begins on, of the site's zone. */
      readonly beginsOn: string;
    }
  | { readonly is: 'cancelled' | 'unknown' };

export type ProgrammeReceiptCommand =
  | DomainCommand<
      'RecordProgrammeReceipt',
      Omit<ProgrammeReceiptRecorded['data'], 'month'> & {
        readonly curtailment: CurtailmentStanding;
      }
    >
  | DomainCommand<
      'ReverseProgrammeReceipt',
      { readonly receiptId: string; readonly cause: string }
    >;

const decide = (
  command: ProgrammeReceiptCommand,
  receipts: ProgrammeReceipts,
): readonly ProgrammeReceiptEvent[] => {
  switch (command.type) {
    case 'RecordProgrammeReceipt': {
      const { curtailment, ...receipt } = command.data;
      return record(receipt, curtailment, receipts, command.at);
    }
    case 'ReverseProgrammeReceipt':
      return reverse(command.data, receipts);
    default:
      return unreachable(command);
  }
};

const record = (
  data: Omit<ProgrammeReceiptRecorded['data'], 'month'>,
  curtailment: CurtailmentStanding,
  receipts: ProgrammeReceipts,
  now: string,
): ProgrammeReceiptEvent[] => {
  const { facility, curtailmentId, amount, currency, receivedOn, reference } = data;
  const told = toldUnder(reference, receipts);
  if (told) {
    const isSame =
      amountOf(told.amount) === amountOf(amount) &&
      told.currency === currency &&
      told.receivedOn === receivedOn;
    if (isSame) return [];
    throw new DomainError(
      'conflict',
      'programme-receipt/told-otherwise',
      `${told.amount} ${told.currency} on ${told.receivedOn} are recorded of ${reference}; reverse that first`,
      { receiptId: told.receiptId },
      '/reference',
    );
  }
  const { beginsOn } = mustBeCurtailment(facility, curtailmentId, curtailment);
  mustBeMoney(amount, currency);
  mustHaveComeIn(receivedOn, now);
  mustComeAfter(beginsOn, receivedOn);
  const month = receivedOn.slice(0, 7);
  return [{ type: 'ProgrammeReceiptRecorded', data: { ...data, month } }];
};

/** What is recorded under a reference, and counts. */
export const toldUnder = (reference: string, receipts: ProgrammeReceipts): Receipt | undefined =>
  [...receipts.values()].find((receipt) => !receipt.reversed && receipt.reference === reference);

const mustBeCurtailment = (
  facility: string,
  curtailmentId: string,
  standing: CurtailmentStanding,
): Extract<CurtailmentStanding, { is: 'declared' }> => {
  if (standing.is === 'declared') return standing;
  const isUnknown = standing.is === 'unknown';
  throw new DomainError(
    'conflict',
    isUnknown ? 'programme-receipt/curtailment-unknown' : 'programme-receipt/curtailment-cancelled',
    `Curtailment ${curtailmentId} ${isUnknown ? 'is not one of' : 'was called off at'} ${facility}`,
    { facility, curtailmentId },
    '/curtailmentId',
  );
};

const mustBeMoney = (amount: string, currency: string): void => {
  if (amountOf(amount) > 0n && isPayable(amount, currency)) return;
  throw new DomainError(
    'invalid',
    'programme-receipt/not-an-amount',
    `${currency} is received in amounts above 0 with at most ${placesOf(currency)} decimal places`,
    { amount, currency },
    '/amount',
  );
};

/** Where the day begins first it has begun: the zone of the site is not asked for so little. */
const mustHaveComeIn = (receivedOn: string, now: string): void => {
  const today = dayIn('Pacific/Kiritimati', now);
  if (receivedOn <= today) return;
  throw new DomainError(
    'conflict',
    'programme-receipt/not-come',
    `Nowhere is it later than ${today}, and ${receivedOn} is still to come`,
    { receivedOn, now },
    '/receivedOn',
  );
};

/** Nobody pays for what has not begun. */
const mustComeAfter = (beginsOn: string, receivedOn: string): void => {
  if (receivedOn >= beginsOn) return;
  throw new DomainError(
    'conflict',
    'programme-receipt/before-curtailment',
    `The curtailment begins on ${beginsOn} at the site, so nothing came for it on ${receivedOn}`,
    { beginsOn, receivedOn },
    '/receivedOn',
  );
};

const reverse = (
  { receiptId, cause }: { readonly receiptId: string; readonly cause: string },
  receipts: ProgrammeReceipts,
): ProgrammeReceiptEvent[] => {
  const receipt = receipts.get(receiptId);
  if (!receipt) {
    throw new DomainError(
      'notFound',
      'programme-receipt/unknown',
      `No receipt ${receiptId} is recorded for that curtailment`,
      { receiptId },
    );
  }
  if (receipt.reversed) return [];
  const { facility, month, curtailmentId } = receipt;
  const data = { receiptId, facility, month, curtailmentId, cause };
  return [{ type: 'ProgrammeReceiptReversed', data }];
};

/** What programmes paid for a curtailment of a site. */
export const programmeReceiptsAggregate: Aggregate<
  ProgrammeReceipts,
  ProgrammeReceiptCommand,
  ProgrammeReceiptEvent
> = {
  category: 'programmeReceipts',
  initialState: new Map(),
  events: programmeReceiptEvents,
  decide,
  evolve,
};
