// Who acts, in one name for each person: four eyes, budgets and histories compare nothing else.

/** Of every subject. An issuer's own names may hold `#`, `|`, `=` and `~` too. */
export const SUBJECT_FORM = /^[\w.@:+/#|=~-]{1,200}$/;

/** Actors of the system itself and of its operators' command line; history must not confuse them. */
const OF_THE_SYSTEM = /^(system|cli):/i;

/** `oidc:` in another spelling would look like a person of an issuer, and be another one. */
const OF_AN_ISSUER = /^oidc:/i;
const OF_AN_ISSUER_AS_IT_IS_SPELT = /^oidc:[^#]+#./;

/** Whether no token may be issued to it. */
export const isReservedSubject = (subject: string): boolean =>
  OF_THE_SYSTEM.test(subject) ||
  (OF_AN_ISSUER.test(subject) && !OF_AN_ISSUER_AS_IT_IS_SPELT.test(subject));

/**
 * The subject of a person whom an issuer knows: `oidc:login.example.com/realms/hosting#f81d4fae`.
 * The address of an issuer has no `#` (OpenID Connect Discovery 1.0, 3), so two issuers never make
 * one subject. Undefined where the name cannot be kept: a cut or changed one could be another's.
 *
 * @param claim whose value the name is: `sub` counts letter by letter (OpenID Connect Core 1.0, 2);
 *   names that people type, such as an address of mail, are one in whatever case.
 */
export const subjectOfIssuer = (
  issuer: string,
  claim: string,
  value: unknown,
): string | undefined => {
  if (typeof value !== 'string' || value === '') return undefined;
  const name = claim === 'sub' ? value : value.toLowerCase();
  const subject = `oidc:${issuer.replace(/^https:\/\//, '')}#${name}`;
  return SUBJECT_FORM.test(subject) ? subject : undefined;
};
