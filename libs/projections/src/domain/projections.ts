import {
  DomainError,
  unreachable,
  type Aggregate,
  type Decisions,
  type DomainCommand,
  type DomainEvent,
  type EventCatalogue,
} from '@hostledger/eventsourcing';

// --- Events -------------------------------------------------------------------------------------

export type ProjectionsEvent =
  | DomainEvent<
      'ProjectionRebuildRequested',
      {
        readonly projection: string;
        readonly run: number;
        /** The run that was in use; it is kept up to date until it is dropped. */
        readonly replaces: number;
      }
    >
  | DomainEvent<'ProjectionSwitched', { readonly projection: string; readonly run: number }>
  | DomainEvent<'ProjectionRunDropped', { readonly projection: string; readonly run: number }>
  | DomainEvent<'ProjectionResumed', { readonly projection: string }>
  | DomainEvent<'EventParked', { readonly projection: string } & ParkedEvent>
  | DomainEvent<'EventUnparked', { readonly projection: string } & ParkedEvent>
  | DomainEvent<'LogAccepted', { readonly reason: string }>;

/** An event that a projection is not given. */
export interface ParkedEvent {
  /** In the log, as decimal text. */
  readonly position: string;
  readonly eventId: string;
  readonly eventType: string;
}

export const projectionsEvents: EventCatalogue<ProjectionsEvent> = {
  ProjectionRebuildRequested:
    'A projection is to be filled anew, beside the tables that serve, which it then replaces',
  ProjectionSwitched: 'Readers were given the other run of a projection',
  ProjectionRunDropped: 'The tables of a run are of no use any more and go',
  ProjectionResumed: 'A projection that had stopped at an event is to try it again',
  EventParked: 'A projection is not to be given an event that it cannot take, and goes on past it',
  EventUnparked: 'A projection is to be given the event again when it is next rebuilt',
  LogAccepted:
    'Another log than the tables were filled from is the truth now; all of them are filled anew',
};

// --- State --------------------------------------------------------------------------------------

export interface ProjectionState {
  /** The highest run there ever was. */
  readonly latest: number;
  /** The run that is to be in use. */
  readonly run: number;
  /** The run that can be switched to. */
  readonly retained: number | undefined;
  /** Number of the last act that has it tried again. */
  readonly resumedBy: number;
  readonly parked: readonly ParkedEvent[];
}

export interface ProjectionsState {
  /** How many events there are: each act is one. */
  readonly acts: number;
  readonly logAcceptedBy: number;
  readonly projections: Readonly<Record<string, ProjectionState>>;
}

const UNTOUCHED: ProjectionState = {
  latest: 0,
  run: 0,
  retained: undefined,
  resumedBy: 0,
  parked: [],
};

export const projectionOf = (state: ProjectionsState, projection: string): ProjectionState =>
  Object.hasOwn(state.projections, projection) ? state.projections[projection]! : UNTOUCHED;

const evolve = (before: ProjectionsState, event: ProjectionsEvent): ProjectionsState => {
  const acts = before.acts + 1;
  const state = { ...before, acts };
  if (event.type === 'LogAccepted') return { ...state, logAcceptedBy: acts };
  const { projection } = event.data;
  const changed = changedBy(projectionOf(state, projection), event, acts);
  return { ...state, projections: { ...state.projections, [projection]: changed } };
};

const changedBy = (
  before: ProjectionState,
  event: Exclude<ProjectionsEvent, { type: 'LogAccepted' }>,
  act: number,
): ProjectionState => {
  switch (event.type) {
    case 'ProjectionRebuildRequested': {
      const { run, replaces } = event.data;
      return { ...before, latest: run, run, retained: replaces };
    }
    case 'ProjectionSwitched':
      return { ...before, run: event.data.run, retained: before.run };
    case 'ProjectionRunDropped':
      return event.data.run === before.run && before.retained !== undefined
        ? { ...before, run: before.retained, retained: undefined }
        : { ...before, retained: undefined };
    case 'ProjectionResumed':
      return { ...before, resumedBy: act };
    case 'EventParked': {
      const { position, eventId, eventType } = event.data;
      const parked = [...without(before.parked, position), { position, eventId, eventType }];
      return { ...before, parked, resumedBy: act };
    }
    case 'EventUnparked':
      return { ...before, parked: without(before.parked, event.data.position) };
    default:
      return unreachable(event);
  }
};

const without = (parked: readonly ParkedEvent[], position: string): readonly ParkedEvent[] =>
  parked.filter((event) => event.position !== position);

/** The state in the words of whoever carries it out. */
export const decisionsOf = (state: ProjectionsState): Decisions => ({
  acts: state.acts,
  logAcceptedBy: state.logAcceptedBy,
  of: (projection) => {
    const { run, retained, resumedBy, parked } = projectionOf(state, projection);
    return {
      run,
      retained,
      resumedBy,
      parked: new Map(parked.map(({ position, eventId }) => [BigInt(position), eventId])),
    };
  },
});

