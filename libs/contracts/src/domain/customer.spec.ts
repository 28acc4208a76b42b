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
