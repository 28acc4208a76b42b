import { IsIn } from 'class-validator';
import { z } from 'zod';
import { type BulkUpload, MayBeAbsent, reply } from '@hostledger/http';
import type { StartedOperation } from '@hostledger/operations';
import { minerModel, modelUnknown } from '../domain/models.js';
import type { LineRule, OperationAccepted } from './lines.js';

export class UploadMode {
  /** What happens to the other lines when one is invalid. */
  @MayBeAbsent()
  @IsIn(['per-line', 'all-or-nothing'])
  mode?: string;
}

/** Code of a model, in any case. */
export const modelField = z
  .string()
  .max(60)
  .transform((code) => code.trim().toUpperCase() || undefined)
  .optional()
  .meta({ example: 'S19JXP-151' });

export const modelIsKnown: LineRule<{ readonly model?: string | undefined }> = ({
  value: { model },
}) => {
  if (model === undefined || minerModel(model)) return undefined;
  const { code, message } = modelUnknown(model);
  return { column: 'model', code, message };
};

/** An upload with its refusals as they are stored. */
export const asStored = <Line>({ lines, rejected, digest }: BulkUpload<Line>) => ({
  lines,
  rejected: rejected.map(({ column: _, ...refused }) => refused),
  digest,
});

/** 202 with the operation that performs the lines. */
export const operationStarted = (
  started: StartedOperation,
  { lines, rejected }: BulkUpload<unknown>,
) => {
  const { operationId } = started;
  return reply(started, {
    status: 202,
    location: `/v1/operations/${operationId}`,
    body: {
      operationId,
      accepted: lines.length,
      rejected: rejected.length,
    } satisfies OperationAccepted,
  });
};
