import { specOf } from '@hostledger/testing';
import { customerAggregate, type CustomerCommand, type CustomerEvent } from './customer.js';

const { given } = specOf(customerAggregate);

const bitmain = {
  customerId: 'customer-1',
  name: 'Bitmain',
  legalName: 'Bitmain Technologies Delaware Limited',
  country: 'US',
};
const registered: CustomerEvent = { type: 'CustomerRegistered', data: bitmain };
const register: CustomerCommand = {
  type: 'RegisterCustomer',
  data: bitmain,
  at: '2023-09-01T00:00:00Z',
};

describe('registering a customer', () => {
  it('gives it its id, once', () => {
    given().when(register).then(registered);
    given(registered).when(register).thenRejects('customer/already-registered');
  });
});

describe('the standing of a customer', () => {
  const at = '2024-06-01T00:00:00Z';
  const change = (standing: 'good' | 'watch' | 'stop'): CustomerCommand => ({
    type: 'ChangeCreditStanding',
    data: { standing, cause: 'invoice is late' },
    at,
  });
  const stopped: CustomerEvent = {
    type: 'CreditStandingChanged',
    data: { customerId: 'customer-1', from: 'good', standing: 'stop', cause: 'invoice is late' },
  };
  const succession = {
    successorId: 'customer-2',
    effectiveOn: '2024-06-01',
    documentDigest: 'd'.repeat(64),
  };
  const succeed = (successorId = 'customer-2'): CustomerCommand => ({
    type: 'SucceedCustomer',
    data: { ...succession, successorId },
    at,
  });
  const succeeded: CustomerEvent = {
    type: 'CustomerSucceeded',
    data: { customerId: 'customer-1', ...succession },
  };

  it('changes for a cause', () => {
    given(registered).when(change('stop')).then(stopped);
    given(registered, stopped).when(change('stop')).thenNothing();
    const forAnother = { ...change('stop'), data: { standing: 'stop', cause: 'fraud' } } as const;
    given(registered, stopped)
      .when(forAnother as CustomerCommand)
      .thenRejects('customer/standing-unchanged');
    given(registered).when(change('good')).thenRejects('customer/standing-unchanged');
    given().when(change('stop')).thenRejects('customer/unknown');
  });

  it('ends when another takes its place, once', () => {
    given(registered).when(succeed()).then(succeeded);
    given(registered, succeeded).when(succeed()).thenNothing();
    given(registered, succeeded).when(succeed('customer-3')).thenRejects('customer/succeeded');
    const onAnotherDay = { ...succession, effectiveOn: '2024-06-02' };
    given(registered, succeeded)
      .when({ type: 'SucceedCustomer', data: onAnotherDay, at })
      .thenRejects('customer/succeeded');
    given(registered)
      .when(succeed('customer-1'))
      .thenRejects('customer/own-successor', '/successorId');
  });
});
