import {
  assigned,
  departed,
  energized,
  installed,
  june,
  lifeOf,
  off,
  profile,
  received,
  relocated,
  repairClosed,
  repairOpened,
  retired,
  sentToVendor,
  serial,
  sold,
  source,
  stored,
  XP_WATTS,
  type Told,
} from './machine-life.fixture.js';
import { energyOf, segmentsOf, WATT_MS_PER_KWH, wattMs } from './machine-usage.js';

const month = { from: june(1), until: '2024-07-01T00:00:00.000Z' };
const may = (day: number): string => june(day).replace('-06-', '-05-');
const running = [received(may(1)), installed(may(2)), energized(may(3))];

describe('The stretches of a machine', () => {
  it('are one where nothing happened within the window', () => {
    expect(segmentsOf(lifeOf(...running), month)).toEqual([
      {
        serial,
        ...month,
        contractId: 'contract-1',
        customerId: 'customer-1',
        placeKind: 'slot',
        facility: 'DENTON',
        powerWatts: XP_WATTS,
        hashrateGhs: 151_000,
        energized: true,
        assigned: false,
        commissioned: true,
        begun: source(2),
        sources: [source(0), source(1), source(2)],
      },
    ]);
  });

  it('begin with its reception, before which there is none of it', () => {
    const segments = segmentsOf(lifeOf(received(june(10)), installed(june(12))), month);
    expect(segments).toMatchObject([
      { from: june(10), until: june(12), placeKind: 'storage', ended: source(1) },
      { from: june(12), until: month.until, placeKind: 'slot', energized: false },
    ]);
    expect(segments[1]).not.toHaveProperty('ended');
  });

  it('end with its retirement, whatever is said of it afterwards', () => {
    const facts = lifeOf(received(may(1)), retired(june(5)), profile(june(9), 3_000));
    expect(segmentsOf(facts, month)).toMatchObject([
      { from: june(1), until: june(5), placeKind: 'storage', ended: source(1) },
    ]);
  });

  it('are none where it was retired before, or received after the window', () => {
    expect(segmentsOf(lifeOf(received(may(1)), retired(june(1))), month)).toEqual([]);
    expect(segmentsOf(lifeOf(received(month.until)), month)).toEqual([]);
    expect(segmentsOf([], month)).toEqual([]);
  });

  it('are cut by a relocation at one instant, at which it draws power here and then there', () => {
    const moved = june(16, '11:30');
    const facts = lifeOf(
      ...running,
      off(moved, 'relocation'),
      relocated(moved, { facility: 'DALTON' }),
      energized(moved),
    );
    expect(segmentsOf(facts, month)).toMatchObject([
      { from: june(1), until: moved, facility: 'DENTON', energized: true, ended: source(3) },
      { from: moved, until: month.until, facility: 'DALTON', energized: true, begun: source(5) },
    ]);
  });

  it('tell of a curtailment what it did not draw', () => {
    const facts = lifeOf(
      ...running,
      off(june(10, '14:00'), 'curtailment', 'curtailment-1'),
      energized(june(10, '18:00')),
    );
    const [, curtailed, after] = segmentsOf(facts, month);
    expect(curtailed).toMatchObject({
      ...{ from: june(10, '14:00'), until: june(10, '18:00'), energized: false },
      ...{ commissioned: true, cause: 'curtailment', curtailmentId: 'curtailment-1' },
      ...{ begun: source(3), ended: source(4) },
    });
    // 3,247 W for 4 h.
    expect(wattMs(curtailed!)).toBe((12_988n * WATT_MS_PER_KWH) / 1_000n);
    expect(after).not.toHaveProperty('cause');
    expect(after).not.toHaveProperty('curtailmentId');
  });

  it('are cut where its profile changes, each at its own watts', () => {
    const segments = segmentsOf(lifeOf(...running, profile(june(16), 2_500)), month);
    expect(segments.map(({ powerWatts }) => powerWatts)).toEqual([XP_WATTS, 2_500]);
    // 15 days at 3,247 W are 1,168.92 kWh, 15 at 2,500 W are 900 kWh.
    expect(energyOf(segments)).toBe((206_892n * WATT_MS_PER_KWH) / 100n);
    expect(segments[1]!.sources).toEqual([source(0), source(1), source(2), source(3)]);
  });

  it('name no event that another has overtaken', () => {
    const facts = lifeOf(...running, profile(june(2), 2_500), profile(june(3), 2_600));
    const sources = segmentsOf(facts, month).at(-1)!.sources;
    expect(sources.map(({ revision }) => revision)).toEqual([0, 1, 2, 4]);
  });

  it('pass to the contract it is assigned to while it draws power', () => {
    expect(segmentsOf(lifeOf(...running, assigned(june(11))), month)).toMatchObject([
      { contractId: 'contract-1', until: june(11), assigned: false, commissioned: true },
      { contractId: 'contract-2', from: june(11), assigned: true, commissioned: true },
    ]);
  });

  it('stay with the contract when it is sold: it hosts it until the buyer has it assigned', () => {
    expect(segmentsOf(lifeOf(...running, sold(june(11))), month)).toMatchObject([
      { contractId: 'contract-1', customerId: 'customer-1' },
      { contractId: 'contract-1', customerId: 'customer-2', energized: true },
    ]);
  });

  it('take what happened before the window, and at its first instant, as it was then', () => {
    const facts = lifeOf(...running, off(june(1), 'maintenance'));
    expect(segmentsOf(facts, month)).toMatchObject([
      { from: june(1), energized: false, cause: 'maintenance', begun: source(3) },
    ]);
  });

  it('leave what happens at the end of the window to the next', () => {
    const facts = lifeOf(...running, off(month.until, 'maintenance'));
    const segments = segmentsOf(facts, month);
    expect(segments).toMatchObject([{ energized: true, until: month.until }]);
    expect(segments[0]).not.toHaveProperty('ended');
  });

  it('follow, of what happened at one instant, what was recorded last', () => {
    const at = june(8);
    const facts = lifeOf(...running, off(at, 'fault'), energized(at), off(at, 'maintenance'));
    expect(segmentsOf(facts, month)).toMatchObject([
      { until: at, ended: source(3) },
      { from: at, energized: false, cause: 'maintenance', begun: source(5) },
    ]);
  });

  it('follow the order of the stream where clocks differ', () => {
    const facts = lifeOf(...running, off(june(8, '10:03'), 'fault'), energized(june(8, '10:00')));
    expect(segmentsOf(facts, month)).toMatchObject([
      { until: june(8, '10:03'), energized: true },
      { from: june(8, '10:03'), energized: true, begun: source(4) },
    ]);
  });
});

