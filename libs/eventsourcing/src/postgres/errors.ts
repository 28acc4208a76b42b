/** The read models have not reached the position that was asked for within the time. */
export class ReadModelBehind extends Error {
  constructor(
    readonly wanted: bigint,
    readonly current: bigint,
    /** Why they will not get there by themselves. */
    stop?: string,
  ) {
    const far = `The read models are at position ${current}, not yet at ${wanted}`;
    super(stop === undefined ? far : `${far}: ${stop}`);
    this.name = 'ReadModelBehind';
  }
}

/** The log ends before the position that was asked for: no reply can have carried it. */
export class PositionBeyondLog extends Error {
  constructor(
    readonly wanted: bigint,
    readonly end: bigint,
  ) {
    super(`The log ends at position ${end}, before ${wanted}`);
    this.name = 'PositionBeyondLog';
  }
}

/** The read models know events that are not in the log: it was restored or replaced. */
export class ReadModelRefused extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'ReadModelRefused';
  }
}

/** The read models' database did not answer, or has no tables of these read models yet. */
export class ReadModelUnavailable extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ReadModelUnavailable';
  }
}

/** SQLSTATE or system error code. Not by class: drivers and Node have their own error classes. */
export const codeOf = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
