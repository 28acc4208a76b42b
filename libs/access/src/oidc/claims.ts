import type { JWTPayload } from 'jose';
import { ROLES, type Role } from '@hostledger/http';

/** A customer's limit that cannot be read is not lifted: the token is refused. */
export class UnreadableClaim extends Error {}

/**
 * The value of a claim: a name (`roles`), or where it begins with `/` a JSON pointer (RFC 6901) into
 * claims of claims, such as `/realm_access/roles` or `/https:~1~1example.com~1roles`.
 */
export const claimAt = (claims: JWTPayload, path: string): unknown => {
  const steps = path.startsWith('/')
    ? path
        .slice(1)
        .split('/')
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : [path];
  return steps.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, step)
        ? (value as Record<string, unknown>)[step]
        : undefined,
    claims,
  );
};

/** A list of texts, or one text whose words are parted by spaces as those of `scope` are (RFC 8693, 4.2). */
const wordsOf = (value: unknown): readonly string[] | undefined => {
  if (typeof value === 'string') return value.split(' ').filter((word) => word !== '');
  if (!Array.isArray(value)) return undefined;
  return value.every((word): word is string => typeof word === 'string') ? value : undefined;
};

export type RoleOfValue = readonly { readonly role: string; readonly value: string }[];

/** The mapped roles of a claim; what is not mapped, or is no list of texts, gives none. */
export const rolesIn = (value: unknown, mapping: RoleOfValue): readonly Role[] => {
  const words = new Set(wordsOf(value) ?? []);
  const found = new Set(mapping.filter((one) => words.has(one.value)).map(({ role }) => role));
  return ROLES.filter((role) => found.has(role));
};

const CUSTOMER_ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const MAX_CUSTOMERS = 100;

/**
 * The customers to whom a claim limits a token; undefined where it says nothing of them.
 * @throws UnreadableClaim for anything but up to a hundred ids of customers.
 */
export const customersIn = (value: unknown): readonly string[] | undefined => {
  if (value === undefined) return undefined;
  const ids = wordsOf(value)?.map((id) => id.toLowerCase());
  if (!ids || ids.length > MAX_CUSTOMERS || !ids.every((id) => CUSTOMER_ID.test(id))) {
    throw new UnreadableClaim('The customers of the token are no list of ids');
  }
  return [...new Set(ids)];
};
