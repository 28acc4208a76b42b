import { Type } from 'class-transformer';
import { IsInt, Matches, Max, Min } from 'class-validator';

const MAX_RUN = 2_147_483_647;

export class ProjectionParams {
  /** @example fleet_miners */
  @Matches(/^[a-z][a-z0-9_]{0,62}$/, {
    message: '$property is the snake_case name of a projection',
  })
  name: string;
}

export class RunParams extends ProjectionParams {
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MAX_RUN)
  run: number;
}

export class RunBody {
  /**
   * The run to be in use.
   * @example 0
   */
  @IsInt()
  @Min(0)
  @Max(MAX_RUN)
  run: number;
}

const POSITION = /^(0|[1-9]\d{0,18})$/;
const AS_TEXT = { message: '$property is a position in the log, as decimal text' };

export class EventParams extends ProjectionParams {
  @Matches(POSITION, AS_TEXT)
  position: string;
}

export class EventBody {
  /**
   * Where the event that cannot be applied is in the log.
   * @example 1048576
   */
  @Matches(POSITION, AS_TEXT)
  position: string;
}

/** An act was accepted; whoever keeps the tables carries it out within seconds. */
export class ActReply {
  /** @example fleet_miners */
  projection: string;
}
