import * as shared from '@eventstore/db-client/generated/shared_pb';
import * as rpcStatus from '@eventstore/db-client/generated/status_pb';
import * as streams from '@eventstore/db-client/generated/streams_pb';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { encodeEventTooLarge } from './encode.js';
import type { AppendOutcome, ExpectedRevision, ProposedEvent } from './log.js';
import type { Endpoint } from './place.js';

export interface Limits {
  /** Of one append: data, metadata and type names together. */
  readonly maxAppendBytes: number;
  /** Of one event. */
  readonly maxEventBytes: number;
}

/** Defaults of EventStoreDB up to 25.0; later servers allow more in one append. */
export const DEFAULT_LIMITS: Limits = { maxAppendBytes: 1024 * 1024, maxEventBytes: Infinity };
/** gRPC codes inside `google.rpc.Status` as the server chooses them. */
const RPC_INVALID_ARGUMENT = 3;
const RPC_DEADLINE_EXCEEDED = 4;
const RPC_NOT_FOUND = 5;
const RPC_ALREADY_EXISTS = 6;
const RPC_PERMISSION_DENIED = 7;
const NOT_READY = 'Server Is Not Ready';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A call refused with trailers that the client turns into its typed errors. */
export const serviceError = (
  code: status,
  message: string,
  trailers: Readonly<Record<string, string>> = {},
): ServiceError => {
  const metadata = new Metadata();
  // A trailer holds ASCII only; a stream's name may hold more.
  for (const [key, value] of Object.entries(trailers)) {
    metadata.set(key, value.replace(/[^\x20-\x7e]/g, '?'));
  }
  return Object.assign(new Error(message), { code, details: message, metadata });
};

export const streamDeletedError = (stream: string): ServiceError =>
  serviceError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  });

/** A request that makes no sense; nothing of it was done. */
export const badRequest = (message: string): ServiceError =>
  serviceError(status.INVALID_ARGUMENT, message);

