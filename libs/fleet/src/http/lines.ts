import { ApiProperty } from '@nestjs/swagger';
import {
  faultOf,
  keptLine,
  ProblemError,
  type BulkUpload,
  type UploadLine,
  type UploadRejection,
} from '@hostledger/http';

/** Errors named in a problem; the total is given beside them. */
const MAX_ERRORS_NAMED = 1_000;

/** What is wrong with a line. */
export type LineFault = Omit<UploadRejection, 'line'>;

/** What is wrong with a line in the light of those before it; `undefined` if nothing. */
export type LineRule<T> = (line: UploadLine<T>) => LineFault | undefined;

/**
 * Applies a rule to the lines that have the right form, in their order. With
 * `mode=all-or-nothing` one broken line refuses the whole upload.
 */
export const checkLines = <T>(
  upload: BulkUpload<T>,
  mode: string | undefined,
  rule: LineRule<T>,
): BulkUpload<T> => {
  const lines: UploadLine<T>[] = [];
  const broken: UploadRejection[] = [];
  for (const line of upload.lines) {
    const fault = rule(line);
    if (fault) broken.push({ line: line.line, ...fault, ...keptLine(line.value) });
    else lines.push(line);
  }
  if (broken.length === 0) return upload;
  if (mode === 'all-or-nothing') {
    throw new ProblemError(
      422,
      'upload/lines-invalid',
      `${broken.length} lines are invalid, so nothing was accepted (mode all-or-nothing)`,
      { errors: broken.slice(0, MAX_ERRORS_NAMED).map(faultOf), totalErrors: broken.length },
    );
  }
  const rejected = [...upload.rejected, ...broken].sort((a, b) => a.line - b.line);
  return { ...upload, lines, rejected };
};

/** Answer to an upload whose lines are performed in the background. */
export class OperationAccepted {
  /** Progress and refused lines: `/v1/operations/{operationId}`. */
  operationId: string;
  /** Lines that will be performed. */
  @ApiProperty({ example: 27_000 })
  accepted: number;
  /** Lines refused at once; the operation names each. */
  rejected: number;
}
