export { AccessApiModule, accessProjections } from './access.module.js';
export {
  accessDenialsAggregate,
  type AccessDenialEvent,
  type DeniedRequests,
} from './domain/access-denials.js';
export { AccessDenialsModule } from './denials.js';
export { DenialLog } from './process/denial-log.js';
export type { AccessDenialRow, AccessDenialTables } from './read/denials.js';
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
export { OidcAuthenticator, type OidcSettings } from './oidc/authenticator.js';
export { SUBJECT_FORM } from './domain/subject.js';
