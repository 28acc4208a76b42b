import {
  Server,
  ServerCredentials,
  status,
  type ServiceError,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  type Metadata,
} from '@grpc/grpc-js';
import * as gossipService from '@eventstore/db-client/generated/gossip_grpc_pb';
import * as featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import * as shared from '@eventstore/db-client/generated/shared_pb';
import * as streamsService from '@eventstore/db-client/generated/streams_grpc_pb';
import * as streams from '@eventstore/db-client/generated/streams_pb';
import { isAccessDenied, type Access, type ServedLog } from './access.js';
import { clusterOf, supportedMethods } from './discovery.js';
import type { FaultSwitchboard } from './faults.js';
import { LogUnavailable, type Appended, type AppendOutcome } from './log.js';
import {
  badRequest,
  batchDenied,
  batchNotReady,
  batchRefusal,
  batchReply,
  batchTimedOut,
  batchTooLarge,
  expectedOf,
  notLeaderError,
  notReadyError,
  Proposal,
  proposedOf,
  serviceError,
  streamDeletedError,
  streamNameOf,
  tooLargeError,
  wrongVersionError,
  wrongVersionReply,
  type BatchHead,
  type Limits,
} from './messages.js';
import { requiresLeader, type Place } from './place.js';
import { serveRead, type ReadResponse } from './reads.js';

const MAX_RECEIVE_BYTES = 16 * 1024 * 1024 - 10_000;
/** Of one connection's appends under way; beyond it the node stops listening to that connection. */
const MAX_PENDING_BYTES = 32 * 1024 * 1024;

/** Through what a server reaches the log, and where it stands. */
export interface Served {
  readonly access: Access;
  readonly place: Place;
  readonly faults: FaultSwitchboard;
  readonly limits: Limits;
}

/** A gRPC server over the log, as its callers may see it; not yet listening. */
export const createServer = (served: Served): Server => {
  const { faults, place } = served;
  assertDefinitions();
  const server = new Server({ 'grpc.max_receive_message_length': MAX_RECEIVE_BYTES });
  const { read, ...others } = streamsService.StreamsService;
  const rawRead = { ...read, responseSerialize: (response: ReadResponse) => serialize(response) };
  server.addService({ ...others, read: rawRead }, streamsHandlers(served));
  server.addService(featuresService.ServerFeaturesService, {
    getSupportedMethods: guarded(faults, supportedMethods),
  });
  server.addService(gossipService.GossipService, {
    read: guarded(faults, () => clusterOf(place.members())),
  });
  return server;
};

/**
 * The definitions lie in a folder that the client's package does not document: say so at once if
 * another version of it has moved them.
 */
const assertDefinitions = (): void => {
  const methods = ['read', 'append', 'delete', 'tombstone', 'batchAppend'];
  const served: Record<string, unknown> = { ...streamsService.StreamsService };
  const missing = methods.filter((method) => served[method] === undefined);
  if (missing.length > 0) {
    throw new Error(`@eventstore/db-client has no definition of Streams.${missing.join(', ')}`);
  }
};

export const insecure = (): ServerCredentials => ServerCredentials.createInsecure();

const serialize = (response: ReadResponse): Buffer =>
  Buffer.isBuffer(response) ? response : Buffer.from(response.serializeBinary());

const streamsHandlers = (served: Served) => {
  const readCall: handleServerStreamingCall<streams.ReadReq, ReadResponse> = (call) => {
    const log = logFor(served, call.metadata, (error) => call.emit('error', error));
    if (log) void serveRead(log, served.faults, call);
  };
  return {
    read: readCall,
    append: appendCall(served),
    batchAppend: batchAppendCall(served),
    delete: deletion<streams.DeleteReq, streams.DeleteResp>(
      served,
      (log, stream, expected) => log.softDelete(stream, expected),
      (position) => {
        const at = new streams.DeleteResp.Position();
        at.setCommitPosition(position).setPreparePosition(position);
        return new streams.DeleteResp().setPosition(at);
      },
    ),
    tombstone: deletion<streams.TombstoneReq, streams.TombstoneResp>(
      served,
      (log, stream, expected) => log.tombstone(stream, expected),
      (position) => {
        const at = new streams.TombstoneResp.Position();
        at.setCommitPosition(position).setPreparePosition(position);
        return new streams.TombstoneResp().setPosition(at);
      },
    ),
  };
};

/** The log as the caller may see it; nothing where the call is refused, and told so. */
const seenBy = (
  access: Access,
  metadata: Metadata,
  refuse: (error: Error) => void,
): ServedLog | undefined => {
  try {
    return access(metadata);
  } catch (error) {
    refuse(errorOf(error));
    return undefined;
  }
};

