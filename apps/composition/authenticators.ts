import { AccessTokenAuthenticator, OidcAuthenticator } from '@hostledger/access';
import type { Authenticator } from '@hostledger/http';
import type { System } from './system.js';

/** Whose tokens are taken: those issued here, and where one is named those of an OIDC issuer. */
export const authenticatorsOf = ({
  aggregateStore,
  config,
}: Pick<System, 'aggregateStore' | 'config'>): readonly Authenticator[] => [
  new AccessTokenAuthenticator(aggregateStore),
  ...(config.oidc ? [new OidcAuthenticator(config.oidc)] : []),
];
