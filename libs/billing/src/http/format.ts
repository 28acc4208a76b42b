import type { FastifyRequest } from 'fastify';
import { acceptedType } from '@hostledger/http';

/**
 * What something is asked for as: by `?format=`, which links can say, else by `Accept`.
 * @param types media types by their short names, the one for who does not mind first.
 * @throws ProblemError 406 `request/not-acceptable`.
 */
export const formatWanted = <Format extends string>(
  request: FastifyRequest,
  format: Format | undefined,
  types: Readonly<Record<Format, string>>,
): Format => {
  if (format !== undefined) return format;
  const formats = Object.keys(types) as Format[];
  const type = acceptedType(
    request,
    formats.map((each) => types[each]),
  );
  return formats.find((each) => types[each] === type)!;
};
