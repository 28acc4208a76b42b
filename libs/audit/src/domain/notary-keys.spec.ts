import { specOf } from '@hostledger/testing';
import { notaryKeysAggregate, type NotaryKeyCommand, type NotaryKeyEvent } from './notary-keys.js';

const at = '2026-11-26T12:00:00.000Z';
const origin = 'log.example/1';
const [first, second, third] = ['first', 'second', 'third'] as const;

const adopt = (verifierKey: string): NotaryKeyCommand => ({
  ...{ type: 'AdoptNotaryKey', data: { origin, verifierKey }, at },
});
const adopted = (verifierKey: string): NotaryKeyEvent => ({
  ...{ type: 'NotaryKeyAdopted', data: { origin, verifierKey } },
});
const rotate = (from: string, to: string, signedBy = [from, to]): NotaryKeyCommand => ({
  ...{
    type: 'RotateNotaryKey',
    data: { origin, from, to, statement: 'both say so', signedBy },
    at,
  },
});
const rotated = (from: string, to: string): NotaryKeyEvent => ({
  ...{ type: 'NotaryKeyRotated', data: { origin, from, to, statement: 'both say so' } },
});

describe('The keys of a log', () => {
  const { given } = specOf(notaryKeysAggregate);

  it('begin with the one that is adopted, once', () => {
    given().when(adopt(first)).then(adopted(first));
    given(adopted(first)).when(adopt(first)).thenNothing();
    given(adopted(first)).when(adopt(second)).thenRejects('notary/key-adopted');
    given(adopted(first), rotated(first, second))
      .when(adopt(first))
      .thenRejects('notary/key-adopted');
  });

  it('change when the old and the new one have signed it', () => {
    given(adopted(first)).when(rotate(first, second)).then(rotated(first, second));
    for (const signedBy of [[], [first], [second], [first, third]]) {
      given(adopted(first))
        .when(rotate(first, second, signedBy))
        .thenRejects('notary/rotation-not-signed');
    }
  });

  it('are not put in force again by who repeats how they once were', () => {
    given(adopted(first), rotated(first, second), adopted(first), rotated(first, second))
      .when(rotate(second, third))
      .then(rotated(second, third));
  });

  it('change from the one in force, and never back', () => {
    given().when(rotate(first, second)).thenRejects('notary/key-not-in-force');
    given(adopted(first)).when(rotate(second, third)).thenRejects('notary/key-not-in-force');
    const history = [adopted(first), rotated(first, second)] as const;
    given(...history)
      .when(rotate(first, second))
      .thenNothing();
    given(...history)
      .when(rotate(first, third))
      .thenRejects('notary/key-not-in-force');
    given(...history)
      .when(rotate(second, first))
      .thenRejects('notary/key-used-before');
  });
});
