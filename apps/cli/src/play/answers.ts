import type { ApiClient } from './api-client.js';

interface Amount {
  readonly units: number;
  readonly powerWatts: number;
}

interface RatedAmount extends Amount {
  readonly hashrateGhs: number;
}

interface ContractDetails {
  readonly contractId: string;
  readonly customerId: string;
  readonly reference: string;
  readonly title: string;
  readonly status: string;
  readonly executedOn?: string;
  readonly termsVersion: number;
  readonly ordered: Amount;
  readonly allocated: Amount;
  readonly delivered: RatedAmount;
}

interface FacilityView {
  readonly facility: string;
  readonly powerEnvelopeWatts: number;
  readonly racks: { readonly count: number; readonly powerLimitWatts: number };
  readonly slots: {
    readonly total: number;
    readonly reserved: number;
    readonly occupied: number;
    readonly occupiedWatts: number;
  };
}

interface MixView extends RatedAmount {
  readonly model?: string;
  readonly facility?: string;
}

interface Place {
  readonly kind: 'slot' | 'storage' | 'transit';
  readonly facility: string;
  readonly rack?: string;
  readonly slot?: number;
}

interface Move {
  readonly serial: string;
  readonly kind: 'installation' | 'relocation' | 'departure' | 'arrival';
  readonly from: Place;
  readonly to: Place;
  readonly movedAt: string;
  readonly movedBy: string;
  readonly reason?: string;
}

export interface ContractAnswer extends ContractDetails {
  readonly allocations: readonly (Amount & { readonly facility: string })[];
  /** Under this contract, wherever they stand. */
  readonly installed: RatedAmount;
}

export interface FacilityAnswer extends FacilityView {
  readonly racksUsed: number;
  readonly stored: number;
}

/** Moves of one kind between the same facilities for the same reason. */
export interface MovesAnswer {
  readonly kind: Move['kind'];
  readonly from: string;
  readonly to: string;
  readonly reason: string;
  readonly units: number;
  readonly latest: Move;
}

export interface PlaceAnswer {
  readonly kind: string;
  readonly to: Place;
  readonly at: string;
  readonly by: string;
  readonly reason?: string;
}

export interface SupplyAnswer {
  readonly reference: string;
  readonly title: string;
  readonly status: string;
  readonly currency: string;
  readonly price: {
    readonly face: string;
    readonly performed: string;
    readonly remaining: string;
  };
  readonly hashrate: {
    readonly contracted: number;
    readonly accepted: number;
    readonly outstanding: number;
  };
  readonly legs: readonly {
    readonly leg: number;
    readonly kind: string;
    readonly face: string;
    readonly valued?: string;
    readonly performed: string;
    readonly remaining?: string;
    readonly sharesIssued?: number;
    readonly valuationDue?: { readonly missedOn?: string };
    readonly valuation?: {
      readonly valuedOn: string;
      readonly pricePerShare: string;
      readonly shares: number;
    };
  }[];
}

export interface SettlementAnswer {
  readonly reference: string;
  readonly title: string;
  readonly status: string;
  readonly currency: string;
  readonly price: { readonly received: { readonly cash: string; readonly cashAndClaims: string } };
  readonly clearances: readonly {
    readonly facility: string;
    readonly status: string;
    readonly cases: { readonly open: number; readonly moved: number; readonly retired: number };
  }[];
}

export interface ProposalAnswer {
  readonly reference: string;
  readonly state: string;
  readonly currency: string;
  readonly relocationId?: string;
  readonly expected?: {
    readonly moves: number;
    readonly value: string;
    readonly gainPerDay: string;
    readonly gapPercent: string;
  };
  readonly failure?: { readonly code: string; readonly message: string };
  readonly routes: readonly {
    readonly from: string;
    readonly to: string;
    readonly moves: number;
  }[];
  readonly actual?: {
    readonly status: string;
    readonly completed: number;
    readonly aborted: number;
    readonly completedValue: string;
    readonly approvedBy?: string;
  };
}

export interface StatementLineAnswer {
  readonly number: number;
  readonly description: string;
  readonly quantity: string;
  readonly unit: string;
  readonly rate: string;
  readonly termsVersion: number;
  readonly clauseRef?: string;
  readonly amount: string;
  readonly currency: string;
  readonly adjusts?: { readonly month: string; readonly line?: number; readonly before: string };
}

export interface StatementAnswer {
  readonly number: string;
  readonly month: string;
  readonly lines: readonly StatementLineAnswer[];
  readonly totals: readonly { readonly currency: string; readonly amount: string }[];
  /** How the last line comes out of its events. */
  readonly explanation: {
    readonly line: { readonly number: number };
    readonly steps: readonly string[];
    /** It is computed anew from its events, and comes to what was billed. */
    readonly agrees: boolean;
    readonly sourceCount: number;
  };
}

export interface AccountAnswer {
  readonly balances: readonly {
    readonly currency: string;
    readonly balance: string;
    readonly disputed: string;
  }[];
  readonly statements: readonly {
    readonly number: string;
    readonly dueOn?: string;
    readonly charges: readonly {
      readonly currency: string;
      readonly amount: string;
      readonly credited: string;
      readonly paid: string;
      readonly drawn: string;
      readonly open: string;
    }[];
  }[];
}

