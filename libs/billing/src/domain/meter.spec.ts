import { specOf } from '@hostledger/testing';
import { meterAggregate, type MeterCommand, type MeterEvent } from './meter.js';

const { given } = specOf(meterAggregate);
const at = '2024-07-01T12:00:00.000Z';

const told = {
  meterId: 'DENTON-A-07',
  contractId: 'contract-1',
  facility: 'DENTON',
  kind: 'energy' as const,
  startsAt: '2024-06-01T05:00:00.000Z',
  timeZone: 'America/Chicago',
  reference: 'ION8650-1907A412',
};
const registered: MeterEvent = { type: 'MeterRegistered', data: { ...told, unit: 'Wh' } };
const register = (change: Partial<typeof told> = {}): MeterCommand => ({
  type: 'RegisterMeter',
  data: { ...told, ...change },
  at,
});
const end = { endsAt: '2024-06-20T05:00:00.000Z', cause: 'Replaced' };
const retired: MeterEvent = {
  type: 'MeterRetired',
  data: { meterId: 'DENTON-A-07', contractId: 'contract-1', facility: 'DENTON', ...end },
};
const retire = (change: { endsAt?: string; readUntil?: string } = {}): MeterCommand => ({
  type: 'RetireMeter',
  data: { meterId: 'DENTON-A-07', ...end, ...change },
  at,
});

describe('a meter', () => {
  it('is registered with the unit of what it measures', () => {
    given().when(register()).then(registered);
    const pool = { ...told, kind: 'proceeds' as const };
    given()
      .when({ type: 'RegisterMeter', data: pool, at })
      .then({ type: 'MeterRegistered', data: { ...pool, unit: 'satoshi' } });
  });

  it('is registered once, and the same again is nothing to do', () => {
    given(registered).when(register()).thenNothing();
    given(registered)
      .when(register({ facility: 'PECOS' }))
      .thenRejects('meter/registered-otherwise', '/meterId');
    given(registered)
      .when(register({ startsAt: '2024-06-02T05:00:00.000Z' }))
      .thenRejects('meter/registered-otherwise');
  });

  it('measures nothing before there was something to mine', () => {
    given()
      .when(register({ startsAt: '2009-01-03T18:15:04.999Z' }))
      .thenRejects('meter/before-bitcoin', '/startsAt');
  });

  it('is retired once', () => {
    given(registered).when(retire()).then(retired);
    given(registered, retired).when(retire()).thenNothing();
    given(registered, retired)
      .when(retire({ endsAt: '2024-06-21T05:00:00.000Z' }))
      .thenRejects('meter/retired');
    given().when(retire()).thenRejects('meter/unknown');
  });

  it('ends after it began, by now, and not before it was read last', () => {
    given(registered)
      .when(retire({ endsAt: told.startsAt }))
      .thenRejects('meter/backwards', '/endsAt');
    given(registered)
      .when(retire({ endsAt: '2024-07-01T12:00:00.001Z' }))
      .thenRejects('meter/not-come', '/endsAt');
    given(registered)
      .when(retire({ readUntil: '2024-06-20T05:00:00.001Z' }))
      .thenRejects('meter/read-beyond', '/endsAt');
    given(registered)
      .when(retire({ readUntil: end.endsAt }))
      .then(retired);
  });
});
