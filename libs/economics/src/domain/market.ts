import {
  DomainError,
  unreachable,
  type Aggregate,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';
import { exact } from '@hostledger/quantities';

/** Blocks of a difficulty epoch. */
export const EPOCH_BLOCKS = 2_016;
/** Blocks between two halvings. */
export const HALVING_BLOCKS = 210_000;
const FIRST_SUBSIDY_SATS = 5_000_000_000;

// Events

/** Which earlier event of the stream was wrong, and why. */
export interface Correction {
  /** Of the event that held until now, in its stream. */
  readonly revision: number;
  readonly cause: string;
}

export type DifficultyObserved = DomainEvent<
  'DifficultyObserved',
  {
    /** Of the first block of the epoch, a multiple of 2,016. */
    blockHeight: number;
    /** Decimal, as the network publishes it. */
    difficulty: string;
    /** When that block was found: the difficulty holds from then on. */
    effectiveAt: string;
    /** Who published it. */
    source: string;
    /** Absent for what is said of the epoch for the first time. */
    corrects?: Correction;
  }
>;
export type SubsidyChanged = DomainEvent<
  'SubsidyChanged',
  {
    /** Of the first block with the subsidy, a multiple of 210,000. */
    blockHeight: number;
    /** What a block pays beside fees, in satoshi. */
    subsidySats: number;
    /** When that block was found: the subsidy holds from then on. */
    effectiveAt: string;
    /** Who published it. */
    source: string;
    /** Absent for what is said of the height for the first time. */
    corrects?: Correction;
  }
>;
export type PriceFixed = DomainEvent<
  'PriceFixed',
  {
    currency: string;
    /** Of one bitcoin, decimal, in units of the currency. */
    price: string;
    /** The instant that the price is for; it holds until the next one. */
    fixedAt: string;
    /** The index, or who published it. */
    source: string;
    /** Absent for what is said of the instant for the first time. */
    corrects?: Correction;
  }
>;

export type MarketEvent = DifficultyObserved | SubsidyChanged | PriceFixed;

export const marketEvents: EventCatalogue<MarketEvent> = {
  DifficultyObserved: 'From the first block of an epoch on a block is so hard to find.',
  SubsidyChanged: 'From a block on a block pays this subsidy; since the first one, half as much.',
  PriceFixed: 'One bitcoin is worth so much from an instant on.',
};

// Streams

/** One for the epochs between two halvings, 105 at most. */
export const difficultyStream = (blockHeight: number): string =>
  `difficulty.${Math.floor(blockHeight / HALVING_BLOCKS)}`;

/** All halvings there will ever be are 33. */
export const SUBSIDY_STREAM = 'subsidy';

/** One for the prices of a month (UTC) in a currency. */
export const priceStream = (currency: string, fixedAt: string): string =>
  `price.${currency}.${fixedAt.slice(0, 7)}`;

// State

interface Told {
  readonly event: MarketEvent;
  /** In the stream. */
  readonly revision: number;
}

/** What is held true of every height, or instant, of one stream. */
export interface Market {
  readonly events: number;
  readonly told: ReadonlyMap<string, Told>;
}

/** What a fact is about; in its stream it is told of once, and corrected after that. */
export const subjectOf = (event: MarketEvent): string =>
  event.type === 'PriceFixed' ? event.data.fixedAt : String(event.data.blockHeight);

const evolve = ({ events, told }: Market, event: MarketEvent): Market => ({
  events: events + 1,
  told: new Map(told).set(subjectOf(event), { event, revision: events }),
});

// Commands and decisions

export type MarketCommand =
  | DomainCommand<'ObserveDifficulty', DifficultyObserved['data']>
  | DomainCommand<'ChangeSubsidy', SubsidyChanged['data']>
  | DomainCommand<'FixPrice', PriceFixed['data']>;

const decide = (command: MarketCommand, market: Market): readonly MarketEvent[] => {
  switch (command.type) {
    case 'ObserveDifficulty':
      mustBegin(command.data.blockHeight, EPOCH_BLOCKS, 'market/not-an-epoch');
      return tell({ type: 'DifficultyObserved', data: command.data }, market, command.at);
    case 'ChangeSubsidy':
      mustBegin(command.data.blockHeight, HALVING_BLOCKS, 'market/not-a-halving');
      mustBeSubsidy(command.data);
      return tell({ type: 'SubsidyChanged', data: command.data }, market, command.at);
    case 'FixPrice':
      return tell({ type: 'PriceFixed', data: command.data }, market, command.at);
    default:
      return unreachable(command);
  }
};

/** Nothing is ever told twice; what is told otherwise has to say that it corrects. */
const tell = (event: MarketEvent, market: Market, now: string): MarketEvent[] => {
  const before = market.told.get(subjectOf(event));
  if (before && saySame(before.event, event)) return [];
  mustHaveCome(event, now);
  mustCorrect(event, before);
  if (event.type !== 'PriceFixed') mustBeInOrder(event, market);
  return [event];
};

const saySame = (a: MarketEvent, b: MarketEvent): boolean =>
  a.data.source === b.data.source &&
  instantOf(a) === instantOf(b) &&
  exact(valueOf(a)).equals(exact(valueOf(b)));

const instantOf = (event: MarketEvent): string =>
  event.type === 'PriceFixed' ? event.data.fixedAt : event.data.effectiveAt;

/** The number that a fact tells, decimal. */
export const valueOf = (event: MarketEvent): string => {
  switch (event.type) {
    case 'DifficultyObserved':
      return event.data.difficulty;
    case 'SubsidyChanged':
      return String(event.data.subsidySats);
    case 'PriceFixed':
      return event.data.price;
  }
};

const mustBegin = (blockHeight: number, blocks: number, code: string): void => {
  if (blockHeight % blocks === 0) return;
  const last = blockHeight - (blockHeight % blocks);
  throw new DomainError(
    'invalid',
    code,
    `Block ${blockHeight} is none; the last one before it is ${last}`,
    { blockHeight, last },
    '/blockHeight',
  );
};

/** By the rules of the network: 50 bitcoin, halved every 210,000 blocks, parts of a satoshi dropped. */
const mustBeSubsidy = ({ blockHeight, subsidySats }: SubsidyChanged['data']): void => {
  const expected = Math.floor(FIRST_SUBSIDY_SATS / 2 ** (blockHeight / HALVING_BLOCKS));
  if (subsidySats === expected) return;
  throw new DomainError(
    'invalid',
    'market/not-the-subsidy',
    `From block ${blockHeight} on a block pays ${expected} satoshi`,
    { blockHeight, subsidySats, expected },
    '/subsidySats',
  );
};

const mustHaveCome = (event: MarketEvent, now: string): void => {
  const instant = instantOf(event);
  if (instant <= now) return;
  throw new DomainError(
    'conflict',
    'market/not-come',
    `It is ${now}, and ${instant} is still to come`,
    { now, instant },
    event.type === 'PriceFixed' ? '/fixedAt' : '/effectiveAt',
  );
};

const mustCorrect = ({ data: { corrects } }: MarketEvent, before: Told | undefined): void => {
  if (!before) {
    if (!corrects) return;
    throw new DomainError(
      'conflict',
      'market/nothing-to-correct',
      'Nothing was said of it yet that could be corrected',
      {},
      '/corrects',
    );
  }
  const { revision } = before;
  const said = { revision, value: valueOf(before.event), source: before.event.data.source };
  if (!corrects) {
    throw new DomainError(
      'conflict',
      'market/told-otherwise',
      `${said.source} said ${said.value} of it, which a correction of event ${revision} can replace`,
      said,
    );
  }
  if (corrects.revision !== revision) {
    throw new DomainError(
      'conflict',
      'market/correction-outdated',
      `What holds is event ${revision}, not ${corrects.revision}`,
      said,
      '/corrects/revision',
    );
  }
};

/** Of two blocks the higher one was found later. */
const mustBeInOrder = (event: DifficultyObserved | SubsidyChanged, { told }: Market): void => {
  const { blockHeight, effectiveAt } = event.data;
  for (const { event: other } of told.values()) {
    if (other.type === 'PriceFixed' || other.data.blockHeight === blockHeight) continue;
    const isLater = other.data.effectiveAt < effectiveAt;
    if (other.data.effectiveAt !== effectiveAt && isLater === other.data.blockHeight < blockHeight)
      continue;
    throw new DomainError(
      'conflict',
      'market/out-of-order',
      `Block ${other.data.blockHeight} was found at ${other.data.effectiveAt}`,
      { blockHeight: other.data.blockHeight, effectiveAt: other.data.effectiveAt },
      '/effectiveAt',
    );
  }
};

/** What the market said: difficulties, subsidies and prices, each told once and corrected by later events. */
export const marketAggregate: Aggregate<Market, MarketCommand, MarketEvent> = {
  category: 'market',
  initialState: { events: 0, told: new Map() },
  events: marketEvents,
  decide,
  evolve,
};
