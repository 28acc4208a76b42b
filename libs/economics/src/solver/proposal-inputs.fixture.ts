import type { FreeRack, MovableMachine, ProposalInputs } from '../domain/proposal-classes.js';
import type { MoveTerms } from '../domain/proposal-value.js';

// Sites with racks and machines, to choose moves from.

/** After the halving of April 2024. */
export const conditions = {
  difficulty: '88100000000000',
  subsidySats: 312_500_000,
  feesSats: 0,
  price: '60000',
  currency: 'USD',
  poolFeePercent: '0',
  availabilityPercent: '100',
};
export const terms: MoveTerms = {
  horizonDays: 90,
  within: { cost: '15', downtimeHours: 4 },
  between: { cost: '60', downtimeHours: 48 },
};

export const MODELS = {
  S19JPRO: { hashrateGhs: 104_000, powerWatts: 3_068 },
  S19JXP: { hashrateGhs: 151_000, powerWatts: 3_247 },
  S21: { hashrateGhs: 200_000, powerWatts: 3_500 },
} as const;

export const machinesAt = (
  facility: string,
  model: keyof typeof MODELS,
  count: number,
  more: Partial<MovableMachine> = {},
): MovableMachine[] =>
  Array.from({ length: count }, (_, index) => ({
    serial: `${facility}-${model}-${String(index + 1).padStart(5, '0')}`,
    contractId: 'contract-1',
    standing: 'running',
    facility,
    ...MODELS[model],
    ...more,
  }));

export const rackAt = (facility: string, rack: string, slots: number, watts: number): FreeRack => ({
  facility,
  rack,
  slots: Array.from({ length: slots }, (_, index) => index + 1),
  watts,
});

/** Sites are those of the rates, each with the power that its racks have, unless `sites` says less. */
export const inputsOf = (
  rates: Readonly<Record<string, string>>,
  machines: readonly MovableMachine[],
  racks: readonly FreeRack[],
  more: Partial<ProposalInputs> = {},
): ProposalInputs => ({
  machines,
  racks,
  rates: new Map(Object.entries(rates)),
  sites: Object.keys(rates).map((facility) => ({
    facility,
    watts: racks
      .filter((rack) => rack.facility === facility)
      .reduce((sum, { watts }) => sum + watts, 0),
  })),
  rules: new Map(),
  conditions,
  terms,
  ...more,
});

/** A fleet over eight sites: racks of many models, half empty, some with little power left. */
export const largeFleet = (machines: number, racksASite: number): ProposalInputs => {
  const sites = ['ALPHA', 'BRAVO', 'CHARLIE', 'DELTA', 'ECHO', 'FOX', 'GOLF', 'HOTEL'];
  const models = Object.keys(MODELS) as (keyof typeof MODELS)[];
  const rates = Object.fromEntries(sites.map((site, n) => [site, `0.0${35 + n * 6}`]));
  const each = machines / sites.length / models.length;
  const all = sites.flatMap((site, n) =>
    models.flatMap((model, m) =>
      machinesAt(site, model, each).map((machine, index) => ({
        ...machine,
        contractId: `contract-${(index + n) % 7}`,
        // Profiles make machines of one model differ.
        powerWatts: machine.powerWatts + ((index * 7 + m) % 5) * 40,
      })),
    ),
  );
  const racks = sites.flatMap((site, n) =>
    Array.from({ length: racksASite }, (_, r) =>
      rackAt(
        site,
        `R${String(r).padStart(4, '0')}`,
        (r * 13 + n) % 31,
        ((r * 29 + n) % 37) * 2_750,
      ),
    ),
  );
  const rules = new Map([
    ['contract-1', { facilities: sites.slice(0, 5), equalOrLowerRate: false }],
    ['contract-2', { equalOrLowerRate: true }],
    ['contract-3', { equalOrLowerRate: false, consented: ['ALPHA', 'HOTEL'] }],
    ['contract-4', { equalOrLowerRate: false, consented: [] }],
  ]);
  return inputsOf(rates, all, racks, { rules });
};
