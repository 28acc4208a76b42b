/**
 * What opens something, by its form: issued tokens (their id stays), tokens of OIDC issuers, secrets
 * of webhooks, keys of signed notes and of PEM, passwords of addresses, and whatever a header bears.
 */
const SECRETS = new RegExp(
  [
    String.raw`(?<=\bhl_[0-9a-f-]{36}_)[\w-]{43}`,
    String.raw`\beyJ[\w-]{8,}\.[\w-]+(\.[\w-]*)*`,
    String.raw`(?<=\bwhsec_)[\w+/=-]+`,
    String.raw`(?<=\bPRIVATE\+KEY\+)[^\s"\\]+`,
    String.raw`(?<=-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?=-----END|$)`,
    String.raw`(?<=:\/\/[^\s/:@"\\]{0,200}:)[^\s/@"\\]+(?=@)`,
    String.raw`(?<=\b[Bb]earer )[\w.~+/=-]{20,}`,
  ].join('|'),
  'g',
);

/** The text with `…` where a secret stood. Nobody should write one; an error or an address may. */
export const withoutSecrets = (text: string): string => text.replace(SECRETS, '…');
