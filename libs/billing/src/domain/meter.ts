import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

// What measures the energy that a contract uses at a site, or what its machines mine there.

/** Capital letters, digits and dashes, up to 40. */
export const METER_CODE = /^[A-Z0-9][A-Z0-9-]{0,39}$/;

/** When the first block was found. */
const GENESIS_AT = '2009-01-03T18:15:05.000Z';

export const METER_KINDS = ['energy', 'proceeds'] as const;
export type MeterKind = (typeof METER_KINDS)[number];

/** In which its readings are told. */
export const unitOf = (kind: MeterKind): 'Wh' | 'satoshi' => (kind === 'energy' ? 'Wh' : 'satoshi');

// Events

export type MeterRegistered = DomainEvent<
  'MeterRegistered',
  {
    /** Chosen by whoever registers it. */
    meterId: string;
    contractId: string;
    /** Code of the site. */
    facility: string;
    /** Energy that is used, or what is mined. */
    kind: 'energy' | 'proceeds';
    /** In which its readings are told. */
    unit: 'Wh' | 'satoshi';
    /** It is to be read from here on. */
    startsAt: string;
    /** IANA name, that of the contract: its readings are kept by the months of this zone. */
    timeZone: string;
    /** What others call it: a serial number, or an account of a pool. */
    reference: string;
  }
>;
export type MeterRetired = DomainEvent<
  'MeterRetired',
  {
    /** The code of the meter. */
    meterId: string;
    contractId: string;
    facility: string;
    /** It is not to be read from here on. */
    endsAt: string;
    /** Why. */
    cause: string;
  }
>;
export type MeterEvent = MeterRegistered | MeterRetired;

export const meterEvents: EventCatalogue<MeterEvent> = {
  MeterRegistered: 'A meter measures for a contract at a site from an instant on.',
  MeterRetired: 'A meter measures no more.',
};

// State

export type Meter =
  | { readonly status: 'unknown' }
  | ({ readonly status: 'known'; readonly endsAt?: string } & Readonly<MeterRegistered['data']>);

export type KnownMeter = Extract<Meter, { status: 'known' }>;

const evolve = (meter: Meter, event: MeterEvent): Meter => {
  if (event.type === 'MeterRegistered') return { status: 'known', ...event.data };
  return meter.status === 'unknown' ? meter : { ...meter, endsAt: event.data.endsAt };
};

// Commands and decisions

export type MeterCommand =
  | DomainCommand<'RegisterMeter', Omit<MeterRegistered['data'], 'unit'>>
  | DomainCommand<
      'RetireMeter',
      {
        meterId: string;
        endsAt: string;
        cause: string;
        /** End of its last reading, where it has been read. */
        readUntil?: string;
      }
    >;

export const meterUnknown = (meterId: string): DomainError =>
  new DomainError('notFound', 'meter/unknown', `There is no meter ${meterId}`, { meterId });

const decide = (command: MeterCommand, meter: Meter): readonly MeterEvent[] => {
  switch (command.type) {
    case 'RegisterMeter':
      return register(command.data, meter);
    case 'RetireMeter':
      if (meter.status === 'unknown') throw meterUnknown(command.data.meterId);
      return retire(command.data, meter, command.at);
    default:
      return unreachable(command);
  }
};

const register = (
  data: Omit<MeterRegistered['data'], 'unit'>,
  meter: Meter,
): readonly MeterEvent[] => {
  if (meter.status === 'unknown') {
    mustBeOfBitcoin(data.startsAt);
    return [{ type: 'MeterRegistered', data: { ...data, unit: unitOf(data.kind) } }];
  }
  const { contractId, facility, kind, startsAt, reference } = meter;
  const isSame =
    contractId === data.contractId &&
    facility === data.facility &&
    kind === data.kind &&
    startsAt === data.startsAt &&
    reference === data.reference;
  if (isSame) return [];
  throw new DomainError(
    'conflict',
    'meter/registered-otherwise',
    `${data.meterId} is a meter of ${kind} of another registration; a code is used once`,
    { meterId: data.meterId, contractId, facility, kind, startsAt, reference },
    '/meterId',
  );
};

/** Nothing was hosted before there was something to mine. */
const mustBeOfBitcoin = (startsAt: string): void => {
  if (startsAt >= GENESIS_AT) return;
  throw new DomainError(
    'invalid',
    'meter/before-bitcoin',
    `The first block was found at ${GENESIS_AT}`,
    { startsAt },
    '/startsAt',
  );
};

const retire = (
  { meterId, endsAt, cause, readUntil }: Extract<MeterCommand, { type: 'RetireMeter' }>['data'],
  { contractId, facility, startsAt, endsAt: ended }: KnownMeter,
  now: string,
): readonly MeterEvent[] => {
  if (ended === endsAt) return [];
  if (ended !== undefined) {
    throw new DomainError(
      'conflict',
      'meter/retired',
      `Meter ${meterId} measures no more since ${ended}`,
      { meterId, endsAt: ended },
    );
  }
  mustHaveCome(endsAt, now, '/endsAt');
  if (endsAt <= startsAt) {
    throw new DomainError(
      'invalid',
      'meter/backwards',
      `Meter ${meterId} measures from ${startsAt} on, so it does not end at ${endsAt}`,
      { startsAt, endsAt },
      '/endsAt',
    );
  }
  if (readUntil !== undefined && readUntil > endsAt) {
    throw new DomainError(
      'conflict',
      'meter/read-beyond',
      `Meter ${meterId} was read until ${readUntil}, after ${endsAt}`,
      { readUntil, endsAt },
      '/endsAt',
    );
  }
  return [{ type: 'MeterRetired', data: { meterId, contractId, facility, endsAt, cause } }];
};

export const mustHaveCome = (instant: string, now: string, pointer: string): void => {
  if (instant <= now) return;
  throw new DomainError(
    'conflict',
    'meter/not-come',
    `It is ${now}, and ${instant} is still to come`,
    { now, instant },
    pointer,
  );
};

/** A meter from its registration to its end; what it read is in streams of its months. */
export const meterAggregate: Aggregate<Meter, MeterCommand, MeterEvent> = {
  category: 'meter',
  initialState: { status: 'unknown' },
  events: meterEvents,
  decide,
  evolve,
};
