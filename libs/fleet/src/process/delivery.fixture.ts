import { contractAggregate, type ContractCommand } from '@hostledger/contracts';
import { deriveId, type AggregateStore } from '@hostledger/eventsourcing';
import { at, contextOf, openFacility } from './moves.fixture.js';

// A contract that machines can be delivered under, for specs of deliveries.

export const contractId = deriveId('contract');

export const setUpContract = async (store: AggregateStore): Promise<void> => {
  await openFacility(store, 'DENTON');
  const commands: ContractCommand[] = [
    {
      type: 'DraftContract',
      data: {
        contractId,
        customerId: 'customer-1',
        reference: 'HA-1',
        title: 'Hosting',
        timeZone: 'America/Chicago',
        currency: 'USD',
      },
      at,
    },
    {
      type: 'AdoptTerms',
      data: {
        effectiveOn: '2023-09-24',
        documentDigest: 'a'.repeat(64),
        clauses: [],
        rateCard: { basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.07' },
      },
      at,
    },
    {
      type: 'ExecuteContract',
      data: {
        executedOn: '2023-09-25',
        documentDigest: 'a'.repeat(64),
        signatories: [{ party: 'Bitmain', name: 'A. Signer' }],
      },
      at,
    },
  ];
  for (const command of commands) {
    await store.handle(contractAggregate, contractId, command, contextOf(command.type));
  }
};
