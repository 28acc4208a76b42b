import { specOf } from '@hostledger/testing';
import type { ContractEvent } from './contract-events.js';
import { contractAggregate, type ContractCommand } from './hosting-contract.js';
import { isConsentedOn, type Consent, type RelocationClause } from './relocation-clause.js';

const { given } = specOf(contractAggregate);

/** 2024-04-30 where the contract is. */
const at = '2024-05-01T04:00:00.000Z';
const ours = { contractId: 'contract-1', customerId: 'customer-1' };
const contractId = 'contract-1';
const digest = 'a'.repeat(64);
const terms = {
  effectiveOn: '2023-09-25',
  documentDigest: digest,
  clauses: [{ ref: '5.2', title: 'Relocation', text: 'Machines move with consent.' }],
  rateCard: { basis: 'nameplateKwh' as const, currency: 'USD', ratePerKwh: '0.075' },
};
const clause: RelocationClause = {
  clauseRef: '5.2',
  facilities: ['DENTON', 'PECOS'],
  costClass: 'equalOrLower',
  consent: 'required',
};
const drafted: ContractEvent = {
  type: 'ContractDrafted',
  data: {
    ...ours,
    reference: 'HA-1',
    title: 'Hosting',
    timeZone: 'America/Chicago',
    currency: 'USD',
  },
};
const adopted: ContractEvent = { type: 'TermsAdopted', data: { contractId, version: 1, ...terms } };
const executed: ContractEvent = {
  type: 'ContractExecuted',
  data: { contractId, executedOn: '2023-09-25', documentDigest: digest, signatories: [] },
};
const inForce = [drafted, adopted, executed] as const;

const adopt = (relocation: RelocationClause): ContractCommand => ({
  type: 'AdoptTerms',
  data: { ...terms, relocation },
  at,
});

describe('a clause about relocations', () => {
  it('is one of those of the terms, and part of what they say', () => {
    given(drafted)
      .when(adopt(clause))
      .then({
        type: 'TermsAdopted',
        data: { contractId, version: 1, ...terms, relocation: clause },
      });
    given(drafted)
      .when(adopt({ ...clause, clauseRef: '5.3' }))
      .thenRejects('contract/relocation-clause-unknown', '/relocation/clauseRef');
    given(drafted)
      .when(adopt({ ...clause, facilities: ['PECOS', 'DENTON', 'PECOS'] }))
      .thenRejects('contract/relocation-site-repeated', '/relocation/facilities/2');
  });

  it('can have been recorded wrongly', () => {
    const { effectiveOn, ...said } = terms;
    const data = { version: 1, ...said, relocation: clause, cause: 'overlooked' };
    given(...inForce)
      .when({ type: 'CorrectTerms', data, at })
      .then({ type: 'TermsCorrected', data: { contractId, effectiveOn, ...data } });
  });
});

const consentData: Consent = {
  consentId: 'consent-1',
  facilities: ['PECOS'],
  consentedOn: '2024-04-30',
  fromOn: '2024-05-01',
  untilOn: '2024-07-31',
  documentDigest: digest,
};
const consent = (change: Partial<Consent> = {}): ContractCommand => ({
  type: 'ConsentToRelocation',
  data: { ...consentData, ...change },
  at,
});
const consented: ContractEvent = { type: 'RelocationConsented', data: { ...ours, ...consentData } };
const withdrawalData = { consentId: 'consent-1', withdrawnOn: '2024-04-30', cause: 'Sold' };
const withdraw = (change: Partial<typeof withdrawalData> = {}): ContractCommand => ({
  type: 'WithdrawRelocationConsent',
  data: { ...withdrawalData, ...change },
  at,
});
const withdrawn: ContractEvent = {
  type: 'RelocationConsentWithdrawn',
  data: { ...ours, ...withdrawalData },
};
const ended: ContractEvent = {
  type: 'ContractExpired',
  data: { contractId, expiredOn: '2024-04-30' },
};

describe('a consent of the customer', () => {
  it('is given under a contract that goes on, once', () => {
    given(...inForce)
      .when(consent())
      .then(consented);
    given(...inForce, consented)
      .when(consent())
      .thenNothing();
    given(drafted, adopted).when(consent()).thenRejects('contract/not-executed');
    given(...inForce, ended)
      .when(consent())
      .thenRejects('contract/ended');
  });

  it('is not told of before it was given, and ends after it began', () => {
    given(...inForce)
      .when(consent({ consentedOn: '2024-05-01' }))
      .thenRejects('contract/act-in-future', '/consentedOn');
    given(...inForce)
      .when(consent({ untilOn: '2024-04-30' }))
      .thenRejects('contract/consent-backwards', '/untilOn');
    given(...inForce)
      .when(consent({ facilities: ['PECOS', 'PECOS'] }))
      .thenRejects('contract/relocation-site-repeated', '/facilities/1');
  });

  it('is withdrawn once, also after the end of the contract', () => {
    given(...inForce, consented)
      .when(withdraw())
      .then(withdrawn);
    given(...inForce, consented, ended)
      .when(withdraw())
      .then(withdrawn);
    given(...inForce, consented, withdrawn)
      .when(withdraw())
      .thenNothing();
    given(...inForce, consented, withdrawn)
      .when(withdraw({ cause: 'Another' }))
      .thenRejects('contract/recorded-otherwise');
  });

  it('is withdrawn after it was given, by the day where the contract is', () => {
    given(...inForce)
      .when(withdraw())
      .thenRejects('contract/consent-unknown');
    given(...inForce, consented)
      .when(withdraw({ withdrawnOn: '2024-04-29' }))
      .thenRejects('contract/consent-not-given', '/withdrawnOn');
    given(...inForce, consented)
      .when(withdraw({ withdrawnOn: '2024-05-01' }))
      .thenRejects('contract/act-in-future', '/withdrawnOn');
  });

  it('holds from its first day to its last, or until it was withdrawn', () => {
    const days = ['2024-04-30', '2024-05-01', '2024-07-31', '2024-08-01'];
    const holds = (more: object) =>
      days.map((day) => isConsentedOn({ fromOn: '2024-05-01', ...more }, day));
    expect(holds({})).toEqual([false, true, true, true]);
    expect(holds({ untilOn: '2024-07-31' })).toEqual([false, true, true, false]);
    const withdrawn = { on: '2024-07-31', cause: 'Sold' };
    expect(holds({ withdrawn })).toEqual([false, true, false, false]);
  });
});
