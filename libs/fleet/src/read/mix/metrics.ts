import type { ReadModels } from '@hostledger/eventsourcing/postgres';
import { Gauge, type Registry } from 'prom-client';
import type { MixRow } from './projection.js';

interface Tables {
  fleet_mix: MixRow;
}

interface Count {
  readonly facility: string;
  readonly state: string;
  readonly units: string;
  readonly energized: string;
}

/**
 * How many machines there are, and how many of them draw power, in Prometheus' terms: asked of the read
 * models once a scrape, which goes on without them where they do not answer.
 */
export const scrapeMachines = (registry: Registry, readModels: Pick<ReadModels, 'read'>): void => {
  let asked: Promise<readonly Count[]> | undefined;
  const counts = (): Promise<readonly Count[]> => {
    asked ??= countMachines(readModels)
      .catch(() => [])
      .finally(() => (asked = undefined));
    return asked;
  };
  const gauge = (name: string, help: string, value: (count: Count) => string) =>
    new Gauge({
      name,
      help,
      labelNames: ['facility', 'state'],
      registers: [registry],
      async collect() {
        const counted = await counts();
        this.reset();
        for (const count of counted) {
          const { facility, state } = count;
          this.set({ facility, state }, Number(value(count)));
        }
      },
    });
  gauge('hostledger_machines', 'Machines by facility and state', ({ units }) => units);
  gauge('hostledger_machines_energized', 'Of these, those that draw power', (of) => of.energized);
};

const countMachines = async (readModels: Pick<ReadModels, 'read'>): Promise<readonly Count[]> => {
  const { value } = await readModels.read<Tables, Count[]>({}, (db) =>
    db
      .selectFrom('fleet_mix')
      .select((eb) => [
        'facility',
        'state',
        eb.fn.sum<string>('units').as('units'),
        eb.fn.sum<string>('energized_units').as('energized'),
      ])
      .groupBy(['facility', 'state'])
      .execute(),
  );
  return value;
};