/** The same of a call that is answered in one go, where it is for this server at all. */
const logFor = (
  { access, place, faults }: Served,
  metadata: Metadata,
  refuse: (error: Error) => void,
): ServedLog | undefined => {
  if (refuses(faults, refuse)) return undefined;
  const misplaced = misplacedError(place, metadata);
  if (!misplaced) return seenBy(access, metadata, refuse);
  refuse(misplaced);
  return undefined;
};

interface DeletionRequest {
  getOptions(): streams.DeleteReq.Options | streams.TombstoneReq.Options | undefined;
}

const deletion = <Request extends DeletionRequest, Response>(
  { access, faults, place }: Served,
  perform: (log: ServedLog, ...to: Parameters<ServedLog['softDelete']>) => Promise<AppendOutcome>,
  success: (position: string) => Response,
): handleUnaryCall<Request, Response> =>
  guarded(faults, async ({ request, metadata }) => {
    const misplaced = misplacedError(place, metadata);
    if (misplaced) throw misplaced;
    const options = request.getOptions();
    if (!options) throw badRequest('Options are missing');
    if (!(await place.commits())) throw timedOutError();
    const stream = streamNameOf(options.getStreamIdentifier());
    const exact = options.hasRevision() ? options.getRevision() : undefined;
    const expected = expectedOf(options, exact);
    const outcome = await perform(access(metadata), stream, expected);
    if (outcome.kind === 'appended') return success(String(outcome.position));
    if (outcome.kind === 'streamDeleted') throw streamDeletedError(stream);
    throw wrongVersionError(stream, expected, outcome.current);
  });

/** What a fault inside a handler is to the caller; one that names its code is passed on. */
const errorOf = (error: unknown): Error => {
  if (error instanceof LogUnavailable) return serviceError(status.UNAVAILABLE, error.message);
  if (error instanceof Error && 'code' in error && typeof error.code === 'number') return error;
  return serviceError(status.INTERNAL, error instanceof Error ? error.message : String(error));
};

/** The client-streaming append: options first, then the events of one atomic append. */
const appendCall =
  (served: Served): handleClientStreamingCall<streams.AppendReq, streams.AppendResp> =>
  (call, reply) => {
    const { place, faults, limits } = served;
    const log = logFor(served, call.metadata, (error) => reply(error));
    if (!log) return;
    let options: streams.AppendReq.Options | undefined;
    let fault: unknown;
    const proposal = new Proposal(limits);
    call.on('data', (request: streams.AppendReq) => {
      try {
        if (request.hasOptions()) options = request.getOptions();
        const message = request.getProposedMessage();
        if (message) proposal.add(proposedOf(message));
      } catch (error) {
        fault ??= error;
      }
    });
    call.on('error', () => undefined);
    const finish = async (): Promise<streams.AppendResp> => {
      if (fault !== undefined) throw errorOf(fault);
      if (!options) throw badRequest('Options are missing');
      const stream = streamNameOf(options.getStreamIdentifier());
      const exact = options.hasRevision() ? options.getRevision() : undefined;
      const expected = expectedOf(options, exact);
      if (proposal.excess) throw tooLargeError(proposal.excess);
      await faults.beforeAppend();
      if (!(await place.commits())) throw timedOutError();
      const outcome = await log.append(stream, expected, proposal.events);
      if (faults.losesReply()) throw serviceError(status.UNAVAILABLE, 'Connection lost');
      if (outcome.kind === 'appended') return appendReply(outcome);
      if (outcome.kind === 'streamDeleted') throw streamDeletedError(stream);
      return wrongVersionReply(expected, outcome.current);
    };
    call.on('end', () => {
      finish().then(
        (response) => reply(null, response),
        (error: unknown) => reply(errorOf(error)),
      );
    });
  };

const appendReply = ({ revision, position }: Appended): streams.AppendResp => {
  const at = new streams.AppendResp.Position();
  at.setCommitPosition(String(position)).setPreparePosition(String(position));
  const success = new streams.AppendResp.Success().setPosition(at);
  if (revision < 0) success.setNoStream(new shared.Empty());
  else success.setCurrentRevision(String(revision));
  return new streams.AppendResp().setSuccess(success);
};

interface OpenItem {
  readonly head: BatchHead;
  readonly stream: string;
  /** Milliseconds since the epoch by the client's clock; it is not written later than that. */
  readonly deadline: number;
  readonly proposal: Proposal;
}

