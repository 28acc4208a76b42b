import { deriveId, type DomainEvent, type EventMetadata } from '@hostledger/eventsourcing';
import type { EventStore } from '@hostledger/eventsourcing/eventstoredb';

// The log of a company with two customers, told as its rooms would have written it. Each has what a customer can
// have; beside that a contract passed from one to the other, and a machine was sold.

/** Who did everything; no customer is ever to read it. */
export const STAFF = 'ana-of-the-company';
const VENDOR = 'Bench Repairs Inc';
export const SITE = 'DENTON';
const DIGEST = 'd'.repeat(64);
const timeZone = 'America/Chicago';

export interface OneCustomer {
  readonly customerId: string;
  readonly legalName: string;
  readonly contractId: string;
  readonly serial: string;
  readonly statementId: string;
  readonly deliveryId: string;
}

const customer = (name: string): OneCustomer => ({
  customerId: deriveId('customer', name),
  legalName: `${name} Holdings LLC`,
  contractId: deriveId('contract', name),
  serial: `${name.toUpperCase()}0001`,
  statementId: deriveId('statement', name),
  deliveryId: deriveId('delivery', name),
});

export const alder = customer('Alder');
export const birch = customer('Birch');

/** Alder's until 1 March 2024, Birch's since. */
export const passed = {
  contractId: deriveId('contract', 'passed'),
  /** Addressed to Alder, of January; to Birch, of March. */
  before: deriveId('statement', 'before'),
  after: deriveId('statement', 'after'),
  paymentId: deriveId('payment', 'before'),
  disputeId: deriveId('dispute', 'before'),
};

/** Alder sold it to Birch on 1 March 2024, where it stood. */
export const soldSerial = 'SOLD000001';

/** Birch's, and not signed. */
export const draftedId = deriveId('contract', 'drafted');

/** Names that nobody has, in the form of those that are there. */
export const nobody: OneCustomer = {
  ...customer('Nobody'),
  serial: 'NOBODY0001',
};

/** @returns the position of the last event. */
type Append = (stream: string, at: string, ...events: readonly DomainEvent[]) => Promise<bigint>;

/** @returns a way to append to streams, each dated with an instant. */
export const appendTo = (store: EventStore): Append => {
  const lengths = new Map<string, number>();
  return async (stream, at, ...events) => {
    const length = lengths.get(stream) ?? 0;
    const metadata: EventMetadata = {
      commandId: deriveId(stream, length),
      commandHash: 'hash',
      actor: { subject: STAFF, role: 'operator' },
      reason: `As ${STAFF} was asked to`,
      occurredAt: at,
      $correlationId: `for-${STAFF}`,
      $causationId: `for-${STAFF}`,
    };
    await store.append(
      stream,
      length === 0 ? 'no_stream' : BigInt(length - 1),
      events.map((event, index) => ({ ...event, id: deriveId(stream, length, index), metadata })),
    );
    lengths.set(stream, length + events.length);
    return store.head();
  };
};

export const foundCompany = async (append: Append): Promise<void> => {
  await append(`facility-${SITE}`, '2023-01-01T00:00:00.000Z', {
    type: 'FacilityOpened',
    data: { facility: SITE, name: SITE, timeZone, powerEnvelopeWatts: 9_000_000 },
  });
  let number = 0;
  for (const one of [alder, birch]) {
    await append(`customer-${one.customerId}`, '2024-01-01T12:00:00.000Z', {
      type: 'CustomerRegistered',
      data: {
        ...{ customerId: one.customerId, name: one.legalName.split(' ')[0] },
        ...{ legalName: one.legalName, country: 'US' },
      },
    });
    await signed(append, one);
    await delivered(append, one);
    const position = await machine(append, one.serial, one);
    number += 1;
    await billed(append, { ...one, month: '2024-01', number, position: position.toString() });
  }
  await drafted(append, draftedId, birch.customerId);
  await signed(append, { contractId: passed.contractId, customerId: alder.customerId });
  await soldMachine(append);
  await passedContract(append);
};

const drafted = (append: Append, contractId: string, customerId: string): Promise<bigint> =>
  append(`hostingContract-${contractId}`, '2024-01-02T12:00:00.000Z', {
    type: 'ContractDrafted',
    data: {
      ...{ contractId, customerId, reference: `HA-${contractId.slice(0, 8)}` },
      ...{ title: 'Hosting', timeZone, currency: 'USD' },
    },
  });

