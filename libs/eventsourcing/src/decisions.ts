/** What operators have decided about the projections of a group, folded from their acts. */
export interface Decisions {
  /** How many acts there are; each has its number, from 1. */
  readonly acts: number;
  /** Number of the act by which another log was accepted last; 0 for never. */
  readonly logAcceptedBy: number;
  of(projection: string): ProjectionDecisions;
}

export interface ProjectionDecisions {
  /** The run that is to be in use once it is filled; 0 until a rebuild is asked for. */
  readonly run: number;
  /** The run before it, kept up to date so that it can be switched back to. */
  readonly retained: number | undefined;
  /** Number of the last act that has a stopped projection tried again; 0 for never. */
  readonly resumedBy: number;
  /** Events that no run is given, by position; the id tells whether it is still that event. */
  readonly parked: ReadonlyMap<bigint, string>;
}

const UNDECIDED: ProjectionDecisions = {
  run: 0,
  retained: undefined,
  resumedBy: 0,
  parked: new Map(),
};

/** Where nobody has decided anything. */
export const noDecisions: Decisions = { acts: 0, logAcceptedBy: 0, of: () => UNDECIDED };
