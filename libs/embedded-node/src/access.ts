import { status, type Metadata } from '@grpc/grpc-js';
import { isAllowed, type Act, type Caller } from './acl.js';
import type { EventLog } from './log.js';
import { serviceError } from './messages.js';
import { CredentialsRefused, type NodeUsers } from './users.js';
import type { ReadableLog } from './view.js';

/** Of the log what calls are served from. */
export type ServedLog = ReadableLog & Pick<EventLog, 'append' | 'softDelete' | 'tombstone'>;

/** The log as the caller of one call may see it; throws where the caller is not who it says. */
export type Access = (metadata: Metadata) => ServedLog;

/** For a node that everybody who reaches it may use. */
export const openToAll =
  (log: ServedLog): Access =>
  () =>
    log;

/** For a node with users: each call says who makes it, and what it may not is refused. */
export const byUser =
  (log: EventLog, users: NodeUsers): Access =>
  (metadata) =>
    guardedLog(log, callerOf(users, metadata));

const callerOf = (users: NodeUsers, metadata: Metadata): Caller | undefined => {
  try {
    return users.callerOf(metadata.get('authorization')[0]?.toString());
  } catch (error) {
    if (!(error instanceof CredentialsRefused)) throw error;
    throw serviceError(status.UNAUTHENTICATED, error.message);
  }
};

const guardedLog = (log: EventLog, caller: Caller | undefined): ServedLog => {
  const may = (act: Act, stream: string): void => {
    if (!isAllowed(log, caller, act, stream)) throw accessDenied();
  };
  return {
    append: async (stream, expected, events) => {
      may('$w', stream);
      return log.append(stream, expected, events);
    },
    softDelete: async (stream, expected) => {
      may('$d', stream);
      return log.softDelete(stream, expected);
    },
    tombstone: async (stream, expected) => {
      may('$d', stream);
      return log.tombstone(stream, expected);
    },
    readStream: (stream, ...rest) => {
      may('$r', stream);
      return log.readStream(stream, ...rest);
    },
    readAll: (...from) => {
      may('$r', '$all');
      return log.readAll(...from);
    },
    lastRevision: (stream) => log.lastRevision(stream),
    isValidPosition: (position) => log.isValidPosition(position),
    get headPosition() {
      return log.headPosition;
    },
    onCommit: (listener) => log.onCommit(listener),
  };
};

const ACCESS_DENIED = 'access-denied';

const accessDenied = (): Error =>
  serviceError(status.PERMISSION_DENIED, 'Access Denied', { exception: ACCESS_DENIED });

/** Whether it is this refusal, which an item of a batch gets without an end to the others. */
export const isAccessDenied = (error: unknown): boolean =>
  error instanceof Error && (error as { code?: unknown }).code === status.PERMISSION_DENIED;
