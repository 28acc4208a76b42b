export {
  ProblemError,
  problemCatalogue,
  problemType,
  registerProblems,
  type FieldError,
  type Problem,
  type ProblemEntry,
} from './problem.js';
export { ProblemFilter, problemBody, toProblem } from './problem.filter.js';
export {
  AnyRole,
  AUTHENTICATORS,
  COMPANY_ROLES,
  DENIAL_OBSERVER,
  Public,
  RoleGuard,
  Roles,
  ROLES,
  allowedRoles,
  routesOf,
  type AuthenticatedRequest,
  type Authenticator,
  type CompanyRole,
  type Denial,
  type DenialObserver,
  type Principal,
  type Role,
} from './auth.js';
export { InScope, OwnObject, OwnRows, scopeOf, scopeRuleOf, sees, type Scope } from './scope.js';
export { ActContext, contextOf, requestClock } from './act-context.js';
export { HttpReply, readReply, reply, ReplyInterceptor } from './reply.js';
export {
  cursorOf,
  cursorValues,
  DEFAULT_LIMIT,
  equalTo,
  flagOf,
  IsTrueOrFalse,
  keysetPage,
  ownedRow,
  ownRows,
  Page,
  ReadAt,
  type OwnedKind,
  type PageOf,
  type ReadOptions,
} from './read.js';
export { isTimeZoneName, IsTimeZoneName } from './time-zone.js';
export {
  AreNested,
  IsCurrency,
  IsDay,
  IsDigest,
  IsInstant,
  IsMoney,
  IsNested,
  IsOfPlainYear,
  MayBeAbsent,
} from './forms.js';
export {
  AsOfQuery,
  IsDayOrInstant,
  IsPositionOrInstant,
  knownBy,
  recordedView,
  RecordedView,
} from './as-of.js';
export { MayRefuse } from './refusals.js';
export { CsvReader } from './csv.js';
export { acceptedType } from './accept.js';
export { readTimeline, Timeline, TimelineEntryView, type Sight } from './timeline.js';
export {
  BulkRoute,
  faultOf,
  REJECTED_COLUMNS,
  Upload,
  type BulkUpload,
  type UploadLine,
  type UploadRejection,
} from './bulk.js';
export { keptLine, type KeptLine } from './kept-line.js';
export {
  csvLine,
  noFormula,
  sendCsv,
  sendEvents,
  sendEventStream,
  type ServerSentEvent,
} from './event-stream.js';
export { fastifyAdapter, type Reached } from './adapter.js';
export { isOfPlainYear } from './calendar.js';
export { CONNECTION_LIMITS, type ConnectionLimits } from './connections.js';
export { configureHttp, type HttpOptions } from './configure.js';
export { logDestination } from './log-destination.js';
export {
  Metrics,
  type ScrapedProjection,
  type ScrapedRunner,
  type ThreadMetrics,
} from './metrics.js';
export { HttpModule, type HttpModuleOptions } from './http.module.js';
export { READINESS, type ReadinessProbe } from './operations.controllers.js';
export { openApiDocument, serveOpenApi } from './openapi.js';
