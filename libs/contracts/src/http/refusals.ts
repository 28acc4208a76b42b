import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';
import { problemCatalogue, problemType } from '@hostledger/http';
import './problems.js';

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

/** Why nothing new is begun under a contract. */
export const NOTHING_NEW = [
  'contract/unknown',
  'contract/not-executed',
  'contract/suspended',
  'contract/noticed',
  'contract/ended',
  'customer/credit-stop',
  'customer/succeeded',
] as const;

/** What terms may not say. */
export const UNSOUND_TERMS = [
  'contract/unknown',
  'contract/rate-missing',
  'contract/rate-foreign',
  'contract/currency-mismatch',
  'contract/term-backwards',
  'contract/clause-repeated',
  'contract/money-too-fine',
  'contract/cap-below-orders',
  'contract/cap-below-allocations',
] as const;

/** What holds for every act in the life of a contract. */
export const NO_ACT = [
  'contract/unknown',
  'contract/ended',
  'contract/before-last-act',
  'contract/act-in-future',
  'contract/recorded-otherwise',
  'contract/not-executed',
] as const;

/** What holds for every movement of a deposit. */
export const NO_PAYMENT = [
  'contract/unknown',
  'contract/not-executed',
  'contract/act-in-future',
  'contract/deposit-currency',
  'contract/deposit-nothing',
  'contract/money-too-fine',
] as const;
