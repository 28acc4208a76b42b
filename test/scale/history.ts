// Two figures of this history are known: 600,000 machines deployed since 2017, and about 99 % of
// those hosted today S19 models. Everything else is made up, the same way every time.

/** Of every 1,000 machines, how many came in which year. */
const ARRIVALS: Readonly<Record<number, number>> = {
  2017: 10,
  2018: 30,
  2019: 60,
  2020: 110,
  2021: 270,
  2022: 290,
  2023: 230,
};

/** Slots in service at the end of each year, for every 1,000 machines deployed in the end. */
const SLOTS: Readonly<Record<number, number>> = {
  2017: 20,
  2018: 40,
  2019: 80,
  2020: 150,
  2021: 300,
  2022: 380,
  2023: 400,
};

const FIRST_YEAR = 2017;
const LAST_YEAR = 2023;
const MONTHS = 12;

export const FACILITIES = [
  { facility: 'CALVERT', name: 'Calvert City', timeZone: 'America/Chicago' },
  { facility: 'DALTON', name: 'Dalton', timeZone: 'America/New_York' },
  { facility: 'MARBLE', name: 'Marble', timeZone: 'America/New_York' },
  { facility: 'GRANDFORKS', name: 'Grand Forks', timeZone: 'America/Chicago' },
  { facility: 'DENTON', name: 'Denton', timeZone: 'America/Chicago' },
  { facility: 'COTTONWOOD', name: 'Cottonwood', timeZone: 'America/Chicago' },
  { facility: 'PECOS', name: 'Pecos', timeZone: 'America/Chicago' },
  { facility: 'CEDARVALE', name: 'Cedarvale', timeZone: 'America/Chicago' },
] as const;

export const SLOTS_PER_RACK = 100;
/** No model draws more. */
export const WATTS_PER_SLOT = 3_700;
export const CUSTOMERS = 12;

/** Models by the year they arrive, with their share of that year in percent. */
const MODELS: Readonly<Record<number, readonly (readonly [string, number])[]>> = {
  2017: [['S9-14', 100]],
  2018: [['S9-14', 100]],
  2019: [
    ['S9-14', 40],
    ['S17-56', 60],
  ],
  2020: [
    ['S17-56', 25],
    ['S19-95', 45],
    ['S19PRO-110', 30],
  ],
  2021: [
    ['S19-95', 25],
    ['S19PRO-110', 25],
    ['S19JPRO-96', 50],
  ],
  2022: [
    ['S19JPRO-104', 70],
    ['S19XP-140', 29],
    ['M50S-126', 1],
  ],
  2023: [
    ['S19JXP-151', 70],
    ['S19XP-140', 29],
    ['M50S-126', 1],
  ],
};

export interface Machine {
  readonly serial: string;
  readonly model: string;
}

/** What happens in one month, in this order. */
export interface Month {
  /** Its first instant. */
  readonly at: string;
  /** New racks at every facility, by number; racks of a facility are numbered from 0. */
  readonly racksEach: { readonly from: number; readonly to: number };
  /** Each the manifest of one delivery to the facility and customer of that index. */
  readonly deliveries: readonly {
    readonly facility: number;
    readonly customer: number;
    readonly machines: readonly Machine[];
  }[];
}

/** The months in which something happens; machines are numbered through. */
export function* monthsOf(machines: number): Generator<Month> {
  let arrived = 0;
  let racks = 0;
  for (let year = FIRST_YEAR; year <= LAST_YEAR; year += 1) {
    const inYear = shareOf(machines, ARRIVALS, year);
    const racksAtEnd = Math.ceil(
      shareOf(machines, SLOTS, year) / SLOTS_PER_RACK / FACILITIES.length,
    );
    for (let month = 0; month < MONTHS; month += 1) {
      const first = arrived + Math.round((inYear * month) / MONTHS);
      const next = arrived + Math.round((inYear * (month + 1)) / MONTHS);
      const wanted = month === 0 ? racksAtEnd : racks;
      yield {
        at: new Date(Date.UTC(year, month, 1)).toISOString(),
        racksEach: { from: racks, to: wanted },
        deliveries: manifests(year, month, first, next),
      };
      racks = wanted;
    }
    arrived += inYear;
  }
}

/** The last year takes what rounding left over. */
const shareOf = (machines: number, perThousand: Readonly<Record<number, number>>, year: number) => {
  if (perThousand !== ARRIVALS || year !== LAST_YEAR) {
    return Math.round((machines * perThousand[year]!) / 1_000);
  }
  let before = 0;
  for (let other = FIRST_YEAR; other < LAST_YEAR; other += 1) {
    before += Math.round((machines * perThousand[other]!) / 1_000);
  }
  return machines - before;
};

/** Deliveries are not made smaller than this for the sake of having one at every facility. */
const LEAST_DELIVERY = 25;

/** One delivery each to as many facilities as are worth it, in turn, all of one customer's. */
const manifests = (
  year: number,
  month: number,
  first: number,
  next: number,
): Month['deliveries'] => {
  const count = next - first;
  const many = Math.min(FACILITIES.length, Math.max(1, Math.floor(count / LEAST_DELIVERY)));
  return Array.from({ length: many }, (_, n) => {
    const from = first + Math.round((count * n) / many);
    const to = first + Math.round((count * (n + 1)) / many);
    const turn = year * MONTHS + month + n;
    return {
      facility: turn % FACILITIES.length,
      customer: (turn * 5) % CUSTOMERS,
      machines: Array.from({ length: to - from }, (__, m) => machineOf(year, from + m)),
    };
  }).filter(({ machines }) => machines.length > 0);
};

const machineOf = (year: number, number: number): Machine => {
  const shares = MODELS[year]!;
  // A multiplication by an odd constant scatters the models; 100 has no factor in common with it.
  let percent = (number * 37) % 100;
  const [model] = shares.find(([, share]) => (percent -= share) < 0)!;
  return { serial: `GEN${String(number).padStart(7, '0')}`, model };
};
