import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  contractsProjections,
  type ContractDrafted,
  type CustomerRegistered,
  type TermsAdopted,
} from '@hostledger/contracts';
import { deriveId, type DomainEvent } from '@hostledger/eventsourcing';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import type { MinerEvent } from '@hostledger/fleet';
import { sitesProjections, type FacilityOpened } from '@hostledger/sites';
import { InMemoryStreams, readModelsOf } from '@hostledger/testing';
import { servedRoutes } from '@hostledger/testing/http';
import { usageProjections, usageSlices } from '../../usage.js';

// The routes of usage, on machines whose lives are told as events.

export const contractId = deriveId('contract');
export const otherContractId = deriveId('other contract');
export const ann = deriveId('ann');
export const bob = deriveId('bob');
const rated = { ratedHashrateGhs: 151_000, powerWatts: 3_247 };
export const storage = (facility = 'DENTON') => ({ kind: 'storage', facility }) as const;
export const slot = (facility = 'DENTON') =>
  ({ kind: 'slot', facility, rack: 'A1', slot: 1 }) as const;

/** What happens to one machine of a contract and a customer. */
export const machine = (serial: string, customerId = ann, under = contractId) => {
  const about = { serial, model: 'S19JXP-151', customerId, ...rated };
  const power = { ...about, contractId: under };
  return {
    received: (facility = 'DENTON'): MinerEvent => ({
      type: 'MinerReceived',
      data: {
        ...{ serial, model: 'S19JXP-151', customerId, contractId: under },
        ...{ deliveryId: deriveId('delivery'), line: 1, condition: 'ok' },
        ...{ place: storage(facility), ratedHashrateGhs: 151_000, nameplateWatts: 3_247 },
      },
    }),
    installed: (facility = 'DENTON'): MinerEvent => ({
      type: 'MinerInstalled',
      data: {
        ...{ ...about, reservationId: deriveId(serial) },
        ...{ from: storage(facility), to: slot(facility) },
      },
    }),
    energized: (facility = 'DENTON'): MinerEvent => ({
      type: 'MinerEnergized',
      data: { ...power, place: slot(facility) },
    }),
    off: (cause: 'fault' | 'maintenance' | 'uninstallation'): MinerEvent => ({
      type: 'MinerDeenergized',
      data: { ...power, place: slot(), cause },
    }),
    curtailed: (curtailmentId: string): MinerEvent => ({
      type: 'MinerDeenergized',
      data: { ...power, place: slot(), cause: 'curtailment', curtailmentId },
    }),
    uninstalled: (): MinerEvent => ({
      type: 'MinerUninstalled',
      data: {
        ...{ ...about, from: slot(), to: storage(), removalId: deriveId(serial, 'removal') },
        fromReservationId: deriveId(serial),
      },
    }),
    retired: (): MinerEvent => ({
      type: 'MinerRetired',
      data: { ...about, from: storage(), cause: 'sold' },
    }),
  };
};

export const drafted = (id: string, timeZone: string): ContractDrafted => ({
  type: 'ContractDrafted',
  data: {
    ...{ contractId: id, customerId: ann, reference: 'HA-1', title: 'Hosting' },
    ...{ timeZone, currency: 'USD' },
  },
});

export const registered = (customerId: string): CustomerRegistered => ({
  type: 'CustomerRegistered',
  data: { customerId, name: 'Ann', legalName: 'Ann Inc.', country: 'US' },
});

export const opened = (facility: string): FacilityOpened => ({
  type: 'FacilityOpened',
  data: { facility, name: facility, timeZone: 'America/Chicago', powerEnvelopeWatts: 1_000_000 },
});

/** Terms that excuse these causes from a day on. */
export const promised = (
  id: string,
  version: number,
  effectiveOn: string,
  excusedCauses: readonly ('fault' | 'maintenance')[],
): TermsAdopted => ({
  type: 'TermsAdopted',
  data: {
    ...{ contractId: id, version, effectiveOn, documentDigest: 'd'.repeat(64), clauses: [] },
    rateCard: {
      ...{ basis: 'nameplateKwh', currency: 'USD', ratePerKwh: '0.05' },
      uptime: {
        ...{ promisedPercent: '95', creditPercentPerPoint: '1', capPercent: '10' },
        clauseRef: '7.2',
        excusedCauses: [...excusedCauses],
      },
    },
  },
});

export class UsageRoom {
  private readonly streams = new InMemoryStreams();
  private app: NestFastifyApplication | undefined;
  private filled: Awaited<ReturnType<typeof readModelsOf>> | undefined;

  async open(): Promise<void> {
    const read = (...asked: Parameters<ReadModels['read']>) =>
      this.filled!.readModels.read(...asked);
    this.app = await servedRoutes({
      controllers: usageSlices.flatMap(({ controllers }) => controllers),
      providers: [{ provide: ReadModels, useValue: { read } }],
    });
  }

  async catchUp(): Promise<void> {
    const projections = [...contractsProjections, ...sitesProjections, ...usageProjections];
    if (this.filled) await this.filled.catchUp();
    else this.filled = await readModelsOf(projections, this.streams.log);
  }

  async close(): Promise<void> {
    await this.app?.close();
    await this.filled?.close();
  }

  /** Where the log ends. */
  get position(): bigint {
    return this.streams.log.at(-1)!.position;
  }

  /** Ids of the events of a stream. */
  idsOf(stream: string): string[] {
    return this.streams.log.filter((event) => event.stream === stream).map(({ id }) => id);
  }

  happened(stream: string, at: string, ...events: readonly DomainEvent[]): Promise<void> {
    return this.streams.happened(stream, at, ...events);
  }

  async get(path: string, query: Record<string, string | number>) {
    const answer = await this.app!.inject({
      method: 'GET',
      url: `/v1/usage${path}`,
      query: Object.fromEntries(Object.entries(query).map(([name, told]) => [name, String(told)])),
      headers: { authorization: 'Bearer commercial' },
    });
    return { status: answer.statusCode, headers: answer.headers, body: answer.json<Answered>() };
  }
}

interface Answered {
  readonly code: string;
  readonly errors: unknown;
  readonly items: Record<string, unknown>[];
  readonly segments: Record<string, unknown>[];
  readonly nextCursor?: string;
}
