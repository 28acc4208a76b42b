import { begunBy, madeOf, settle } from './begun-act.js';
import { DomainError, RevisionMismatch } from './errors.js';

const refusal = new DomainError('conflict', 'room/full', 'The room is full');

/** An act whose steps are written down as they are taken. */
const actOf = (outcome: Error | 'made', { wasMade = false, holds = true } = {}) => {
  const steps: string[] = [];
  let left = outcome;
  const make = () => {
    steps.push('make');
    const now = left;
    left = 'made';
    return now instanceof Error ? Promise.reject(now) : Promise.resolve(now);
  };
  const giveUp = ({ code, detail }: { code: string; detail: string }) => {
    steps.push(`give up: ${code}: ${detail}`);
    return Promise.resolve(wasMade);
  };
  const free = (code: string) => {
    steps.push(`free: ${code}`);
    return Promise.resolve();
  };
  return { steps, act: { make, giveUp, ...(holds && { free }) } };
};

describe('An act that was begun', () => {
  it('is made', async () => {
    const { steps, act } = actOf('made');
    expect(await settle(act)).toEqual({ made: 'made' });
    expect(steps).toEqual(['make']);
  });

  it('that is refused is given up for good, and only then is free what was held for it', async () => {
    const { steps, act } = actOf(refusal);
    expect(await settle(act)).toEqual({ refusal });
    expect(steps).toEqual(['make', 'give up: room/full: The room is full', ...['free: room/full']]);
  });

  it('is refused by If-Match as by a rule', async () => {
    const { steps, act } = actOf(new RevisionMismatch('s', 1n, 2n), { holds: false });
    expect(await settle(act)).toMatchObject({ refusal: { actual: 2n } });
    expect(steps[1]).toBe('give up: request/revision-mismatch: Stream s is at revision 2, not 1');
  });

  it('that was made meanwhile is not given up, and frees nothing', async () => {
    const { steps, act } = actOf(refusal, { wasMade: true });
    expect(await settle(act)).toEqual({ made: 'made' });
    expect(steps.at(-1)).toBe('make');
  });

  it('that fails otherwise has no outcome: the process tries again', async () => {
    const { steps, act } = actOf(new Error('The store is away'));
    await expect(settle(act)).rejects.toThrow('The store is away');
    expect(steps).toEqual(['make']);
  });

  it('is answered with what was made, or what it was refused for', () => {
    expect(madeOf({ made: 1 })).toBe(1);
    expect(() => madeOf({ refusal })).toThrow(refusal);
  });

  it('is left to the worker half a minute after it was recorded, in the name of whoever began', () => {
    const metadata = {
      ...{ commandId: 'c', commandHash: 'h', occurredAt: '2024-06-01T00:00:00.000Z' },
      ...{ actor: { subject: 'ada', role: 'operator' }, $correlationId: 'x', $causationId: 'r' },
    };
    const event = { id: 'e', recordedAt: '2024-06-01T00:00:01.000Z', metadata };
    expect(begunBy(event, 'item')).toMatchObject({
      ...{ item_id: 'item', due_at: '2024-06-01T00:00:31.000Z', cause_id: 'e' },
      ...{ correlation_id: 'x', context: { commandId: 'c', actor: { subject: 'ada' } } },
    });
  });
});
