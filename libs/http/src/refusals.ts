import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { problemCatalogue, problemType } from './problem.js';

/**
 * Describes a route's own refusals in the OpenAPI document, by status and with each code as an
 * example; without it, a route shows the first code that any room registered for the status.
 *
 * @param codes of the catalogue of problems, those that are likeliest first.
 */
export const MayRefuse = (...codes: readonly string[]): MethodDecorator => {
  const byStatus = Map.groupBy(codes, (code) => entryOf(code).status);
  return applyDecorators(
    ...[...byStatus].map(([status, own]) =>
      ApiResponse({
        status,
        description: `Problem: ${own.map((code) => entryOf(code).title).join('; ')}`,
        content: {
          'application/problem+json': {
            schema: { $ref: '#/components/schemas/Problem' },
            examples: Object.fromEntries(own.map((code) => [code, exampleOf(code)])),
          },
        },
      }),
    ),
  );
};

const entryOf = (code: string) => {
  const entry = problemCatalogue().get(code);
  if (!entry) throw new Error(`No problem ${code} is registered`);
  return entry;
};

const exampleOf = (code: string) => {
  const { status, title } = entryOf(code);
  return { value: { type: problemType(code), title, status, code, detail: title } };
};
