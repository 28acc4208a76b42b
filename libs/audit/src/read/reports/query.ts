import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsInt, Max, Min } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { ReadModels } from '@hostledger/eventsourcing/postgres';
import {
  acceptedType,
  IsDay,
  MayBeAbsent,
  MayRefuse,
  ReadAt,
  readReply,
  Roles,
  type ReadOptions,
} from '@hostledger/http';
import { Duties } from '../../domain/duties.js';
import '../../http/reports-problems.js';
import { CompletenessReport } from './completeness-views.js';
import { CompletenessQuery } from './completeness.js';
import { PAGE_POLICY, reportPage } from './page/page.js';
import { reportPdf } from './page/paper.js';
import { ANSWER_WITHIN_MS, checkedPeriod, type Period } from './period.js';
import { segregationIn } from './segregation.js';
import type { ReportTables } from './tables.js';
import { SegregationReport } from './views.js';

const LATE_AFTER_HOURS = 24;
const MAX_LATE_HOURS = 24 * 366;
const MAX_CHECKED = 20_000;
const MOST_CHECKED = 1_000_000;

export class SegregationReportQuery {
  /**
   * First day of the period, UTC, by the time of recording.
   * @example 2024-06-01
   */
  @IsDay()
  from: string;

  /**
   * The day after the last one; 366 days later at most.
   * @example 2024-07-01
   */
  @IsDay()
  until: string;
}

export class CompletenessReportQuery extends SegregationReportQuery {
  /**
   * How many hours after it happened a fact is late.
   * @example 24
   */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(1)
  @Max(MAX_LATE_HOURS)
  lateAfterHours?: number;

  /**
   * How many events of the log are compared with the index at most, from the first of the period on.
   * @example 20000
   */
  @MayBeAbsent()
  @Type(() => Number)
  @IsInt()
  @Min(0)
  @Max(MOST_CHECKED)
  check?: number;
}

@ApiTags('audit')
@Controller('audit/reports')
@Roles('auditor')
export class AuditReportsController {
  constructor(
    private readonly readModels: ReadModels,
    private readonly completeness: CompletenessQuery,
    private readonly duties: Duties,
  ) {}

  @ApiOperation({
    summary: 'Who decided, with whom, and against which rule, in a period',
    description:
      'Acts that take two subjects with who asked and who decided, those where that was one, conflicts of duties, overrides, acts as administrator, tokens. Lists hold 1,000; the numbers are of all.',
  })
  @Get('segregation')
  @ApiOkResponse({ type: SegregationReport })
  @MayRefuse('report/period-invalid')
  async segregation(@Query() query: SegregationReportQuery, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.segregationOf(checkedPeriod(query), at);
    return readReply(position, value);
  }

  @ApiOperation({
    summary: 'Whether the history of a period is whole, and what came to it out of its time',
    description:
      'Events a day, late and backdated facts, gaps, the log against its index, changes of streams and settings, checkpoints, stopped read models, denied requests. A long period of a large log takes long.',
  })
  @Get('completeness')
  @ApiOkResponse({ type: CompletenessReport })
  @MayRefuse('report/period-invalid')
  async complete(@Query() query: CompletenessReportQuery, @ReadAt() at: ReadOptions) {
    const { position, value } = await this.completenessOf(query, at);
    return readReply(position, value);
  }

  @ApiOperation({
    summary: 'Both reports as one page to read or print, with plots',
    description:
      'Self-contained HTML, without scripts and with nothing from elsewhere; or the same as a PDF, shorter, where that is asked for.',
  })
  @Get()
  @ApiProduces('text/html', 'application/pdf')
  @ApiOkResponse({ description: 'The page', schema: { type: 'string' } })
  @MayRefuse('report/period-invalid', 'request/not-acceptable')
  async page(
    @Query() query: CompletenessReportQuery,
    @ReadAt() at: ReadOptions,
    @Req() request: FastifyRequest,
  ) {
    const type = acceptedType(request, ['text/html', 'application/pdf']);
    const complete = await this.completenessOf(query, at);
    const decided = await this.segregationOf(checkedPeriod(query), at);
    const position = decided.position < complete.position ? decided.position : complete.position;
    const of = [decided.value, complete.value, position] as const;
    if (type === 'application/pdf') {
      return readReply(position, await reportPdf(...of), { 'content-type': type });
    }
    return readReply(position, reportPage(...of), {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': PAGE_POLICY,
    });
  }

  private segregationOf(period: Period, at: ReadOptions) {
    return this.readModels.read<ReportTables, SegregationReport>(
      { ...at, answerWithinMs: ANSWER_WITHIN_MS },
      (db) => segregationIn(db, this.duties, period),
    );
  }

  private completenessOf(
    { lateAfterHours, check, ...days }: CompletenessReportQuery,
    at: ReadOptions,
  ) {
    const options = {
      lateAfterHours: lateAfterHours ?? LATE_AFTER_HOURS,
      maxChecked: check ?? MAX_CHECKED,
    };
    return this.completeness.of(checkedPeriod(days), options, at);
  }
}

export const reportsQuery = {
  controllers: [AuditReportsController],
  providers: [CompletenessQuery],
};
