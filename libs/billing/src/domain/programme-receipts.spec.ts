import { specOf } from '@hostledger/testing';
import {
  programmeReceiptsAggregate,
  programmeReceiptsId,
  type CurtailmentStanding,
  type ProgrammeReceiptCommand,
  type ProgrammeReceiptEvent,
} from './programme-receipts.js';

const { given } = specOf(programmeReceiptsAggregate);
const at = '2024-08-20T12:00:00.000Z';

const receipt = {
  receiptId: 'receipt-1',
  facility: 'DENTON',
  curtailmentId: 'curtailment-1',
  amount: '184250.00',
  currency: 'USD',
  receivedOn: '2024-08-15',
  reference: 'ERS-2024-06-0193',
};
const record = (
  change: Partial<typeof receipt> = {},
  curtailment: CurtailmentStanding = { is: 'declared', beginsOn: '2024-06-20' },
): ProgrammeReceiptCommand => ({
  type: 'RecordProgrammeReceipt',
  data: { ...receipt, ...change, curtailment },
  at,
});
const recorded = (change: Partial<typeof receipt> = {}): ProgrammeReceiptEvent => ({
  type: 'ProgrammeReceiptRecorded',
  data: { ...receipt, ...change, month: '2024-08' },
});
const reverse = (receiptId = 'receipt-1'): ProgrammeReceiptCommand => ({
  type: 'ReverseProgrammeReceipt',
  data: { receiptId, cause: 'Taken back' },
  at,
});
const reversed: ProgrammeReceiptEvent = {
  type: 'ProgrammeReceiptReversed',
  data: {
    receiptId: 'receipt-1',
    facility: 'DENTON',
    month: '2024-08',
    curtailmentId: 'curtailment-1',
    cause: 'Taken back',
  },
};

describe('what a programme paid', () => {
  it('is recorded once under a reference', () => {
    given().when(record()).then(recorded());
    given(recorded())
      .when(record({ receiptId: 'receipt-2', amount: '184250' }))
      .thenNothing();
    given(recorded())
      .when(record({ receiptId: 'receipt-2', amount: '184250.01' }))
      .thenRejects('programme-receipt/told-otherwise', '/reference');
    const other = { receiptId: 'receipt-2', reference: 'ERS-2024-06-0194' };
    given(recorded()).when(record(other)).then(recorded(other));
  });

  it('is recorded once under a reference whenever it came', () => {
    const july = { receiptId: 'receipt-2', receivedOn: '2024-07-15' };
    given(recorded())
      .when(record(july))
      .thenRejects('programme-receipt/told-otherwise', '/reference');
  });

  it('is for a curtailment of the site', () => {
    given()
      .when(record({}, { is: 'unknown' }))
      .thenRejects('programme-receipt/curtailment-unknown', '/curtailmentId');
    given()
      .when(record({}, { is: 'cancelled' }))
      .thenRejects('programme-receipt/curtailment-cancelled', '/curtailmentId');
  });

  it.each(['0', '0.00', '10.001'])('is not %s dollars', (amount) => {
    given().when(record({ amount })).thenRejects('programme-receipt/not-an-amount', '/amount');
  });

  it('has come by the day that it is somewhere', () => {
    given()
      .when(record({ receivedOn: '2024-08-22' }))
      .thenRejects('programme-receipt/not-come', '/receivedOn');
    const today = { receivedOn: '2024-08-21' };
    given().when(record(today)).then(recorded(today));
  });

  it('comes on the day that the curtailment begins on, or later', () => {
    for (const receivedOn of ['1990-01-01', '2024-06-19']) {
      given()
        .when(record({ receivedOn }))
        .thenRejects('programme-receipt/before-curtailment', '/receivedOn');
    }
    const begun = { receivedOn: '2024-06-20' };
    given()
      .when(record(begun))
      .then({
        type: 'ProgrammeReceiptRecorded',
        data: { ...receipt, ...begun, month: '2024-06' },
      });
  });

  it('is reversed once, and may be recorded anew then', () => {
    given(recorded()).when(reverse()).then(reversed);
    given(recorded(), reversed).when(reverse()).thenNothing();
    given(recorded()).when(reverse('receipt-9')).thenRejects('programme-receipt/unknown');
    const anew = { receiptId: 'receipt-2', amount: '200000.00' };
    given(recorded(), reversed).when(record(anew)).then(recorded(anew));
  });

  it('is kept by site and curtailment', () => {
    expect(programmeReceiptsId('DENTON', 'curtailment-1')).toBe('DENTON.curtailment-1');
  });
});
