import { setTimeout as sleep } from 'node:timers/promises';
import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Param,
  Post,
  Req,
  Res,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { ApiExcludeController, ApiExcludeEndpoint, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Length, Max, Min } from 'class-validator';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CommandContext } from '@hostledger/eventsourcing';
import { ActContext } from './act-context.js';
import { AnyRole, DuringOutages, Public } from './auth.js';
import { Metrics } from './metrics.js';
import { problemCatalogue, ProblemError, problemType } from './problem.js';
import { reply } from './reply.js';

/** One thing that must work for this process to be of use. */
export interface ReadinessProbe {
  readonly name: string;
  /** Resolves with what is wrong, or with nothing; failing too when it takes 3 s. */
  readonly check: () => Promise<string | undefined>;
}

export const READINESS = Symbol('READINESS');

/** What each of the probes says at this moment. */
export const partsOf = (probes: readonly ReadinessProbe[]): Promise<readonly Part[]> =>
  Promise.all(probes.map(checked));

/** A probe that takes longer has failed; what it waits for does not answer. */
const PROBE_WITHIN_MS = 3_000;

interface Part {
  readonly name: string;
  readonly status: 'ok' | 'failing';
  readonly detail?: string;
}

@ApiTags('operations')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
  private checking: Promise<readonly Part[]> | undefined;

  constructor(@Inject(READINESS) private readonly probes: readonly ReadinessProbe[]) {}

  @ApiOperation({ summary: 'The process runs and answers' })
  @Get('live')
  @Public()
  live() {
    return { status: 'ok' };
  }

  @ApiOperation({ summary: 'Everything this process needs works; 503 names what does not' })
  @Get('ready')
  @Public()
  async ready(@Req() request: FastifyRequest, @Res({ passthrough: true }) response: FastifyReply) {
    // Anybody may ask, so many who ask at once cost one check.
    this.checking ??= partsOf(this.probes).finally(() => {
      this.checking = undefined;
    });
    const parts = await this.checking;
    const failing = parts.some(({ status }) => status === 'failing');
    if (failing) void response.status(503).header('retry-after', '2');
    const shown = isLocal(request) ? parts : parts.map(({ name, status }) => ({ name, status }));
    return { status: failing ? 'failing' : 'ok', parts: shown };
  }
}

const checked = async ({ name, check }: ReadinessProbe): Promise<Part> => {
  const detail = await within(PROBE_WITHIN_MS, check()).catch(
    (error: unknown) => (error as Error).message,
  );
  return detail === undefined ? { name, status: 'ok' } : { name, status: 'failing', detail };
};

const within = async <T>(ms: number, work: Promise<T>): Promise<T> => {
  const done = new AbortController();
  const late = sleep(ms, undefined, { signal: done.signal }).then(() => {
    throw new Error(`No answer within ${ms} ms`);
  });
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
};

/** Details name addresses and causes, which are for this machine only; a proxy speaks for others. */
const isLocal = ({ socket, headers }: FastifyRequest): boolean =>
  /^(::1|(::ffff:)?127\.)/.test(socket.remoteAddress ?? '') &&
  headers['x-forwarded-for'] === undefined &&
  headers['forwarded'] === undefined;

@ApiTags('operations')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @ApiOperation({ summary: "Metrics in Prometheus' text format; a token of any role" })
  @Get()
  @AnyRole()
  @DuringOutages()
  async scrape(@Res() response: FastifyReply) {
    const { contentType } = this.metrics.registry;
    await response.header('content-type', contentType).send(await this.metrics.scrape());
  }
}

@ApiTags('operations')
@Controller('problems')
export class ProblemsController {
  @ApiOperation({ summary: 'Every problem code with its status and meaning' })
  @Get()
  @Public()
  list() {
    const items = [...problemCatalogue().keys()].sort().map(problemEntry);
    return { items };
  }

  /** Where the `type` of a problem leads. */
  @ApiExcludeEndpoint()
  @Get(':room/:rule')
  @Public()
  get(@Param('room') room: string, @Param('rule') rule: string) {
    const code = `${room}/${rule}`;
    if (problemCatalogue().has(code)) return problemEntry(code);
    throw new ProblemError(404, 'request/not-found', 'There is no such problem code');
  }
}

const problemEntry = (code: string) => ({
  type: problemType(code),
  code,
  ...problemCatalogue().get(code),
});

export class NoopBody {
  /** @example S19JXP0001 */
  @Length(1, 40)
  serial: string;

  /** @example 3247 */
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  powerWatts: number;
}

/** Takes the path of a command up to the store; the yardstick of the bench. */
@ApiExcludeController()
@Controller('noop')
export class NoopController {
  @Post()
  @HttpCode(200)
  @AnyRole()
  noop(@Body() body: NoopBody, @ActContext() context: CommandContext) {
    const outcome = { revision: 0n, position: 0n, replayed: false };
    return reply(outcome, { body: { serial: body.serial, commandId: context.commandId } });
  }
}
