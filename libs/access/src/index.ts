export { AccessApiModule, accessProjections } from './access.module.js';
export {
  accessTokenAggregate,
  accessTokenEvents,
  type AccessTokenEvent,
} from './domain/access-token.js';
export {
  AccessTokenAuthenticator,
  ensureFirstToken,
  issueToken,
  revokeToken,
  type IssuedToken,
  type TokenRequest,
} from './tokens.js';
export { accessDuties } from './duties.js';
