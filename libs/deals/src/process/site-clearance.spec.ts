import type { FaultPoint } from '@hostledger/testing';
import { MACHINES_PER_EVENT, type RelocationCasesOpened } from '../domain/site-clearance.js';
import { facility, Site } from './clearance.fixture.js';
import { siteClearancesProcess } from './site-clearance.js';

let site: Site;

/** Two machines at the site, one on the road to it, one elsewhere. */
beforeEach(async () => {
  site = new Site();
  await site.receive('MINER0001');
  await site.receive('MINER0002', 'customer-2');
  await site.receive('MINER0003', 'customer-1', 'DENTON');
  await site.depart('MINER0003', facility);
  await site.receive('MINER0004', 'customer-1', 'DENTON');
});

const opened = () =>
  site
    .clearance()
    .filter(({ type }) => type === 'RelocationCasesOpened')
    .map(({ data }) => data as RelocationCasesOpened['data']);

describe('a site that is given away', () => {
  it('has nobody leave before a court has approved that', async () => {
    await site.workAll();
    expect(site.items()).toEqual([]);
    expect(site.told()).toEqual([]);
  });

  it('opens a case for each machine there or on its way, by customer', async () => {
    await site.give();
    const approved = site.streams.log.findLast(({ type }) => type === 'SettlementApproved')!;
    await site.workAll();
    expect(site.whereabouts.asked[0]).toBe(approved.position);
    const ours = { settlementId: 's1', facility, look: 1, parts: 2 };
    expect(opened()).toEqual([
      { ...ours, part: 1, customerId: 'customer-1', serials: ['MINER0001', 'MINER0003'] },
      { ...ours, part: 2, customerId: 'customer-2', serials: ['MINER0002'] },
    ]);
    expect(site.clearance().at(-1)).toEqual({
      type: 'MachinesCounted',
      data: {
        settlementId: 's1',
        facility,
        look: 1,
        machines: 3,
        asOf: expect.any(String) as string,
      },
    });
    expect(site.told()).toEqual(['MINER0001 open', 'MINER0002 open', 'MINER0003 open']);
    expect(site.items()).toMatchObject([
      { machines: 3, due_at: expect.stringMatching(/^9999/) as string },
    ]);
  });

  it('takes up so many machines that they need several events', async () => {
    const many = new Site();
    for (let number = 0; number <= MACHINES_PER_EVENT; number += 1) {
      await many.receive(`MANY${String(number).padStart(6, '0')}`);
    }
    await many.give();
    await many.workAll();
    const parts = many
      .clearance()
      .slice(0, -1)
      .map(({ data }) => data as RelocationCasesOpened['data']);
    expect(parts.map(({ part, parts: of, serials }) => [part, of, serials.length])).toEqual([
      [1, 2, MACHINES_PER_EVENT],
      [2, 2, 1],
    ]);
    expect(many.cases()).toHaveLength(MACHINES_PER_EVENT + 1);
  });

  it('is clear once the last of them left, or was retired, and not before', async () => {
    await site.give();
    await site.workAll();
    await site.depart('MINER0001', 'DENTON');
    await site.retire('MINER0002');
    await site.workAll();
    expect(site.said()).not.toContain('SiteCleared');
    expect(site.told()).toEqual(['MINER0001 moved DENTON', 'MINER0002 retired', 'MINER0003 open']);
    await site.arrive('MINER0003', 'DENTON');
    await site.workAll();
    expect(site.clearance().at(-1)).toMatchObject({ type: 'SiteCleared', data: { cases: 3 } });
    expect(site.told().at(-1)).toBe('MINER0003 moved DENTON');
    expect(site.items()).toEqual([]);
  });

  it('where nobody is, is clear at the first look', async () => {
    const empty = new Site();
    await empty.give();
    await empty.workAll();
    expect(empty.said()).toEqual(['MachinesCounted', 'SiteCleared']);
    expect(empty.items()).toEqual([]);
  });
});

describe('a machine that comes later', () => {
  it('gets a case as well, and keeps the site from being clear', async () => {
    await site.give();
    await site.workAll();
    await site.depart('MINER0004', facility);
    await site.workAll();
    expect(opened().at(-1)).toMatchObject({ look: 2, part: 1, parts: 1, serials: ['MINER0004'] });
    expect(site.items()).toMatchObject([{ machines: 4 }]);
  });

  it('or comes back, has its case open again, and no second one', async () => {
    await site.give();
    await site.workAll();
    await site.depart('MINER0001', 'DENTON');
    await site.arrive('MINER0001', facility);
    await site.workAll();
    expect(opened()).toHaveLength(2);
    expect(site.told()[0]).toBe('MINER0001 open');
    expect(site.items()).toMatchObject([{ machines: 3 }]);
  });

  it('is told where it came to, wherever it was sent', async () => {
    await site.give();
    await site.workAll();
    await site.depart('MINER0001', 'DENTON');
    await site.arrive('MINER0001', 'MARBLE');
    expect(site.told()[0]).toBe('MINER0001 moved MARBLE');
    await site.depart('MINER0001', 'DENTON');
    expect(site.told()[0]).toBe('MINER0001 moved MARBLE');
  });
});

