import { amountOf, amountText, exact, placesOf, rounded } from '@hostledger/quantities';
import type { KnownLeg, KnownLine, KnownSupply } from './supply-state.js';

// What a supply agreement comes to: computed from its state, the one way there is.

/**
 * Of one leg, in the currency of the agreement. A leg that is still to be valued has a face and
 * nothing else: `valued` and `remaining` are absent until somebody has said what it is worth.
 */
export interface LegFigures {
  readonly face: string;
  readonly valued?: string;
  readonly performed: string;
  /** Valued and not performed. */
  readonly remaining?: string;
}

/** Shares at the price they were valued at, as the currency can pay it. */
export const worthOf = (shares: number, pricePerShare: string, currency: string): string =>
  amountText(
    amountOf(rounded(exact(shares).mul(exact(pricePerShare)), placesOf(currency), 'halfUp')),
  );

export const legFigures = (leg: KnownLeg, currency: string): LegFigures => {
  const { face, kind } = leg;
  if (kind === 'equity') return equityFigures(leg, currency);
  const performed = kind === 'cash' ? sum(leg.paid) : amountOf(leg.performed);
  return figuresOf(face, amountOf(face), performed);
};

const equityFigures = ({ face, valued, sharesIssued }: KnownLeg, currency: string): LegFigures => {
  if (!valued) return { face, performed: '0.00' };
  const issued = worthOf(sharesIssued, valued.pricePerShare, currency);
  // All shares are worth what was valued, whatever their parts round to.
  const performed = sharesIssued === valued.shares ? valued.value : issued;
  return figuresOf(face, amountOf(valued.value), amountOf(performed));
};

const figuresOf = (face: string, valued: bigint, performed: bigint): LegFigures => ({
  face: amountText(amountOf(face)),
  valued: amountText(valued),
  performed: amountText(performed),
  remaining: amountText(valued - performed),
});

/** Of all legs together; what is pending has a face only, and is in no other sum. */
export interface PriceFigures {
  readonly face: string;
  readonly valued: string;
  readonly performed: string;
  readonly remaining: string;
  /** Face of the legs that are still to be valued. */
  readonly pendingFace: string;
}

export const priceFigures = ({ legs, currency }: KnownSupply): PriceFigures => {
  const each = legs.map((leg) => legFigures(leg, currency));
  const of = (pick: (figures: LegFigures) => string | undefined): string =>
    amountText(sum(each.flatMap((figures) => pick(figures) ?? [])));
  return {
    face: of(({ face }) => face),
    valued: of(({ valued }) => valued),
    performed: of(({ performed }) => performed),
    remaining: of(({ remaining }) => remaining),
    pendingFace: of(({ face, valued }) => (valued === undefined ? face : undefined)),
  };
};

/**
 * contracted + excess = accepted + outstanding + waived, in GH/s, on every line and over all of
 * them: what was bought is owed in hashrate, however many units it comes in.
 */
export interface HashrateFigures {
  readonly contracted: number;
  readonly accepted: number;
  readonly waived: number;
  readonly outstanding: number;
  /** Accepted beyond what was bought. */
  readonly excess: number;
}

export interface LineFigures extends HashrateFigures {
  readonly line: number;
  readonly acceptedUnits: readonly { readonly model: string; readonly units: number }[];
}

/** Accepted hashrate of a model that no line may be delivered in. */
export interface Unmatched {
  readonly model: string;
  readonly units: number;
  readonly hashrateGhs: number;
}

export interface SupplyFigures {
  readonly lines: readonly LineFigures[];
  readonly total: HashrateFigures;
  /** Not counted on any line, until a supplement names its model. */
  readonly unmatched: readonly Unmatched[];
}

/**
 * Counts what was accepted on the lines that may be delivered in its model, the earlier line first
 * until it is filled; what is over counts on the last of them. Hashrate that deliveries settled as
 * credited instead is taken off the lines in their order.
 */