/** Of a deletion; an append has the answer in its reply. */
export const wrongVersionError = (
  stream: string,
  expected: ExpectedRevision,
  current: number,
): ServiceError =>
  serviceError(
    status.FAILED_PRECONDITION,
    `Delete failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${wireVersion(expected)}, Actual version: ${current}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': String(wireVersion(expected)),
      'actual-version': String(current),
    },
  );

export const tooLargeError = (excess: Excess): ServiceError => {
  if (excess.kind === 'append') {
    const message = `Maximum Append Size of ${excess.limit} Exceeded.`;
    return serviceError(status.INVALID_ARGUMENT, message, {
      exception: 'maximum-append-size-exceeded',
      'maximum-append-size': String(excess.limit),
    });
  }
  const message = `Event with Id: ${excess.id}, Size: ${excess.size}, exceeds Maximum Append Event Size of ${excess.limit}.`;
  return serviceError(status.INVALID_ARGUMENT, message, {
    exception: 'maximum-append-event-size-exceeded',
    'maximum-append-event-size': String(excess.limit),
    'event-id': excess.id,
    'proposed-append-event-size': String(excess.size),
  });
};

export const notLeaderError = ({ host, port }: Endpoint): ServiceError =>
  serviceError(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': host,
    'leader-endpoint-port': String(port),
  });

/** Of a server that takes part in an election. */
export const notReadyError = (): ServiceError => serviceError(status.UNAVAILABLE, NOT_READY);

/** The numbers that stand for the names of expected revisions in texts and trailers. */
const wireVersion = (expected: ExpectedRevision): number => {
  switch (expected) {
    case 'any':
      return -2;
    case 'noStream':
      return -1;
    case 'streamExists':
      return -4;
    default:
      return expected;
  }
};

interface ExpectedOptions {
  hasAny(): boolean;
  hasNoStream(): boolean;
  hasStreamExists(): boolean;
}

/** @param revision decimal, given when the request names an exact one. */
export const expectedOf = (
  options: ExpectedOptions,
  revision: string | undefined,
): ExpectedRevision => {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'noStream';
  if (options.hasStreamExists()) return 'streamExists';
  const exact = Number(revision);
  if (revision === undefined || !Number.isSafeInteger(exact)) {
    throw badRequest('The expected revision is missing or is none');
  }
  return exact;
};

export const streamNameOf = (identifier: shared.StreamIdentifier | undefined): string => {
  const name = Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');
  if (name === '' || name === '$$') throw badRequest('The name of the stream is missing');
  return name;
};

/** A UUID comes as text or as two signed 64-bit halves. */
export const uuidOf = (uuid: shared.UUID | undefined): string => {
  const halves = uuid?.getStructured();
  if (!halves) return (uuid?.getString() ?? '').toLowerCase();
  const hex = [halves.getMostSignificantBits(), halves.getLeastSignificantBits()]
    .map((half) => BigInt.asUintN(64, BigInt(half)).toString(16).padStart(16, '0'))
    .join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
};

interface Proposed {
  getId(): shared.UUID | undefined;
  getMetadataMap(): { get(key: string): string | undefined };
  getCustomMetadata_asU8(): Uint8Array;
  getData_asU8(): Uint8Array;
}

export const proposedOf = (message: Proposed): ProposedEvent => {
  const id = uuidOf(message.getId());
  if (!UUID.test(id)) throw badRequest(`The id of an event is not a UUID: '${id}'`);
  return {
    id,
    type: required(message, 'type'),
    contentType: required(message, 'content-type'),
    data: message.getData_asU8(),
    metadata: message.getCustomMetadata_asU8(),
  };
};

const required = (message: Proposed, property: 'type' | 'content-type'): string => {
  const value = message.getMetadataMap().get(property);
  if (value) return value;
  const text = `Required Metadata Property '${property}' is missing`;
  throw serviceError(status.INVALID_ARGUMENT, text, {
    exception: 'missing-required-metadata-property',
    'required-metadata-properties': 'type,content-type',
  });
};

/** What of an append is over a limit. */
export type Excess =
  | { readonly kind: 'append'; readonly limit: number }
  | { readonly kind: 'event'; readonly limit: number; readonly id: string; readonly size: number };

/** The events of one append as they arrive; what is over a limit is not kept. */
export class Proposal {
  readonly events: ProposedEvent[] = [];
  bytes = 0;
  excess: Excess | undefined;

  constructor(private readonly limits: Limits) {}

  add(event: ProposedEvent): void {
    if (this.excess) return;
    // The server counts types as UTF-16.
    const size = event.data.length + event.metadata.length + 2 * event.type.length;
    this.bytes += size;
    const { maxAppendBytes, maxEventBytes } = this.limits;
    if (size > maxEventBytes) {
      this.excess = { kind: 'event', limit: maxEventBytes, id: event.id, size };
    } else if (this.bytes > maxAppendBytes) {
      this.excess = { kind: 'append', limit: maxAppendBytes };
    }
    if (this.excess) this.events.length = 0;
    else this.events.push(event);
  }
}

/** The reply to one item of a batch append; the stream and expectation go back with it. */
export const batchReply = (request: BatchHead, outcome: AppendOutcome): streams.BatchAppendResp => {
  const reply = batchHead(request);
  switch (outcome.kind) {
    case 'appended': {
      const success = new streams.BatchAppendResp.Success();
      if (outcome.revision < 0) success.setNoStream(new Empty());
      else success.setCurrentRevision(String(outcome.revision));
      const position = new shared.AllStreamPosition();
      position.setCommitPosition(String(outcome.position));
      position.setPreparePosition(String(outcome.position));
      success.setPosition(position);
      return reply.setSuccess(success);
    }
    case 'streamDeleted': {
      const details = new shared.StreamDeleted().setStreamIdentifier(request.identifier);
      return withError(reply, RPC_NOT_FOUND, 'StreamDeleted', details.serializeBinary());
    }
    case 'wrongExpectedRevision':
    case 'corruptedIdempotency': {
      // The server, too, says no more of a repetition that is equal in part only.
      const details = wrongVersionDetails(request.expected, outcome.current);
      return withError(reply, RPC_ALREADY_EXISTS, 'WrongExpectedVersion', details);
    }
  }
};

/** The reply to an item that is over a limit. */
export const batchTooLarge = (request: BatchHead, excess: Excess): streams.BatchAppendResp => {
  const append = new shared.MaximumAppendSizeExceeded().setMaxappendsize(excess.limit);
  return excess.kind === 'append'
    ? withError(
        batchHead(request),
        RPC_INVALID_ARGUMENT,
        'MaximumAppendSizeExceeded',
        append.serializeBinary(),
      )
    : withError(
        batchHead(request),
        RPC_INVALID_ARGUMENT,
        'MaximumAppendEventSizeExceeded',
        encodeEventTooLarge(excess.id, excess.size, excess.limit),
      );
};

/** The reply to an item that its caller may not write. */
export const batchDenied = (request: BatchHead): streams.BatchAppendResp => {
  const details = new shared.AccessDenied().serializeBinary();
  return withError(batchHead(request), RPC_PERMISSION_DENIED, 'AccessDenied', details);
};

/** The reply to an item whose deadline had passed before it could be written. */
export const batchTimedOut = (request: BatchHead): streams.BatchAppendResp =>
  withError(
    batchHead(request),
    RPC_DEADLINE_EXCEEDED,
    'Timeout',
    new shared.Timeout().serializeBinary(),
  );

/** The same of an item: an error without a code, in which the client sees nothing but an unknown one. */
export const batchNotReady = (request: BatchHead): streams.BatchAppendResp => {
  const nothing = new Any();
  nothing.pack(new Empty().serializeBinary(), 'google.protobuf.Empty');
  const error = new rpcStatus.Status().setMessage(NOT_READY).setDetails(nothing);
  return batchHead(request).setError(error);
};

/** The reply to an item that makes no sense. */
export const batchRefusal = (
  request: Pick<BatchHead, 'correlationId' | 'identifier'>,
  message: string,
): streams.BatchAppendResp => {
  const reply = batchHead({ ...request, expected: 'any' });
  const details = new shared.BadRequest().setMessage(message);
  return withError(reply, RPC_INVALID_ARGUMENT, 'BadRequest', details.serializeBinary());
};

export interface BatchHead {
  readonly correlationId: shared.UUID | undefined;
  readonly identifier: shared.StreamIdentifier | undefined;
  readonly expected: ExpectedRevision;
}

const batchHead = ({ correlationId, identifier, expected }: BatchHead): streams.BatchAppendResp => {
  const reply = new streams.BatchAppendResp();
  reply.setCorrelationId(correlationId);
  reply.setStreamIdentifier(identifier);
  if (expected === 'any') reply.setAny(new Empty());
  else if (expected === 'noStream') reply.setNoStream(new Empty());
  else if (expected === 'streamExists') reply.setStreamExists(new Empty());
  else reply.setStreamPosition(String(expected));
  return reply;
};

const wrongVersionDetails = (expected: ExpectedRevision, current: number): Uint8Array => {
  const details = new shared.WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(new Empty());
  else details.setCurrentStreamRevision(String(current));
  if (expected === 'any') details.setExpectedAny(new Empty());
  else if (expected === 'noStream') details.setExpectedNoStream(new Empty());
  else if (expected === 'streamExists') details.setExpectedStreamExists(new Empty());
  else details.setExpectedStreamPosition(String(expected));
  return details.serializeBinary();
};

/** The older append has a wrong version in its reply, not in an error. */
export const wrongVersionReply = (
  expected: ExpectedRevision,
  current: number,
): streams.AppendResp => {
  const wrong = new streams.AppendResp.WrongExpectedVersion();
  if (current < 0) wrong.setCurrentNoStream(new shared.Empty());
  else wrong.setCurrentRevision(String(current));
  if (expected === 'any') wrong.setExpectedAny(new shared.Empty());
  else if (expected === 'noStream') wrong.setExpectedNoStream(new shared.Empty());
  else if (expected === 'streamExists') wrong.setExpectedStreamExists(new shared.Empty());
  else wrong.setExpectedRevision(String(expected));
  return new streams.AppendResp().setWrongExpectedVersion(wrong);
};

/** @param type of the details, and the error's text as well. */
const withError = (
  reply: streams.BatchAppendResp,
  code: number,
  type: string,
  details: Uint8Array,
): streams.BatchAppendResp => {
  const any = new Any();
  any.pack(details, `event_store.client.${type}`);
  const error = new rpcStatus.Status().setCode(code).setMessage(type).setDetails(any);
  return reply.setError(error);
};
