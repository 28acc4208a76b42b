import { specOf } from '@hostledger/testing';
import {
  decisionsOf,
  projectionsAggregate,
  type ProjectionsCommand,
  type ProjectionsEvent,
} from './projections.js';

const { given } = specOf(projectionsAggregate);
const at = '2024-04-20T00:00:00.000Z';
const projection = 'racks';
const stop = { position: '300', eventId: 'e3', eventType: 'RackOpened' };

const rebuilt = (run: number, replaces: number): ProjectionsEvent => ({
  type: 'ProjectionRebuildRequested',
  data: { projection, run, replaces },
});
const switched = (run: number): ProjectionsEvent => ({
  type: 'ProjectionSwitched',
  data: { projection, run },
});
const dropped = (run: number): ProjectionsEvent => ({
  type: 'ProjectionRunDropped',
  data: { projection, run },
});
const parked: ProjectionsEvent = { type: 'EventParked', data: { projection, ...stop } };
const unparked: ProjectionsEvent = { type: 'EventUnparked', data: { projection, ...stop } };
const resumed: ProjectionsEvent = { type: 'ProjectionResumed', data: { projection } };

const rebuild = (inUse: number): ProjectionsCommand => ({
  type: 'RequestRebuild',
  data: { projection, inUse },
  at,
});
const switchTo = (run: number, isCurrent = true): ProjectionsCommand => ({
  type: 'SwitchProjection',
  data: { projection, run, isCurrent },
  at,
});
const drop = (run: number, inUse: number): ProjectionsCommand => ({
  type: 'DropRun',
  data: { projection, run, inUse },
  at,
});
const park = (position: string, ...stoppedAt: (typeof stop)[]): ProjectionsCommand => ({
  type: 'ParkEvent',
  data: { projection, position, stoppedAt },
  at,
});

const decidedAfter = (...history: readonly ProjectionsEvent[]) =>
  decisionsOf(history.reduce(projectionsAggregate.evolve, projectionsAggregate.initialState));

describe('Runs of a projection', () => {
  it('are counted, also those that were dropped', () => {
    given().when(rebuild(0)).then(rebuilt(1, 0));
    given(rebuilt(1, 0), dropped(1)).when(rebuild(0)).then(rebuilt(2, 0));
  });

  it('replace the one in use, which stays to be switched back to', () => {
    expect(decidedAfter(rebuilt(1, 0)).of(projection)).toMatchObject({ run: 1, retained: 0 });
    given(rebuilt(1, 0)).when(switchTo(0)).then(switched(0));
    expect(decidedAfter(rebuilt(1, 0), switched(0)).of(projection)).toMatchObject({
      run: 0,
      retained: 1,
    });
    given(rebuilt(1, 0)).when(switchTo(1)).thenNothing();
  });

  it('are not switched to where they are behind or unknown', () => {
    given(rebuilt(1, 0)).when(switchTo(0, false)).thenRejects('projection/run-behind');
    given(rebuilt(1, 0)).when(switchTo(2)).thenRejects('projection/run-unknown');
    given(rebuilt(1, 0), dropped(0)).when(switchTo(0)).thenRejects('projection/run-unknown');
  });

  it('are dropped unless readers are given them; one that is being filled is given up', () => {
    given(rebuilt(1, 0)).when(drop(0, 1)).then(dropped(0));
    given(rebuilt(1, 0)).when(drop(1, 1)).thenRejects('projection/run-in-use');
    given(rebuilt(1, 0)).when(drop(1, 0)).then(dropped(1));
    expect(decidedAfter(rebuilt(1, 0), dropped(1)).of(projection)).toMatchObject({
      run: 0,
      retained: undefined,
    });
    given().when(drop(4, 0)).thenRejects('projection/run-unknown');
  });
});

describe('A projection that stopped', () => {
  it('is tried again when it is resumed, which only what stopped can be', () => {
    const resume = (isStopped: boolean): ProjectionsCommand => ({
      type: 'ResumeProjection',
      data: { projection, isStopped },
      at,
    });
    given().when(resume(true)).then(resumed);
    given().when(resume(false)).thenRejects('projection/not-stopped');
    expect(decidedAfter(rebuilt(1, 0), resumed).of(projection).resumedBy).toBe(2);
  });

  it('goes on past the event that it stopped at, and no other', () => {
    given().when(park('300', stop)).then(parked);
    given().when(park('400', stop)).thenRejects('projection/not-stopped-there');
    given().when(park('300')).thenRejects('projection/not-stopped-there');
    given(parked).when(park('300')).thenNothing();
    const decided = decidedAfter(parked).of(projection);
    expect(decided).toMatchObject({ resumedBy: 1, parked: new Map([[300n, 'e3']]) });
  });

  it('is given the event again once it is unparked', () => {
    const unpark: ProjectionsCommand = {
      type: 'UnparkEvent',
      data: { projection, position: '300' },
      at,
    };
    given(parked).when(unpark).then(unparked);
    given().when(unpark).thenRejects('projection/event-not-parked');
    expect(decidedAfter(parked, unparked).of(projection).parked.size).toBe(0);
  });
});

it('Another log is accepted where one was refused', () => {
  const accept = (refusal: string | null): ProjectionsCommand => ({
    type: 'AcceptLog',
    data: { refusal },
    at,
  });
  const accepted: ProjectionsEvent = { type: 'LogAccepted', data: { reason: 'shorter' } };
  given().when(accept('shorter')).then(accepted);
  given().when(accept(null)).thenRejects('projection/log-not-refused');
  expect(decidedAfter(resumed, accepted)).toMatchObject({ acts: 2, logAcceptedBy: 2 });
});
