import type { RecordedEvent } from '@hostledger/eventsourcing';
import { checkLog } from './checks.js';
import { Ledger, type Entry } from './ledger.js';

// That the checks of a failover run can fail: each thing that must never be, told of once.

const AT = Date.parse('2024-05-01T10:00:00.000Z');

let ledger: Ledger;
let events: RecordedEvent[];

beforeEach(() => {
  ledger = new Ledger('ana');
  events = [];
});

const happened = (
  stream: string,
  type: string,
  { key = 'k', path = '/v1/customers', data = {}, seconds = 0 } = {},
): RecordedEvent => {
  const revision = BigInt(events.filter((event) => event.stream === stream).length);
  const commandId = ledger.commandIdOf({ key, path });
  const event = {
    ...{ id: `e-${events.length}`, type, stream, revision, data },
    position: BigInt((events.length + 1) * 100),
    recordedAt: new Date(AT + seconds * 1_000).toISOString(),
    metadata: { commandId },
  } as unknown as RecordedEvent;
  events.push(event);
  return event;
};

const told = (
  outcome: Entry['outcome'],
  event: RecordedEvent | undefined,
  more: Partial<Entry> = {},
): void => {
  const { key = 'k', path = '/v1/customers', kind = 'customer' } = more;
  const reply = {
    status: outcome === 'accepted' ? 201 : 409,
    body: {},
    position: event?.position ?? 0n,
    revision: event?.revision,
  };
  ledger.add({
    ...{ kind, path, body: {}, key, outcome, tries: 1, knownPosition: 0n },
    ...{ sentAt: AT, lastSentAt: AT, settledAt: AT + 100 },
    commandId: ledger.commandIdOf({ key, path }),
    ...(outcome === 'unknown' ? {} : { reply }),
    ...more,
  });
};

const wrong = (): readonly string[] => checkLog(ledger, events, () => false).wrong;

describe('what was acknowledged', () => {
  it('is there once, where the reply says', () => {
    told('accepted', happened('customer-1', 'CustomerRegistered'));
    expect(wrong()).toEqual([]);
  });

  it('is missed when it is lost', () => {
    told('accepted', undefined);
    expect(wrong()).toEqual(['customer k, accepted: 0 times in the log']);
  });

  it('is noticed when it is there twice', () => {
    told('accepted', happened('customer-1', 'CustomerRegistered'));
    happened('customer-2', 'CustomerRegistered');
    expect(wrong()).toEqual(['customer k, accepted: 2 times in the log']);
  });

  it('is noticed when the same command was accepted twice by a stream', () => {
    happened('customer-1', 'CustomerRegistered');
    happened('customer-1', 'Other', { key: 'other' });
    happened('customer-1', 'Third');
    expect(wrong()).toEqual([expect.stringMatching(/^customer-1: command .* was accepted twice$/)]);
  });

  it('is noticed when it is not where the reply says', () => {
    const event = happened('customer-1', 'CustomerRegistered');
    told('accepted', { ...event, position: 7n });
    expect(wrong()).toEqual(['customer k, accepted: not where the reply says']);
  });
});

describe('what was not acknowledged', () => {
  it('is there at most once where nobody knows of it', () => {
    told('unknown', undefined);
    happened('customer-1', 'CustomerRegistered');
    expect(wrong()).toEqual([]);
    happened('customer-2', 'CustomerRegistered');
    expect(wrong()).toEqual(['customer k, unknown: 2 times in the log']);
  });

  it('left nothing where it was refused, and had to be refused', () => {
    happened('customer-1', 'CustomerRegistered');
    told('refused', undefined, { code: 'customer/already-registered' });
    expect(wrong()).toEqual([
      'customer k, refused: 1 times in the log',
      expect.stringContaining('was refused: 409 customer/already-registered'),
    ]);
  });
});

describe('slots', () => {
  const path = '/v1/miners/A/relocation';
  const use = (serial: string, reservationId: string) => ({
    ...{ rack: 'R-1', slot: 1, serial, reservationId },
  });
  const rack = (type: string, serial: string, reservationId: string, seconds = 0): RecordedEvent =>
    happened('rack-F.R-1', type, {
      ...{ key: `${type} ${reservationId}`, data: use(serial, reservationId), seconds },
    });
  const refusedMove = (knownPosition: bigint): void =>
    told('refused', undefined, {
      ...{ kind: 'move', path, key: 'move', code: 'rack/slot-taken' },
      ...{ serial: 'A', slot: 'R-1 1', knownPosition },
    });

  it('may be refused while another has them, and not any more after that', () => {
    rack('SlotReserved', 'B', 'r-1');
    rack('SlotOccupied', 'B', 'r-1');
    const { position } = rack('SlotVacated', 'B', 'r-1');
    refusedMove(position);
    expect(wrong()).toEqual([]);
    refusedMove(position + 1n);
    expect(wrong()).toEqual([expect.stringContaining('was refused: 409 rack/slot-taken')]);
  });

  it('may be refused out of date only while two claim to lead, and that is told of', () => {
    rack('SlotReserved', 'B', 'r-1');
    const { position } = rack('ReservationReleased', 'B', 'r-1');
    refusedMove(position + 1n);
    const findings = checkLog(ledger, events, () => true);
    expect([findings.wrong.length, findings.stale.length]).toEqual([0, 1]);
  });

  it('do not hold two machines, nor one that they are not held for', () => {
    rack('SlotReserved', 'B', 'r-1');
    rack('SlotReserved', 'C', 'r-2');
    expect(wrong()).toEqual(['R-1 1: C at 200 beside B']);
    rack('SlotOccupied', 'B', 'r-1');
    expect(wrong()).toHaveLength(2);
  });

  it('hold the machines that stand in them', () => {
    happened('miner-A', 'MinerRelocated', { data: { ...use('A', 'r-1') } });
    expect(wrong()).toEqual(['A stands in R-1 1, which is not its own']);
  });
});

it('a log has no gaps', () => {
  happened('customer-1', 'CustomerRegistered');
  happened('customer-1', 'Other', { key: 'other' });
  events.shift();
  expect(wrong()).toEqual(['customer-1: a gap at 1']);
});