const signed = async (
  append: Append,
  { contractId, customerId }: Pick<OneCustomer, 'contractId' | 'customerId'>,
): Promise<void> => {
  await drafted(append, contractId, customerId);
  const of = { contractId, customerId };
  const orderId = deriveId(contractId, 'order');
  const allocationId = deriveId(contractId, 'allocation');
  await append(
    `hostingContract-${contractId}`,
    '2024-01-02T12:00:00.000Z',
    {
      type: 'TermsAdopted',
      data: {
        ...{ contractId, version: 1, effectiveOn: '2024-01-01', documentDigest: DIGEST },
        clauses: [{ ref: '4.1', title: 'Hosting fee', text: 'Energy at rated power.' }],
        rateCard: {
          ...{ basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.05', clauseRef: '4.1' },
        },
      },
    },
    {
      type: 'ContractExecuted',
      data: {
        ...{ contractId, executedOn: '2024-01-01', documentDigest: DIGEST },
        signatories: [{ party: 'Customer', name: 'Sam Signer' }],
      },
    },
    {
      type: 'ServiceOrderPlaced',
      data: {
        ...{ ...of, orderId, reference: 'SO-1', units: 10, powerWatts: 30_000 },
        startsOn: '2024-01-01',
      },
    },
    {
      type: 'CustomerAllocated',
      data: {
        ...{ ...of, orderId, allocationId, facility: SITE, units: 10, powerWatts: 30_000 },
        effectiveOn: '2024-01-01',
      },
    },
    {
      type: 'DepositReceived',
      data: {
        ...{ ...of, depositId: deriveId(contractId, 'deposit'), amount: '800.00' },
        ...{ currency: 'USD', receivedOn: '2024-01-02', reference: 'W-1' },
      },
    },
    {
      type: 'RelocationConsented',
      data: {
        ...{ ...of, consentId: deriveId(contractId, 'consent'), facilities: [SITE] },
        ...{ consentedOn: '2024-01-02', fromOn: '2024-01-02', documentDigest: DIGEST },
      },
    },
    { type: 'ContractActivated', data: { contractId, activatedOn: '2024-01-02' } },
  );
};

const delivered = async (
  append: Append,
  { contractId, customerId, deliveryId }: OneCustomer,
): Promise<void> => {
  const of = { contractId, customerId, deliveryId };
  await append(`delivery-${deliveryId}`, '2024-01-03T12:00:00.000Z', {
    type: 'ManifestRegistered',
    data: {
      ...{ ...of, operationId: deriveId(deliveryId, 'operation'), facility: SITE },
      ...{ reference: `D-${deliveryId.slice(0, 8)}`, lineCount: 1, refusedAtUpload: 0 },
      digest: DIGEST,
    },
  });
  await append(`hostingContract-${contractId}`, '2024-01-04T12:00:00.000Z', {
    type: 'MinersDelivered',
    data: {
      ...{ ...of, reference: 'D-1', facility: SITE, lines: 1, received: 1, missing: 0 },
      ...{ refused: 0, hashrateGhs: 100_000, reconciledAt: '2024-01-04T12:00:00.000Z' },
      byModel: [{ model: 'S19', units: 1, hashrateGhs: 100_000, nameplateWatts: 3_000 }],
    },
  });
};

const slot = { kind: 'slot', facility: SITE, rack: 'A1' };
const storage = { kind: 'storage', facility: SITE };

const machine = async (
  append: Append,
  serial: string,
  { contractId, customerId, deliveryId }: OneCustomer,
): Promise<bigint> => {
  const rated = { ratedHashrateGhs: 100_000, powerWatts: 3_000 };
  const of = { serial, model: 'S19', customerId };
  const place = { ...slot, slot: Number(serial.charCodeAt(0)) - 64 };
  const reservationId = deriveId(serial, 'install');
  return append(
    `miner-${serial}`,
    '2024-01-03T13:00:00.000Z',
    {
      type: 'MinerReceived',
      data: {
        ...{ ...of, ratedHashrateGhs: 100_000, nameplateWatts: 3_000, contractId, deliveryId },
        ...{ line: 1, place: storage, condition: 'ok' },
        controlBoardSerial: `CB-${serial}`,
      },
    },
    {
      type: 'MinerInstalled',
      data: { ...of, ...rated, from: storage, to: place, reservationId, first: true },
    },
    { type: 'MinerEnergized', data: { ...of, ...rated, contractId, place } },
  );
};

interface Bill extends Pick<OneCustomer, 'contractId' | 'customerId' | 'statementId'> {
  readonly month: string;
  readonly number: number;
  /** Up to which facts counted. */
  readonly position: string;
}

const billed = async (append: Append, bill: Bill): Promise<void> => {
  const { contractId, customerId, statementId, month } = bill;
  const number = `2024-${String(bill.number).padStart(6, '0')}`;
  const on = `${month}-28`;
  const at = `${on}T18:00:00.000Z`;
  const totals = [{ currency: 'USD', amount: '111.60' }];
  const of = { contractId, month, statementId };
  const close = {
    ...{ ...of, customerId, closeId: deriveId(statementId, 'close'), position: bill.position },
    ...{ issuedOn: on, timeZone, currency: 'USD' },
  };
  const line = {
    ...{ number: 1, key: `nameplateKwh/${SITE}/v1`, component: 'nameplateKwh' },
    ...{ description: 'Hosting fee', facility: SITE, termsVersion: 1, clauseRef: '4.1' },
    window: { from: `${month}-01T06:00:00.000Z`, until: `${on}T06:00:00.000Z` },
    ...{ quantity: '2232', unit: 'kWh', rate: '0.05', exactAmount: '111.6', amount: '111.60' },
    ...{ rounding: { mode: 'halfUp', scale: 2 }, currency: 'USD' },
  };
  const counted = { lineCount: 1, totals };
  await append(
    `billingPeriod-${contractId}.${month}`,
    at,
    { type: 'PeriodCloseBegan', data: { ...close, firstMonth: month, begunBy: STAFF } },
    {
      type: 'PeriodLinesRecorded',
      data: { ...of, closeId: close.closeId, chunk: 1, chunks: 1, lines: [line] },
    },
    {
      type: 'PeriodClosed',
      data: {
        ...{ ...close, ...counted, terms: [], adjustedMonths: [] },
        ...{ inputsDigest: DIGEST, linesDigest: DIGEST },
      },
    },
    {
      type: 'StatementIssued',
      data: { ...of, ...counted, customerId, number, kind: 'statement', issuedOn: on },
    },
  );
  const ofAccount = { contractId, customerId };
  const entered: DomainEvent = {
    type: 'StatementEntered',
    data: { ...ofAccount, statementId, number, kind: 'statement', month, issuedOn: on, totals },
  };
  const opened: DomainEvent = { type: 'AccountOpened', data: { ...ofAccount, timeZone } };
  const isFirst = month === '2024-01';
  await append(`billingAccount-${contractId}`, at, ...(isFirst ? [opened] : []), entered);
};

const passedContract = async (append: Append): Promise<void> => {
  const { contractId, before, after, paymentId, disputeId } = passed;
  await billed(append, {
    ...{ contractId, customerId: alder.customerId, statementId: before },
    ...{ month: '2024-01', number: 3, position: '1' },
  });
  const of = { contractId, customerId: alder.customerId, statementId: before, currency: 'USD' };
  await append(
    `billingAccount-${contractId}`,
    '2024-02-20T18:00:00.000Z',
    {
      type: 'PaymentReceived',
      data: {
        ...{ contractId, customerId: alder.customerId, paymentId, currency: 'USD' },
        ...{ amount: '50.00', receivedOn: '2024-02-20', reference: 'Alder wire' },
      },
    },
    {
      type: 'PaymentApplied',
      data: { ...of, paymentId, amount: '50.00', appliedOn: '2024-02-20' },
    },
    {
      type: 'DisputeRaised',
      data: { ...of, disputeId, amount: '10.00', reason: 'Too warm', raisedOn: '2024-02-21' },
    },
  );
  await append(`hostingContract-${contractId}`, '2024-03-01T18:00:00.000Z', {
    type: 'PartyAssigned',
    data: {
      ...{ contractId, fromCustomerId: alder.customerId, toCustomerId: birch.customerId },
      ...{ effectiveOn: '2024-03-01', documentDigest: DIGEST },
    },
  });
  await billed(append, {
    ...{ contractId, customerId: birch.customerId, statementId: after },
    ...{ month: '2024-03', number: 4, position: '1' },
  });
};

const soldMachine = async (append: Append): Promise<void> => {
  const deliveryId = deriveId('delivery', 'sold');
  const { contractId } = passed;
  await delivered(append, { ...alder, contractId, deliveryId });
  await machine(append, soldSerial, { ...alder, contractId, deliveryId });
  const rated = { ratedHashrateGhs: 100_000, powerWatts: 3_000 };
  const of = { serial: soldSerial, model: 'S19' };
  const from = { ...slot, slot: 19 };
  const to = { ...slot, slot: 20 };
  const sold = { ...of, customerId: birch.customerId };
  const repairId = deriveId(soldSerial, 'repair');
  await append(
    `miner-${soldSerial}`,
    '2024-03-01T18:00:00.000Z',
    {
      type: 'MinerDeenergized',
      data: {
        ...of,
        ...rated,
        customerId: alder.customerId,
        contractId,
        place: from,
        cause: 'customerRequest',
      },
    },
    {
      type: 'TitleTransferred',
      data: {
        ...{ ...of, ...rated, fromCustomerId: alder.customerId, toCustomerId: birch.customerId },
        ...{ effectiveOn: '2024-03-01', documentDigest: DIGEST, place: from, energized: false },
      },
    },
    {
      type: 'MinerRelocated',
      data: {
        ...{ ...sold, ...rated, from, to, reservationId: deriveId(soldSerial, 'move') },
        fromReservationId: deriveId(soldSerial, 'install'),
      },
    },
    { type: 'RepairOpened', data: { serial: soldSerial, repairId, fault: 'Fan' } },
    {
      type: 'MinerUninstalled',
      data: {
        ...{ ...sold, ...rated, from: to, fromReservationId: deriveId(soldSerial, 'move') },
        ...{ to: storage, removalId: deriveId(soldSerial, 'removal') },
      },
    },
    {
      type: 'MinerSentToVendor',
      data: {
        ...{ ...sold, ...rated, repairId, from: storage },
        to: { kind: 'vendor', vendor: VENDOR, facility: SITE },
      },
    },
  );
};

/** What no customer is ever told. */
export const INTERNAL = [STAFF, VENDOR] as const;