/** What the API says of what a scenario made, and of where machines stand. */
export interface Answers {
  /** Everything here is true at this log position, if nobody else wrote meanwhile. */
  readonly position: bigint;
  readonly supplyAgreements: readonly SupplyAnswer[];
  readonly settlements: readonly SettlementAnswer[];
  readonly proposals: readonly ProposalAnswer[];
  readonly statements: readonly StatementAnswer[];
  readonly accounts: readonly AccountAnswer[];
  readonly contracts: readonly ContractAnswer[];
  readonly facilities: readonly FacilityAnswer[];
  readonly moves: readonly MovesAnswer[];
  readonly mix: readonly MixView[];
  /** The life of the machine that moved last. */
  readonly history?: { readonly serial: string; readonly places: readonly PlaceAnswer[] };
}

/** What is asked for, by id. */
export interface Made {
  readonly contracts: readonly string[];
  readonly supplyAgreements: readonly string[];
  readonly settlements: readonly string[];
  readonly proposals: readonly string[];
  readonly statements: readonly string[];
  /** Contracts of which months were closed. */
  readonly accounts: readonly string[];
}

export const ask = async (api: ApiClient, made: Made): Promise<Answers> => {
  const contracts = [];
  for (const id of made.contracts) contracts.push(await askContract(api, id));
  const each = async <T>(path: string, ids: readonly string[]): Promise<T[]> => {
    const found: T[] = [];
    for (const id of ids) found.push((await api.read(`/v1/${path}/${id}`)).body as T);
    return found;
  };
  const supplyAgreements = await each<SupplyAnswer>('supply-agreements', made.supplyAgreements);
  const settlements = await each<SettlementAnswer>('settlements', made.settlements);
  const proposals = await each<ProposalAnswer>('relocation-proposals', made.proposals);
  const statements = [];
  for (const id of made.statements) statements.push(await askStatement(api, id));
  const accounts = await each<AccountAnswer>('billing/accounts', made.accounts);
  const facilities = await askFacilities(api);
  const moves = [];
  for (const customerId of new Set(contracts.map((contract) => contract.customerId))) {
    moves.push(...(await api.readAll<Move>(`/v1/moves?customerId=${customerId}`)));
  }
  const mix = (await api.read('/v1/fleet/mix?by=model')).body['items'] as MixView[];
  const last = moves[0]?.serial;
  const history = last && (await api.read(`/v1/miners/${last}/history`)).body;
  return {
    position: api.position,
    supplyAgreements,
    settlements,
    proposals,
    statements,
    accounts,
    contracts,
    facilities,
    moves: groupMoves(moves),
    mix,
    ...(history ? { history: history as unknown as Answers['history'] & object } : {}),
  };
};

const askContract = async (api: ApiClient, contractId: string): Promise<ContractAnswer> => {
  const path = `/v1/contracts/${contractId}`;
  const details = (await api.read(path)).body as unknown as ContractDetails;
  const allocations = await api.readAll<ContractAnswer['allocations'][number]>(
    `${path}/allocations`,
  );
  const installed = await api.readAll<Omit<RatedAmount, 'units'>>(
    `/v1/miners?contractId=${contractId}&state=installed`,
  );
  return {
    ...details,
    allocations: allocations.toSorted((a, b) => b.units - a.units),
    installed: {
      units: installed.length,
      powerWatts: installed.reduce((sum, { powerWatts }) => sum + powerWatts, 0),
      hashrateGhs: installed.reduce((sum, { hashrateGhs }) => sum + hashrateGhs, 0),
    },
  };
};

const askStatement = async (api: ApiClient, statementId: string): Promise<StatementAnswer> => {
  const path = `/v1/statements/${statementId}`;
  const statement = (await api.read(path)).body as unknown as Omit<StatementAnswer, 'explanation'>;
  const last = statement.lines.at(-1)?.number ?? 1;
  const { body } = await api.read(`${path}/lines/${last}/explanation`);
  return { ...statement, explanation: body as unknown as StatementAnswer['explanation'] };
};

const askFacilities = async (api: ApiClient): Promise<FacilityAnswer[]> => {
  const stored = (await api.read('/v1/fleet/mix?by=facility&state=stored')).body;
  const storedAt = new Map(
    (stored['items'] as MixView[]).map(({ facility, units }) => [facility, units]),
  );
  const facilities = await api.readAll<FacilityView>('/v1/facilities');
  const answers = [];
  for (const facility of facilities) {
    const racks = await api.readAll<{ readonly slots: FacilityView['slots'] }>(
      `/v1/facilities/${facility.facility}/racks`,
    );
    const racksUsed = racks.filter(({ slots }) => slots.occupied > 0).length;
    answers.push({ ...facility, racksUsed, stored: storedAt.get(facility.facility) ?? 0 });
  }
  return answers;
};

/** @param moves the latest first, as the API lists them; the groups come oldest first. */
const groupMoves = (moves: readonly Move[]): MovesAnswer[] => {
  const groups = Map.groupBy(moves, ({ kind, from, to, reason }) =>
    JSON.stringify([kind, from.facility, to.facility, reason]),
  );
  return [...groups.values()]
    .map((group) => {
      const latest = group[0]!;
      const { kind, from, to, reason = '' } = latest;
      return {
        kind,
        from: from.facility,
        to: to.facility,
        reason,
        units: group.length,
        latest,
      };
    })
    .reverse();
};
