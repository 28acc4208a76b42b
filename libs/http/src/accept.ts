import type { FastifyRequest } from 'fastify';
import Negotiator from 'negotiator';
import { ProblemError } from './problem.js';

/**
 * The media type to answer with, by `Accept`; of those liked equally the first on offer.
 * @throws ProblemError 406 `request/not-acceptable`.
 */
export const acceptedType = <T extends string>(
  request: FastifyRequest,
  offered: readonly T[],
): T => {
  const chosen = new Negotiator(request.raw).mediaType([...offered]);
  if (chosen !== undefined) return chosen as T;
  throw new ProblemError(406, 'request/not-acceptable', `Served here: ${offered.join(', ')}`);
};