describe('a machine that leaves while its case is being opened', () => {
  it.each([
    ['for another site', () => site.depart('MINER0001', 'DENTON'), 'MINER0001 moved DENTON'],
    ['for good', () => site.retire('MINER0001'), 'MINER0001 retired'],
  ])('%s has none that stays open', async (_, leave, told) => {
    await site.give();
    site.whereabouts.meanwhile = leave;
    await site.workAll();
    expect(site.said()).toEqual([
      'RelocationCasesOpened',
      'RelocationCasesOpened',
      'RelocationCasesEnded',
      'MachinesCounted',
    ]);
    expect(site.told()[0]).toBe(told);
    expect(site.items()).toMatchObject([{ machines: 2 }]);
  });

  it('and is back before that is recorded, has it open', async () => {
    await site.give();
    site.whereabouts.meanwhile = async () => {
      await site.depart('MINER0001', 'DENTON');
      // After the second look, before what it found is in the log.
      site.whereabouts.meanwhile = () => {
        site.whereabouts.meanwhile = () => site.arrive('MINER0001', facility);
        return Promise.resolve();
      };
    };
    await site.workAll();
    expect(site.said()).toContain('RelocationCasesEnded');
    expect(site.told()[0]).toBe('MINER0001 open');
    expect(site.items()).toMatchObject([{ machines: 3 }]);
  });

  it('or comes while it is looked, is counted', async () => {
    await site.give();
    site.whereabouts.meanwhile = () => site.depart('MINER0004', facility);
    await site.workAll();
    expect(site.told()).toHaveLength(4);
    expect(site.items()).toMatchObject([{ machines: 4 }]);
    for (const serial of ['MINER0001', 'MINER0002']) await site.depart(serial, 'DENTON');
    for (const serial of ['MINER0003', 'MINER0004']) await site.arrive(serial, 'DENTON');
    await site.workAll();
    expect(site.said().at(-1)).toBe('SiteCleared');
  });
});

describe('a worker that dies', () => {
  const deaths = [1, 2, 3].flatMap((append) =>
    (['before', 'after'] as FaultPoint[]).map((point) => [append, point] as const),
  );
  it.each(deaths)('at append %i, %s it, leaves one case for each machine', async (n, point) => {
    await site.give();
    site.streams.failFrom(n, point);
    await expect(site.workAll()).rejects.toThrow();
    site.streams.heal();
    await site.workAll();
    expect(
      opened()
        .flatMap(({ serials }) => serials)
        .sort(),
    ).toEqual(['MINER0001', 'MINER0002', 'MINER0003']);
    expect(site.said().filter((type) => type === 'MachinesCounted')).toHaveLength(1);
    expect(site.items()).toMatchObject([{ machines: 3 }]);
  });

  it.each(deaths)('after a machine left (%i, %s), still tells where it went', async (n, point) => {
    await site.give();
    site.whereabouts.meanwhile = () => site.retire('MINER0001');
    // The retirement is the first append from here.
    site.streams.failFrom(n + 1, point);
    await expect(site.workAll()).rejects.toThrow();
    site.streams.heal();
    await site.workAll();
    expect(site.told().filter((told) => told.endsWith('open'))).toHaveLength(2);
    expect(site.items()).toMatchObject([{ machines: 2 }]);
  });

  it('or only stalls, says nothing twice', async () => {
    await site.give();
    const [item] = site.items();
    const act = { at: '2024-02-01T19:00:00.000Z', signal: new AbortController().signal };
    const work = () => siteClearancesProcess(site.store, site.whereabouts).perform(item!, act);
    await Promise.all([work(), site.workAll(), work()]);
    await site.workAll();
    expect(opened().flatMap(({ serials }) => serials)).toHaveLength(3);
    expect(site.cases()).toHaveLength(3);
    expect(site.items()).toMatchObject([{ machines: 3 }]);
  });
});

describe('a site that is kept after all', () => {
  it('calls the clearance off, before and after a look', async () => {
    await site.give();
    await site.keep();
    await site.workAll();
    const off = { settlementId: 's1', facility, cause: 'siteKept' };
    expect(site.clearance()).toEqual([{ type: 'ClearanceCalledOff', data: off }]);
    expect(site.items()).toEqual([]);
    await site.give('s2');
    await site.workAll();
    await site.keep('s2');
    await site.workAll();
    expect(site.said('s2').at(-1)).toBe('ClearanceCalledOff');
    expect(site.items()).toEqual([]);
  });

  it('and is found to be clear at the same moment, is clear', async () => {
    const empty = new Site();
    await empty.give();
    empty.whereabouts.meanwhile = () => empty.keep();
    await empty.workAll();
    expect(empty.said()).toEqual(['MachinesCounted', 'SiteCleared']);
    expect(empty.items()).toEqual([]);
  });

  it('or given away by a later settlement, which takes its machines over', async () => {
    await site.give();
    await site.workAll();
    await site.give('s2');
    await site.workAll();
    expect(site.clearance().at(-1)).toMatchObject({
      type: 'ClearanceCalledOff',
      data: { cause: 'takenOver' },
    });
    expect(new Set(site.cases().map(({ settlement_id }) => settlement_id))).toEqual(
      new Set(['s2']),
    );
    await site.keep();
    await site.workAll();
    expect(site.items()).toMatchObject([{ settlement_id: 's2', machines: 3 }]);
  });
});
