import { StandardSchemaValidationPipe, ValidationPipe, type PipeTransform } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { escapePointer, ProblemError, type FieldError } from './problem.js';

/** Errors named in a problem; the total is given beside them. */
const MAX_ERRORS_NAMED = 100;
/** Errors whose messages make up the `detail` of a problem. */
const MAX_ERRORS_TOLD = 5;

/** Bodies and parameters have exactly the declared form, by class-validator or by a schema. */
export const validationPipes = (): readonly PipeTransform[] => [
  new StandardSchemaValidationPipe({
    exceptionFactory: (issues: readonly Issue[]) => invalid(issues.map(ofIssue)),
  }),
  new ValidationPipe({
    whitelist: true,
    forbidNonWhitelisted: true,
    transform: true,
    stopAtFirstError: false,
    exceptionFactory: (errors) => invalid(errors.flatMap((error) => ofValidation(error, ''))),
  }),
];

const invalid = (errors: readonly FieldError[]): ProblemError => {
  const told = errors.slice(0, MAX_ERRORS_TOLD).map(({ message }) => message);
  const more = errors.length > told.length ? [`and ${errors.length - told.length} more`] : [];
  return new ProblemError(400, 'request/invalid', [...told, ...more].join('; '), {
    errors: errors.slice(0, MAX_ERRORS_NAMED),
    ...(errors.length > MAX_ERRORS_NAMED && { totalErrors: errors.length }),
  });
};

/** An issue of any library that follows the Standard Schema, such as zod. */
interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
  readonly code?: unknown;
}

const ofIssue = ({ message, path = [], code }: Issue): FieldError => ({
  pointer: path
    .map((step) => `/${escapePointer(String(typeof step === 'object' ? step.key : step))}`)
    .join(''),
  code: typeof code === 'string' ? code : 'schema',
  message,
});

const ofValidation = (error: ValidationError, parent: string): FieldError[] => {
  const pointer = `${parent}/${escapePointer(error.property)}`;
  const own = Object.entries(error.constraints ?? {}).map(([code, message]) => ({
    pointer,
    code: code === 'whitelistValidation' ? 'unknownField' : code,
    message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => ofValidation(child, pointer))];
};