/** Many appends over one call, each atomic, answered as they are committed. */
const batchAppendCall =
  ({
    access,
    place,
    faults,
    limits,
  }: Served): handleBidiStreamingCall<streams.BatchAppendReq, streams.BatchAppendResp> =>
  (call) => {
    const refuse = (error: Error): boolean => call.emit('error', error);
    const forLeader = requiresLeader(call.metadata);
    if (refuses(faults, refuse)) return;
    const log = seenBy(access, call.metadata, refuse);
    if (!log) return;
    const open = new Map<string, OpenItem>();
    let pendingItems = 0;
    let pendingBytes = 0;
    let halfClosed = false;
    const closeWhenDone = (): void => {
      if (halfClosed && pendingItems === 0) call.end();
    };
    /** Items refused before their last message; the client can take one reply to each. */
    const refused = new Set<string>();
    const keyOf = (request: streams.BatchAppendReq): string =>
      JSON.stringify(request.getCorrelationId()?.toObject());
    const accept = (request: streams.BatchAppendReq, key: string): void => {
      const item = open.get(key) ?? openItem(request, limits);
      open.delete(key);
      for (const message of request.getProposedMessagesList()) {
        item.proposal.add(proposedOf(message));
      }
      if (request.getIsFinal()) void finish(item);
      else open.set(key, item);
    };
    const finish = async ({ head, stream, deadline, proposal }: OpenItem): Promise<void> => {
      const refusal = place.refusal(forLeader);
      if (refusal === 'not-ready') {
        call.write(batchNotReady(head));
        return;
      }
      // It ends the call, and with it all that is under way in it.
      if (refusal) {
        call.emit('error', notLeaderError(refusal.leader));
        return;
      }
      if (proposal.excess) {
        call.write(batchTooLarge(head, proposal.excess));
        return;
      }
      pendingItems += 1;
      pendingBytes += proposal.bytes;
      if (pendingBytes > MAX_PENDING_BYTES) call.pause();
      try {
        await faults.beforeAppend();
        const late = Date.now() > deadline || !(await place.commits());
        const outcome = late ? undefined : await log.append(stream, head.expected, proposal.events);
        if (outcome && faults.losesReply()) {
          throw serviceError(status.UNAVAILABLE, 'Connection lost');
        }
        const answer = outcome ? batchReply(head, outcome) : batchTimedOut(head);
        if (!call.destroyed) call.write(answer);
      } catch (error) {
        if (isAccessDenied(error)) call.write(batchDenied(head));
        else call.emit('error', errorOf(error));
      }
      pendingItems -= 1;
      pendingBytes -= proposal.bytes;
      if (call.isPaused() && pendingBytes <= MAX_PENDING_BYTES) call.resume();
      closeWhenDone();
    };
    call.on('error', () => undefined);
    call.on('end', () => {
      halfClosed = true;
      closeWhenDone();
    });
    call.on('data', (request: streams.BatchAppendReq) => {
      if (refuses(faults, (error) => call.emit('error', error))) return;
      const key = keyOf(request);
      if (refused.has(key)) {
        if (request.getIsFinal()) refused.delete(key);
        return;
      }
      try {
        accept(request, key);
      } catch (error) {
        if (!request.getIsFinal()) refused.add(key);
        const correlationId = request.getCorrelationId();
        const identifier = request.getOptions()?.getStreamIdentifier();
        call.write(batchRefusal({ correlationId, identifier }, (error as Error).message));
      }
    });
  };

const openItem = (request: streams.BatchAppendReq, limits: Limits): OpenItem => {
  const options = request.getOptions();
  if (!options) throw badRequest('Options are missing');
  const identifier = options.getStreamIdentifier();
  const exact = options.hasStreamPosition() ? options.getStreamPosition() : undefined;
  const expected = expectedOf(options, exact);
  return {
    head: { correlationId: request.getCorrelationId(), identifier, expected },
    stream: streamNameOf(identifier),
    deadline: options.getDeadline()?.toDate().getTime() ?? Infinity,
    proposal: new Proposal(limits),
  };
};

/** Whether a fault answers in place of the handler; a stalled call is never answered. */
const refuses = (faults: FaultSwitchboard, answer: (error: Error) => void): boolean => {
  if (faults.answer === 'unavailable') answer(serviceError(status.UNAVAILABLE, 'Not ready'));
  if (faults.answer === 'not-leader') answer(notLeaderError({ host: '127.0.0.1', port: 2113 }));
  return faults.answer !== 'normal';
};

/** Why the call is for another server. */
const misplacedError = (place: Place, metadata: Metadata): ServiceError | undefined => {
  const refusal = place.refusal(requiresLeader(metadata));
  if (refusal === undefined) return undefined;
  return refusal === 'not-ready' ? notReadyError() : notLeaderError(refusal.leader);
};

const timedOutError = (): ServiceError =>
  serviceError(status.ABORTED, 'Operation timed out: Prepare phase timeout.');

/** A unary handler that may throw, behind the faults. */
const guarded =
  <Request, Response>(
    faults: FaultSwitchboard,
    handler: (call: {
      readonly request: Request;
      readonly metadata: Metadata;
    }) => Response | Promise<Response>,
  ): handleUnaryCall<Request, Response> =>
  (call, reply) => {
    if (refuses(faults, (error) => reply(error))) return;
    Promise.resolve(call)
      .then(handler)
      .then(
        (response) => reply(null, response),
        (error: unknown) => reply(errorOf(error)),
      );
  };
