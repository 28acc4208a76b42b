import type { RecordedEvent } from '@hostledger/eventsourcing';
import type { CurtailmentScope } from '../domain/curtailments.js';
import type { FacilityEvent, RackPlan } from '../domain/facility.js';
import { audit } from '../domain/rack-audit.fixture.js';
import type { RackEvent } from '../domain/rack.js';
import { RACKS, SITES } from './site-acts.fixture.js';

export type SiteEvent = (FacilityEvent | RackEvent) & {
  readonly data: { readonly facility: string };
};

/** What the log tells of each site, kept in the plainest way; whatever breaks a rule fails. */
export const checkSites = (log: readonly RecordedEvent[]) =>
  SITES.map((name) => {
    const site = { status: 'open', planned: new Map<string, RackPlan>() };
    const committed = new Map<string, number>();
    const windows: { scope: CurtailmentScope; cause: string; from: string; to: string }[] = [];
    const open = new Map<string, (typeof windows)[number]>();
    const histories = new Map<string, RackEvent[]>();
    let rated = 0;
    let inForce = 0;
    let before = { racks: 0, committed: 0 };
    for (const event of log as unknown as SiteEvent[]) {
      if (event.data.facility !== name) continue;
      switch (event.type) {
        case 'FacilityOpened':
          inForce = rated = event.data.powerEnvelopeWatts;
          break;
        case 'PowerEnvelopeChanged':
          inForce = inForce < rated ? inForce : event.data.powerEnvelopeWatts;
          rated = event.data.powerEnvelopeWatts;
          break;
        case 'FacilityDerated':
        case 'FacilityRestored':
          expect(event.data.fromWatts).toBe(inForce);
          inForce = event.data.powerEnvelopeWatts;
          break;
        case 'RackPowerCommitted':
          expect(site.status).toBe('open');
          for (const plan of event.data.racks) {
            expect(site.planned.has(plan.rack)).toBe(false);
            site.planned.set(plan.rack, plan);
          }
          break;
        case 'CapacityCommitted':
          expect(site.status).toBe('open');
          expect(committed.has(event.data.allocationId)).toBe(false);
          committed.set(event.data.allocationId, event.data.powerWatts);
          break;
        case 'CapacityReleased': {
          const { allocationId, powerWatts } = event.data;
          committed.set(allocationId, committed.get(allocationId)! - powerWatts);
          break;
        }
        case 'CurtailmentDeclared': {
          const { curtailmentId, startsAt: from, scope: where, cause } = event.data;
          const to = event.data.expectedEndAt ?? '9999';
          open.set(curtailmentId, { scope: where, cause, from, to });
          windows.push(open.get(curtailmentId)!);
          break;
        }
        case 'CurtailmentCancelled':
          open.get(event.data.curtailmentId)!.to = '';
          break;
        case 'CurtailmentEnded':
          open.get(event.data.curtailmentId)!.to = event.data.endedAt;
          break;
        case 'DisposalBegan':
          expect([...committed.values()].filter((held) => held > 0)).toEqual([]);
          site.status = 'disposing';
          break;
        case 'FacilityDisposed':
          site.status = 'disposed';
          break;
        case 'DisposalAbandoned':
          expect(site.status).toBe('disposing');
          site.status = 'open';
          break;
        case 'FacilityAcquired':
        case 'PowerRateFixed':
        case 'CurtailmentMeasured':
          break;
        default: {
          const { rack: code } = event.data;
          if (event.type === 'RackCommissioned') {
            const { slotCount, powerLimitWatts } = event.data;
            expect(site.planned.get(code)).toEqual({ rack: code, slotCount, powerLimitWatts });
            histories.set(code, []);
          }
          histories.get(code)!.push(event);
        }
      }
      const limits = [...site.planned.values()].map(({ powerLimitWatts }) => powerLimitWatts);
      const now = { racks: sumOf(limits), committed: sumOf(committed.values()) };
      expect(Math.max(now.racks, now.committed, inForce)).toBeLessThanOrEqual(rated);
      // A derating may leave too much; then nothing is added until it fits.
      expect(now.racks).toBeLessThanOrEqual(Math.max(inForce, before.racks));
      expect(now.committed).toBeLessThanOrEqual(Math.max(inForce, before.committed));
      before = now;
      expect(Math.min(0, ...committed.values())).toBe(0);
    }
    for (const [index, one] of windows.entries()) {
      expect(windows.slice(index + 1).filter((other) => together(one, other))).toEqual([]);
    }
    const inService = new Map([...histories].map(([code, history]) => [code, audit(history)]));
    if (site.status === 'disposed') {
      for (const { held } of inService.values()) expect(held).toBe(0);
    }
    return { ...site, inService };
  });

const sumOf = (numbers: Iterable<number>): number =>
  [...numbers].reduce((sum, number) => sum + number, 0);

interface Window {
  readonly scope: CurtailmentScope;
  readonly cause: string;
  readonly from: string;
  readonly to: string;
}
/** Whether a watt would be shed twice for one cause. */
const together = (one: Window, other: Window): boolean => {
  const racksOf = ({ scope: where }: Window) => (where.kind === 'racks' ? where.racks : RACKS);
  const same = racksOf(one).some((code) => racksOf(other).includes(code));
  return one.cause === other.cause && same && one.from < other.to && other.from < one.to;
};