export const hashrateFigures = ({ lines, deliveries }: KnownSupply): SupplyFigures => {
  const accounts = lines.map((line) => ({
    line,
    accepted: 0,
    credited: 0,
    units: new Map() as Units,
  }));
  const unmatched: Unmatched[] = [];
  for (const total of acceptedByModel(deliveries)) {
    const taking = accounts.filter(({ line }) =>
      line.models.some(({ model }) => model === total.model),
    );
    if (taking.length === 0) unmatched.push(total);
    else fill(taking, total);
  }
  let credit = deliveries.reduce((all, { waivedHashrateGhs }) => all + waivedHashrateGhs, 0);
  for (const account of accounts) {
    const taken = Math.min(credit, roomOf(account));
    account.credited += taken;
    credit -= taken;
  }
  const last = accounts.at(-1);
  if (last) last.credited += credit;
  const figures = accounts.map(lineFigures);
  return { lines: figures, total: totalOf(figures), unmatched };
};

type Units = Map<string, number>;

interface Account {
  readonly line: KnownLine;
  accepted: number;
  credited: number;
  readonly units: Units;
}

const roomOf = ({ line, accepted, credited }: Account): number =>
  Math.max(line.contractedHashrateGhs - line.waivedHashrateGhs - accepted - credited, 0);

const acceptedByModel = (deliveries: KnownSupply['deliveries']): Unmatched[] => {
  const totals = new Map<string, Unmatched>();
  for (const { model, units, hashrateGhs } of deliveries.flatMap(({ byModel }) => byModel)) {
    const before = totals.get(model) ?? { model, units: 0, hashrateGhs: 0 };
    const after = { units: before.units + units, hashrateGhs: before.hashrateGhs + hashrateGhs };
    totals.set(model, { model, ...after });
  }
  return [...totals.values()].sort((a, b) => (a.model < b.model ? -1 : 1));
};

/** Whole units, so a line is filled to at most one unit beyond what it is owed. */
const fill = (taking: readonly Account[], { model, units, hashrateGhs }: Unmatched): void => {
  let left = { units, hashrateGhs };
  taking.forEach((account, index) => {
    const isLast = index === taking.length - 1;
    // How many units it takes to fill the line, and what so many of them come to.
    const wanted = Math.ceil((roomOf(account) * left.units) / Math.max(left.hashrateGhs, 1));
    const taken = isLast ? left.units : Math.min(wanted, left.units);
    if (taken === 0) return;
    const hashrate = Number((BigInt(left.hashrateGhs) * BigInt(taken)) / BigInt(left.units));
    account.accepted += hashrate;
    account.units.set(model, (account.units.get(model) ?? 0) + taken);
    left = { units: left.units - taken, hashrateGhs: left.hashrateGhs - hashrate };
  });
};

const lineFigures = ({ line, accepted, credited, units }: Account): LineFigures => ({
  line: line.line,
  ...balanced(line.contractedHashrateGhs, accepted, line.waivedHashrateGhs + credited),
  acceptedUnits: [...units].map(([model, count]) => ({ model, units: count })),
});

const balanced = (contracted: number, accepted: number, waived: number): HashrateFigures => {
  const owed = contracted - accepted - waived;
  return {
    contracted,
    accepted,
    waived,
    outstanding: Math.max(owed, 0),
    excess: Math.max(-owed, 0),
  };
};

const totalOf = (lines: readonly HashrateFigures[]): HashrateFigures => {
  const of = (name: keyof HashrateFigures): number =>
    lines.reduce((all, line) => all + line[name], 0);
  return {
    contracted: of('contracted'),
    accepted: of('accepted'),
    waived: of('waived'),
    outstanding: of('outstanding'),
    excess: of('excess'),
  };
};

const sum = (amounts: readonly string[]): bigint =>
  amounts.reduce((all, amount) => all + amountOf(amount), 0n);
