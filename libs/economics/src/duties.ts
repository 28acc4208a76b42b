import { dutiesOfRoom, type ToldAct } from '@hostledger/eventsourcing';
import type { MarketEvent } from './domain/market.js';
import type { ProposalEvent } from './domain/proposal-events.js';

/** Market facts are told once; a later one that corrects says of which and why. */
const told = ({
  data: { corrects },
}: {
  readonly data: { readonly corrects?: { readonly cause: string } };
}): readonly ToldAct[] => [
  { kind: 'duty', name: 'economics/tells-market', about: 'market' },
  ...(corrects
    ? [
        {
          kind: 'override' as const,
          name: 'economics/market-corrected',
          about: 'market',
          reason: corrects.cause,
        },
      ]
    : []),
];

export const economicsDuties = dutiesOfRoom<MarketEvent | ProposalEvent>({
  overrides: { 'economics/market-corrected': 'A fact of the market was replaced by another one' },
  duties: {
    'economics/tells-market': 'Records difficulty, subsidy and price',
    'economics/asks-proposals': 'Asks which machines are best moved',
  },
  conflicts: [
    {
      one: 'economics/tells-market',
      other: 'economics/asks-proposals',
      why: 'A move could be made worth its while by a price of the own making',
    },
  ],
  acts: {
    DifficultyObserved: told,
    SubsidyChanged: told,
    PriceFixed: told,
    RelocationProposalRequested: ({ data }) => [
      {
        kind: 'duty',
        name: 'economics/asks-proposals',
        about: 'market',
        by: data.requestedBy,
      },
    ],
  },
});
