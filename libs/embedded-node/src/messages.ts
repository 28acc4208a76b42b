import * as shared from '@eventstore/db-client/generated/shared_pb';
import * as rpcStatus from '@eventstore/db-client/generated/status_pb';
import * as streams from '@eventstore/db-client/generated/streams_pb';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { Metadata, status, type ServiceError } from '@grpc/grpc-js';
import type { AppendOutcome, ExpectedRevision, ProposedEvent } from './log.js';

/** Defaults of EventStoreDB up to 25.0; later servers allow more. */
export const MAX_APPEND_BYTES = 1024 * 1024;
/** gRPC codes inside `google.rpc.Status` as the server chooses them. */
const RPC_ALREADY_EXISTS = 6;
const RPC_FAILED_PRECONDITION = 9;
const RPC_INVALID_ARGUMENT = 3;

/** A call refused with trailers that the client turns into its typed errors. */
export const serviceError = (
  code: status,
  message: string,
  trailers: Readonly<Record<string, string>> = {},
): ServiceError => {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(message), { code, details: message, metadata });
};

export const streamDeletedError = (stream: string): ServiceError =>
  serviceError(status.FAILED_PRECONDITION, `Event stream '${stream}' is deleted.`, {
    exception: 'stream-deleted',
    'stream-name': stream,
  });

export const wrongVersionError = (
  stream: string,
  expected: ExpectedRevision,
  current: number,
): ServiceError =>
  serviceError(
    status.FAILED_PRECONDITION,
    `Append failed due to WrongExpectedVersion. Stream: ${stream}, Expected version: ${wireVersion(expected)}, Actual version: ${current}`,
    {
      exception: 'wrong-expected-version',
      'stream-name': stream,
      'expected-version': String(wireVersion(expected)),
      ...(current < 0 ? {} : { 'actual-version': String(current) }),
    },
  );

export const appendTooLargeError = (): ServiceError =>
  serviceError(status.INVALID_ARGUMENT, `Maximum Append Size of ${MAX_APPEND_BYTES} Exceeded.`, {
    exception: 'maximum-append-size-exceeded',
    'maximum-append-size': String(MAX_APPEND_BYTES),
  });

export const notLeaderError = (): ServiceError =>
  serviceError(status.NOT_FOUND, 'Leader info available', {
    exception: 'not-leader',
    'leader-endpoint-host': '127.0.0.1',
    'leader-endpoint-port': '2113',
  });

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

export const expectedOf = (options: ExpectedOptions, revision: string): ExpectedRevision => {
  if (options.hasAny()) return 'any';
  if (options.hasNoStream()) return 'noStream';
  if (options.hasStreamExists()) return 'streamExists';
  return Number(revision);
};

export const streamNameOf = (identifier: shared.StreamIdentifier | undefined): string =>
  Buffer.from(identifier?.getStreamName_asU8() ?? []).toString('utf8');

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

export const proposedOf = (message: Proposed): ProposedEvent => ({
  id: uuidOf(message.getId()),
  type: message.getMetadataMap().get('type') ?? '',
  contentType: message.getMetadataMap().get('content-type') ?? 'application/octet-stream',
  data: message.getData_asU8(),
  metadata: message.getCustomMetadata_asU8(),
});

export const sizeOf = (events: readonly ProposedEvent[]): number =>
  events.reduce((sum, { data, metadata }) => sum + data.length + metadata.length, 0);

/** The reply to one item of a batch append; the stream and expectation go back with it. */
export const batchReply = (
  request: BatchHead,
  outcome: AppendOutcome | 'too-large',
): streams.BatchAppendResp => {
  const reply = batchHead(request);
  if (outcome === 'too-large') {
    const details = new shared.MaximumAppendSizeExceeded();
    details.setMaxappendsize(MAX_APPEND_BYTES);
    const message = 'Maximum Append Size Exceeded';
    return withError(reply, RPC_INVALID_ARGUMENT, message, details, 'MaximumAppendSizeExceeded');
  }
  switch (outcome.kind) {
    case 'appended': {
      const success = new streams.BatchAppendResp.Success();
      if (outcome.revision < 0) success.setNoStream(new Empty());
      else success.setCurrentRevision(String(outcome.revision));
      const position = new shared.AllStreamPosition();
      position.setCommitPosition(String(outcome.position));
      position.setPreparePosition(String(outcome.position));
      success.setPosition(position);
      reply.setSuccess(success);
      return reply;
    }
    case 'streamDeleted': {
      const details = new shared.StreamDeleted();
      details.setStreamIdentifier(request.identifier);
      const message = 'Stream is deleted';
      return withError(reply, RPC_FAILED_PRECONDITION, message, details, 'StreamDeleted');
    }
    default: {
      const details = wrongVersionDetails(request.expected, outcome.current);
      const message = 'Wrong expected version';
      return withError(reply, RPC_ALREADY_EXISTS, message, details, 'WrongExpectedVersion');
    }
  }
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

const wrongVersionDetails = (
  expected: ExpectedRevision,
  current: number,
): shared.WrongExpectedVersion => {
  const details = new shared.WrongExpectedVersion();
  if (current < 0) details.setCurrentNoStream(new Empty());
  else details.setCurrentStreamRevision(String(current));
  if (expected === 'any') details.setExpectedAny(new Empty());
  else if (expected === 'noStream') details.setExpectedNoStream(new Empty());
  else if (expected === 'streamExists') details.setExpectedStreamExists(new Empty());
  else details.setExpectedStreamPosition(String(expected));
  return details;
};

const withError = (
  reply: streams.BatchAppendResp,
  code: number,
  message: string,
  details: { serializeBinary(): Uint8Array },
  type: string,
): streams.BatchAppendResp => {
  const error = new rpcStatus.Status();
  error.setCode(code);
  error.setMessage(message);
  const any = new Any();
  any.pack(details.serializeBinary(), `event_store.client.${type}`);
  error.setDetails(any);
  reply.setError(error);
  return reply;
};