describe('A machine is commissioned', () => {
  it('from when it draws power for the first time', () => {
    const facts = lifeOf(received(may(1)), installed(june(2)), energized(june(3)));
    expect(segmentsOf(facts, month).map((segment) => segment.commissioned)).toEqual([
      ...[false, false, true],
    ]);
  });

  it('under each contract anew', () => {
    const facts = lifeOf(...running, off(june(4), 'fault'), assigned(june(5)), energized(june(6)));
    const segments = segmentsOf(facts, month);
    expect(segments).toMatchObject([
      { contractId: 'contract-1', energized: true },
      { contractId: 'contract-1', commissioned: true, cause: 'fault' },
      { contractId: 'contract-2', commissioned: false },
      { contractId: 'contract-2', commissioned: true },
    ]);
    expect(segments[2]).not.toHaveProperty('cause');
  });

  it('and stays so under a contract that it comes back to', () => {
    const facts = lifeOf(
      ...running,
      off(june(4), 'fault'),
      assigned(june(5)),
      assigned(june(6), { contractId: 'contract-1' }),
    );
    expect(segmentsOf(facts, month).at(-1)).toMatchObject({
      ...{ contractId: 'contract-1', commissioned: true, energized: false, cause: 'fault' },
    });
  });
});

describe('What keeps a machine off', () => {
  const curtailed = [...running, off(june(4), 'curtailment', 'curtailment-1')];
  const causes = (...facts: readonly Told[]) =>
    segmentsOf(lifeOf(...facts), month)
      .slice(1)
      .map(({ cause, curtailmentId }) => [cause, curtailmentId]);

  it('is no curtailment any more once it is taken out of its slot', () => {
    expect(causes(...curtailed, stored(june(5)))).toEqual([
      ['curtailment', 'curtailment-1'],
      ['uninstallation', undefined],
    ]);
  });

  it('stays a curtailment where it only changes its slot', () => {
    expect(causes(...curtailed, relocated(june(5))).at(-1)).toEqual([
      ...['curtailment', 'curtailment-1'],
    ]);
  });

  it('is the way to another site until it draws power there', () => {
    const there = { facility: 'DALTON' };
    const way = [departed(june(5)), stored(june(7), there), installed(june(8), there)];
    expect(causes(...curtailed, ...way).slice(1)).toEqual([
      ...[['relocation', undefined] as const].flatMap((cause) => [cause, cause, cause]),
    ]);
  });

  it('is its repair as long as that is open, on the bench and at the vendor', () => {
    const repair = [repairOpened(june(5)), stored(june(6)), sentToVendor(june(7))];
    const back = [stored(june(8)), repairClosed(june(9)), installed(june(10))];
    const told = causes(...curtailed, ...repair, ...back);
    expect(told.slice(1)).toEqual(Array.from({ length: 6 }, () => ['repair', undefined]));
  });
});