// --- Commands -----------------------------------------------------------------------------------

/** What is looked up beforehand, in the bookkeeping, is part of the command. */
export type ProjectionsCommand =
  | DomainCommand<'RequestRebuild', { readonly projection: string; readonly inUse: number }>
  | DomainCommand<
      'SwitchProjection',
      {
        readonly projection: string;
        readonly run: number;
        /** Whether its tables hold all that those in use do. */
        readonly isCurrent: boolean;
      }
    >
  | DomainCommand<
      'DropRun',
      { readonly projection: string; readonly run: number; readonly inUse: number }
    >
  | DomainCommand<'ResumeProjection', { readonly projection: string; readonly isStopped: boolean }>
  | DomainCommand<
      'ParkEvent',
      {
        readonly projection: string;
        readonly position: string;
        /** The events at which runs of the projection stand still. */
        readonly stoppedAt: readonly ParkedEvent[];
      }
    >
  | DomainCommand<'UnparkEvent', { readonly projection: string; readonly position: string }>
  | DomainCommand<'AcceptLog', { readonly refusal: string | null }>;

const decide = (
  command: ProjectionsCommand,
  state: ProjectionsState,
): readonly ProjectionsEvent[] => {
  if (command.type === 'AcceptLog') return acceptLog(command.data.refusal);
  const { projection } = command.data;
  const known = projectionOf(state, projection);
  switch (command.type) {
    case 'RequestRebuild': {
      const run = known.latest + 1;
      const replaces = command.data.inUse;
      return [{ type: 'ProjectionRebuildRequested', data: { projection, run, replaces } }];
    }
    case 'SwitchProjection':
      return switchTo(known, command.data);
    case 'DropRun':
      return drop(known, command.data);
    case 'ResumeProjection':
      if (!command.data.isStopped) {
        throw refused('projection/not-stopped', `Projection ${projection} has not stopped`);
      }
      return [{ type: 'ProjectionResumed', data: { projection } }];
    case 'ParkEvent':
      return park(known, command.data);
    case 'UnparkEvent': {
      const parked = known.parked.find(({ position }) => position === command.data.position);
      if (!parked) {
        throw new DomainError(
          'notFound',
          'projection/event-not-parked',
          `No event at position ${command.data.position} is parked for ${projection}`,
        );
      }
      return [{ type: 'EventUnparked', data: { projection, ...parked } }];
    }
    default:
      return unreachable(command);
  }
};

const acceptLog = (refusal: string | null): readonly ProjectionsEvent[] => {
  if (refusal !== null) return [{ type: 'LogAccepted', data: { reason: refusal } }];
  throw refused('projection/log-not-refused', 'The log is the one that the tables are filled from');
};

type Data<Type extends ProjectionsCommand['type']> = Extract<
  ProjectionsCommand,
  { type: Type }
>['data'];

const switchTo = (
  known: ProjectionState,
  { projection, run, isCurrent }: Data<'SwitchProjection'>,
): readonly ProjectionsEvent[] => {
  if (run === known.run) return [];
  if (run !== known.retained) throw unknownRun(projection, run);
  if (!isCurrent) {
    throw refused('projection/run-behind', `Run ${run} of ${projection} is behind the one in use`);
  }
  return [{ type: 'ProjectionSwitched', data: { projection, run } }];
};

const drop = (
  known: ProjectionState,
  { projection, run, inUse }: Data<'DropRun'>,
): readonly ProjectionsEvent[] => {
  if (run === inUse) {
    throw refused('projection/run-in-use', `Run ${run} of ${projection} serves readers`);
  }
  if (run !== known.retained && run !== known.run) throw unknownRun(projection, run);
  return [{ type: 'ProjectionRunDropped', data: { projection, run } }];
};

const park = (
  known: ProjectionState,
  { projection, position, stoppedAt }: Data<'ParkEvent'>,
): readonly ProjectionsEvent[] => {
  const stop = stoppedAt.find((event) => event.position === position);
  if (stop) return [{ type: 'EventParked', data: { projection, ...stop } }];
  if (known.parked.some((event) => event.position === position)) return [];
  throw refused(
    'projection/not-stopped-there',
    `Projection ${projection} has not stopped at position ${position}; only that event can be parked`,
  );
};

const refused = (code: string, message: string): DomainError =>
  new DomainError('conflict', code, message);

const unknownRun = (projection: string, run: number): DomainError =>
  new DomainError(
    'notFound',
    'projection/run-unknown',
    `Projection ${projection} has no run ${run} beside the one in use`,
  );

/** What operators decide about the projections of a group; the id is the group's name. */
export const projectionsAggregate: Aggregate<
  ProjectionsState,
  ProjectionsCommand,
  ProjectionsEvent
> = {
  category: 'projections',
  events: projectionsEvents,
  initialState: { acts: 0, logAcceptedBy: 0, projections: {} },
  decide,
  evolve,
};
