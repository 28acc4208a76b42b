import { DomainError } from '@hostledger/eventsourcing';
import type { Window } from './inputs.js';

// What a meter itself counts up to, and whether its readings go with it.

/** A register as it is known from what was told before an instant, or after it. */
export interface RegisterAt {
  readonly at: string;
  /** As it stood then, in digits. */
  readonly register: string;
  /**
   * Whether all was measured between the instant and the register that was told nearest to it. Where
   * something is missing or estimated there, it stood no lower than that before, and no higher after.
   */
  readonly exact: boolean;
}

interface Counted extends Window {
  readonly amount: string;
  readonly register?: string;
  readonly estimatedBy?: string;
}

/** An estimate says nothing of what was counted. */
const measuredOf = ({ amount, estimatedBy }: Counted): bigint =>
  estimatedBy === undefined ? BigInt(amount) : 0n;

/** As it stands when a reading ends. @param before that it goes on from, if one was ever told. */
export const registerAfter = (
  before: RegisterAt | undefined,
  reading: Counted,
): RegisterAt | undefined => {
  const { from, until: at, register, estimatedBy } = reading;
  if (register !== undefined) return { at, register, exact: true };
  if (!before) return undefined;
  const stood = BigInt(before.register) + measuredOf(reading);
  const exact = before.exact && before.at === from && estimatedBy === undefined;
  return { at, register: stood.toString(), exact };
};

/** As it stood when a reading began. @param after from which it is counted back. */
export const registerBefore = (after: RegisterAt, reading: Counted): RegisterAt => {
  const { from: at, until, register, estimatedBy } = reading;
  const ended = register === undefined ? after : { at: until, register, exact: true };
  const began = BigInt(ended.register) - measuredOf(reading);
  const exact = ended.exact && ended.at === until && estimatedBy === undefined;
  return { at, register: began.toString(), exact };
};

/**
 * A register only grows: by what was measured since it was told last, or by more where something is
 * missing or estimated between.
 * @param before as it stood before the reading, and after, by what is told elsewhere.
 * @param at where the reading is in what was sent, as a pointer.
 */
export const registerFault = (
  reading: Counted,
  { before, after }: { readonly before?: RegisterAt; readonly after?: RegisterAt },
  at = '',
): DomainError | undefined => {
  const pointer = reading.register === undefined ? `${at}/amount` : `${at}/register`;
  return (
    (before && faultSince(before, reading, pointer)) ??
    (after && faultUntil(after, reading, before, pointer))
  );
};

const faultSince = (
  before: RegisterAt,
  { from, until, amount, register }: Counted,
  pointer: string,
): DomainError | undefined => {
  if (register === undefined) return undefined;
  const counted = BigInt(register) - BigInt(before.register);
  if (counted < 0n) {
    return new DomainError(
      'conflict',
      'meter/below-previous',
      `The register stood at ${before.register} at ${before.at}, so it is not at ${register} at ${until}`,
      { previous: before.register, at: before.at },
      pointer,
    );
  }
  const goesOn = before.exact && before.at === from;
  const fits = goesOn ? counted === BigInt(amount) : counted >= BigInt(amount);
  return fits ? undefined : mismatch(before.register, register, amount, pointer);
};

const faultUntil = (
  after: RegisterAt,
  reading: Counted,
  before: RegisterAt | undefined,
  pointer: string,
): DomainError | undefined => {
  const { until } = reading;
  const stood = registerAfter(before, reading);
  if (!stood) return undefined;
  if (BigInt(stood.register) > BigInt(after.register)) {
    return new DomainError(
      'conflict',
      'meter/above-next',
      `The register stood at ${after.register} at ${after.at}, so it was not at ${stood.register} at ${until}`,
      { next: after.register, at: after.at },
      pointer,
    );
  }
  const goesOn = stood.exact && after.exact && after.at === until;
  return goesOn && stood.register !== after.register
    ? mismatch(stood.register, after.register, '0', pointer)
    : undefined;
};

const mismatch = (from: string, to: string, amount: string, pointer: string): DomainError => {
  const difference = (BigInt(to) - BigInt(from)).toString();
  return new DomainError(
    'conflict',
    'meter/register-mismatch',
    `From ${from} to ${to} the register counted ${difference}, not ${amount}`,
    { difference, amount },
    pointer,
  );
};
