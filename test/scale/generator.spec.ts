import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNodeInProcess } from '@hostledger/embedded-node';
import type { RecordedEvent } from '@hostledger/eventsourcing';
import { EventStore } from '@hostledger/eventsourcing/eventstoredb';
import { schemaFaults } from '@hostledger/testing';
import { Generator } from './generator.js';
import { FACILITIES, monthsOf } from './history.js';

const MACHINES = 1_000;

describe('the generated history', () => {
  const home = mkdtempSync(join(tmpdir(), 'hostledger-scale-'));
  let events: readonly RecordedEvent[];

  beforeAll(async () => {
    const node = await startNodeInProcess({ directory: home });
    const eventStore = new EventStore({ connection: { endpoint: node.endpoint } });
    try {
      await new Generator(eventStore, MACHINES).run(() => undefined);
      events = await eventStore.readAll(0n, 1_000_000);
    } finally {
      await eventStore.close();
      await node.stop();
    }
  }, 180_000);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const of = (type: string) => events.filter((event) => event.type === type);
  const serialsOf = (type: string) =>
    new Set(of(type).map(({ data }) => (data as { serial: string }).serial));

  it('consists of events as their schemas say', async () => {
    expect(await schemaFaults(events)).toEqual([]);
  });

  it('receives every machine once, in the month it is planned for', () => {
    const received = of('MinerReceived');
    expect(received).toHaveLength(MACHINES);
    expect(serialsOf('MinerReceived').size).toBe(MACHINES);
    const at = new Map(
      received.map(({ data, metadata }) => [
        (data as { serial: string }).serial,
        metadata.occurredAt,
      ]),
    );
    for (const month of monthsOf(MACHINES)) {
      for (const { serial } of month.deliveries.flatMap(({ machines }) => machines)) {
        expect(at.get(serial)).toBe(month.at);
      }
    }
  });

  it('reports every delivery to its contract, all lines received', () => {
    const reported = of('MinersDelivered').map(({ data }) => data as { received: number });
    expect(reported.reduce((sum, { received }) => sum + received, 0)).toBe(MACHINES);
    expect(of('OperationCompleted').length).toBeGreaterThan(reported.length);
  });

  it('reports a delivery after it was reconciled', () => {
    const places = (type: string) =>
      new Map(
        of(type).map(({ data, position }) => [
          (data as { deliveryId: string }).deliveryId,
          position,
        ]),
      );
    const reconciled = places('DeliveryReconciled');
    for (const [deliveryId, position] of places('MinersDelivered')) {
      expect(position).toBeGreaterThan(reconciled.get(deliveryId)!);
    }
  });

  it('puts machines into slots that exist, one each, and records it at both ends', () => {
    const installed = of('MinerInstalled');
    expect(installed).toHaveLength(MACHINES);
    expect(installed.every(({ data }) => (data as { first?: true }).first)).toBe(true);
    expect(of('SlotOccupied')).toHaveLength(installed.length);
    expect(serialsOf('MinerEnergized')).toEqual(serialsOf('MinerInstalled'));
    expect(of('FacilityOpened')).toHaveLength(FACILITIES.length);
  });

  it('takes the oldest out for those that come, so that S19 models stand there at the end', () => {
    expect(of('SlotVacated')).toHaveLength(of('MinerUninstalled').length);
    expect(of('MinerUninstalled').length).toBeGreaterThan(0);
    const gone = serialsOf('MinerRetired');
    expect(gone).toEqual(serialsOf('MinerUninstalled'));
    const standing = of('MinerInstalled')
      .map(({ data }) => data as { serial: string; model: string })
      .filter(({ serial }) => !gone.has(serial));
    const share = standing.filter(({ model }) => model.startsWith('S19')).length / standing.length;
    expect(share).toBeGreaterThan(0.95);
  });

  it('is the same history each time', () => {
    const again = [...monthsOf(MACHINES)];
    expect(again).toEqual([...monthsOf(MACHINES)]);
    const machines = again.flatMap(({ deliveries }) => deliveries.flatMap((d) => d.machines));
    expect(machines).toHaveLength(MACHINES);
  });
});
