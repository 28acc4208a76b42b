import type { Principal, Role } from '@hostledger/http';

/** Somebody of a customer, who never sees more than that customer's objects. */
const LIMITED_ROLE = 'customer';

/** Whoever comes with the role of a customer and without customers sees nobody's objects. */
export const principalWith = (
  subject: string,
  roles: readonly Role[],
  customers: readonly string[] | undefined,
): Principal => {
  const isLimited = roles.some((role: string) => role === LIMITED_ROLE);
  const limit = customers ?? (isLimited ? [] : undefined);
  return { subject, roles, ...(limit && { customers: limit }) };
};
