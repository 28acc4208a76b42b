import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  Post,
  Res,
  VERSION_NEUTRAL,
} from '@nestjs/common';
import { ApiExcludeController, ApiOperation, ApiTags } from '@nestjs/swagger';
import { IsInt, Length, Max, Min } from 'class-validator';
import type { FastifyReply } from 'fastify';
import type { CommandContext } from '@hostledger/eventsourcing';
import { ActContext } from './act-context.js';
import { AnyRole, Public } from './auth.js';
import { Metrics } from './metrics.js';
import { problemCatalogue, problemType } from './problem.js';
import { reply } from './reply.js';

/** One thing that must work for this process to be of use. */
export interface ReadinessProbe {
  readonly name: string;
  /** Resolves with what is wrong, or with nothing; must settle within a few seconds. */
  readonly check: () => Promise<string | undefined>;
}

export const READINESS = Symbol('READINESS');

@ApiTags('operations')
@Controller({ path: 'health', version: VERSION_NEUTRAL })
export class HealthController {
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
  async ready(@Res({ passthrough: true }) response: FastifyReply) {
    const parts = await Promise.all(
      this.probes.map(async ({ name, check }) => {
        const problem = await check().catch((error: unknown) => (error as Error).message);
        return { name, status: problem === undefined ? 'ok' : 'failing', detail: problem };
      }),
    );
    const failing = parts.some(({ status }) => status === 'failing');
    if (failing) void response.status(503).header('retry-after', '2');
    return { status: failing ? 'failing' : 'ok', parts };
  }
}

@ApiTags('operations')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @ApiOperation({ summary: "Metrics in Prometheus' text format; a token of any role" })
  @Get()
  @AnyRole()
  async scrape(@Res() response: FastifyReply) {
    const { contentType } = this.metrics.registry;
    await response.header('content-type', contentType).send(await this.metrics.registry.metrics());
  }
}

@ApiTags('operations')
@Controller('problems')
export class ProblemsController {
  @ApiOperation({ summary: 'Every problem code with its status and meaning' })
  @Get()
  @Public()
  list() {
    const items = [...problemCatalogue()]
      .map(([code, { status, title }]) => ({ type: problemType(code), code, status, title }))
      .sort((a, b) => (a.code < b.code ? -1 : 1));
    return { items };
  }
}

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
