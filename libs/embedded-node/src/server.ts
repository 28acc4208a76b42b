import { randomUUID } from 'node:crypto';
import {
  Server,
  ServerCredentials,
  status,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
} from '@grpc/grpc-js';
import * as gossipService from '@eventstore/db-client/generated/gossip_grpc_pb';
import * as gossip from '@eventstore/db-client/generated/gossip_pb';
import * as featuresService from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import * as features from '@eventstore/db-client/generated/serverfeatures_pb';
import * as shared from '@eventstore/db-client/generated/shared_pb';
import * as streamsService from '@eventstore/db-client/generated/streams_grpc_pb';
import * as streams from '@eventstore/db-client/generated/streams_pb';
import type { FaultSwitchboard } from './faults.js';
import {
  LogUnavailable,
  type AppendOutcome,
  type EventLog,
  type ExpectedRevision,
  type ProposedEvent,
} from './log.js';
import {
  appendTooLargeError,
  batchReply,
  expectedOf,
  MAX_APPEND_BYTES,
  notLeaderError,
  proposedOf,
  serviceError,
  sizeOf,
  streamDeletedError,
  streamNameOf,
  wrongVersionError,
  type BatchHead,
} from './messages.js';
import { serveRead, type ReadResponse } from './reads.js';

/** Reported to clients; the newest server whose behaviour is followed here. */
const SERVER_VERSION = '24.10.0';
const MAX_RECEIVE_BYTES = 16 * 1024 * 1024 - 10_000;

/** A gRPC server over the log; not yet listening. */
export const createServer = (
  log: EventLog,
  faults: FaultSwitchboard,
  advertised: () => { readonly host: string; readonly port: number },
): Server => {
  const server = new Server({ 'grpc.max_receive_message_length': MAX_RECEIVE_BYTES });
  const { read, ...others } = streamsService.StreamsService;
  const rawRead = { ...read, responseSerialize: (response: ReadResponse) => serialize(response) };
  server.addService({ ...others, read: rawRead }, streamsHandlers(log, faults));
  server.addService(featuresService.ServerFeaturesService, {
    getSupportedMethods: guarded(faults, (_call, reply) => reply(null, supportedMethods())),
  });
  server.addService(gossipService.GossipService, {
    read: guarded(faults, (_call, reply) => reply(null, clusterOfOne(advertised()))),
  });
  return server;
};

export const insecure = (): ServerCredentials => ServerCredentials.createInsecure();

const serialize = (response: ReadResponse): Buffer =>
  Buffer.isBuffer(response) ? response : Buffer.from(response.serializeBinary());

const streamsHandlers = (log: EventLog, faults: FaultSwitchboard) => {
  const readCall: handleServerStreamingCall<streams.ReadReq, ReadResponse> = (call) => {
    if (refuses(faults, (error) => call.emit('error', error))) return;
    void serveRead(log, faults, call);
  };
  return {
    read: readCall,
    append: appendCall(log, faults),
    batchAppend: batchAppendCall(log, faults),
    delete: guarded<streams.DeleteReq, streams.DeleteResp>(faults, (call, reply) => {
      const options = call.request.getOptions()!;
      const stream = streamNameOf(options.getStreamIdentifier());
      const expected = expectedOf(options, options.getRevision());
      settle(log.softDelete(stream, expected), stream, expected, reply, ({ position }) => {
        const at = new streams.DeleteResp.Position();
        at.setCommitPosition(String(position)).setPreparePosition(String(position));
        return new streams.DeleteResp().setPosition(at);
      });
    }),
    tombstone: guarded<streams.TombstoneReq, streams.TombstoneResp>(faults, (call, reply) => {
      const options = call.request.getOptions()!;
      const stream = streamNameOf(options.getStreamIdentifier());
      const expected = expectedOf(options, options.getRevision());
      settle(log.tombstone(stream, expected), stream, expected, reply, ({ position }) => {
        const at = new streams.TombstoneResp.Position();
        at.setCommitPosition(String(position)).setPreparePosition(String(position));
        return new streams.TombstoneResp().setPosition(at);
      });
    }),
  };
};

type Reply<T> = (error: Error | null, value?: T) => void;
type Success = Extract<AppendOutcome, { kind: 'appended' }>;

/** Turns the outcome of a write into the reply of a unary call. */
const settle = <T>(
  writing: Promise<AppendOutcome>,
  stream: string,
  expected: ExpectedRevision,
  reply: Reply<T>,
  success: (outcome: Success) => T,
): void => {
  writing.then(
    (outcome) => {
      if (outcome.kind === 'appended') return reply(null, success(outcome));
      if (outcome.kind === 'streamDeleted') return reply(streamDeletedError(stream));
      reply(wrongVersionError(stream, expected, outcome.current));
    },
    (error: unknown) => reply(unavailable(error)),
  );
};

const unavailable = (error: unknown): Error =>
  error instanceof LogUnavailable
    ? serviceError(status.UNAVAILABLE, error.message)
    : serviceError(status.INTERNAL, (error as Error).message);

/** The client-streaming append: options first, then the events of one atomic append. */
const appendCall =
  (
    log: EventLog,
    faults: FaultSwitchboard,
  ): handleClientStreamingCall<streams.AppendReq, streams.AppendResp> =>
  (call, reply) => {
    if (refuses(faults, (error) => reply(error))) return;
    let options: streams.AppendReq.Options | undefined;
    const events: ProposedEvent[] = [];
    call.on('data', (request: streams.AppendReq) => {
      if (request.hasOptions()) options = request.getOptions();
      const message = request.getProposedMessage();
      if (message) events.push(proposedOf(message));
    });
    call.on('error', () => undefined);
    call.on('end', () => {
      if (!options) return reply(serviceError(status.INVALID_ARGUMENT, 'Options are missing'));
      const stream = streamNameOf(options.getStreamIdentifier());
      const expected = expectedOf(options, options.getRevision());
      if (sizeOf(events) > MAX_APPEND_BYTES) return reply(appendTooLargeError());
      const writing = faults.beforeAppend().then(() => log.append(stream, expected, events));
      settle(writing, stream, expected, reply, ({ revision, position }) => {
        const at = new streams.AppendResp.Position();
        at.setCommitPosition(String(position)).setPreparePosition(String(position));
        const success = new streams.AppendResp.Success().setPosition(at);
        if (revision < 0) success.setNoStream(new shared.Empty());
        else success.setCurrentRevision(String(revision));
        return new streams.AppendResp().setSuccess(success);
      });
    });
  };

interface OpenItem {
  readonly head: BatchHead;
  readonly stream: string;
  readonly events: ProposedEvent[];
}

/** Many appends over one call, each atomic, answered as they are committed. */
const batchAppendCall =
  (
    log: EventLog,
    faults: FaultSwitchboard,
  ): handleBidiStreamingCall<streams.BatchAppendReq, streams.BatchAppendResp> =>
  (call) => {
    if (refuses(faults, (error) => call.emit('error', error))) return;
    const open = new Map<string, OpenItem>();
    call.on('error', () => undefined);
    call.on('end', () => call.end());
    call.on('data', (request: streams.BatchAppendReq) => {
      if (faults.answer !== 'normal') {
        refuses(faults, (error) => call.emit('error', error));
        return;
      }
      const correlation = request.getCorrelationId();
      const key = correlation?.getString() || JSON.stringify(correlation?.toObject());
      const item = open.get(key) ?? openItem(request);
      for (const message of request.getProposedMessagesList())
        item.events.push(proposedOf(message));
      if (!request.getIsFinal()) {
        open.set(key, item);
        return;
      }
      open.delete(key);
      void finish(item);
    });
    const finish = async ({ head, stream, events }: OpenItem): Promise<void> => {
      if (sizeOf(events) > MAX_APPEND_BYTES) {
        call.write(batchReply(head, 'too-large'));
        return;
      }
      try {
        await faults.beforeAppend();
        const outcome = await log.append(stream, head.expected, events);
        if (faults.losesReply()) {
          call.emit('error', serviceError(status.UNAVAILABLE, 'Connection lost'));
          return;
        }
        if (!call.destroyed) call.write(batchReply(head, outcome));
      } catch (error) {
        call.emit('error', unavailable(error));
      }
    };
  };

const openItem = (request: streams.BatchAppendReq): OpenItem => {
  const options = request.getOptions()!;
  const identifier = options.getStreamIdentifier();
  const expected = expectedOf(options, options.getStreamPosition());
  return {
    head: { correlationId: request.getCorrelationId(), identifier, expected },
    stream: streamNameOf(identifier),
    events: [],
  };
};

/** Whether a fault answers in place of the handler; a stalled call is never answered. */
const refuses = (faults: FaultSwitchboard, answer: (error: Error) => void): boolean => {
  if (faults.answer === 'unavailable') answer(serviceError(status.UNAVAILABLE, 'Not ready'));
  if (faults.answer === 'not-leader') answer(notLeaderError());
  return faults.answer !== 'normal';
};

const guarded =
  <Request, Response>(
    faults: FaultSwitchboard,
    handler: handleUnaryCall<Request, Response>,
  ): handleUnaryCall<Request, Response> =>
  (call, reply) => {
    if (!refuses(faults, (error) => reply(error))) handler(call, reply);
  };

const supportedMethods = (): features.SupportedMethods => {
  const supported = new features.SupportedMethods();
  supported.setEventStoreServerVersion(SERVER_VERSION);
  const methods: [string, string, string[]][] = [
    ['event_store.client.streams.Streams', 'Append', []],
    ['event_store.client.streams.Streams', 'BatchAppend', ['deadline_duration']],
    ['event_store.client.streams.Streams', 'Delete', []],
    ['event_store.client.streams.Streams', 'Tombstone', []],
    ['event_store.client.streams.Streams', 'Read', ['position', 'events']],
    ['event_store.client.gossip.Gossip', 'Read', []],
    ['event_store.client.server_features.ServerFeatures', 'GetSupportedMethods', []],
  ];
  for (const [service, method, featureNames] of methods) {
    const entry = new features.SupportedMethod();
    entry.setServiceName(service.toLowerCase()).setMethodName(method.toLowerCase());
    entry.setFeaturesList(featureNames);
    supported.addMethods(entry);
  }
  return supported;
};

const clusterOfOne = ({ host, port }: { host: string; port: number }): gossip.ClusterInfo => {
  const member = new gossip.MemberInfo();
  const id = new shared.UUID();
  id.setString(INSTANCE_ID);
  member.setInstanceId(id);
  member.setTimeStamp(String(Date.now() * 10_000));
  member.setState(gossip.MemberInfo.VNodeState.LEADER);
  member.setIsAlive(true);
  member.setHttpEndPoint(new gossip.EndPoint().setAddress(host).setPort(port));
  const cluster = new gossip.ClusterInfo();
  cluster.addMembers(member);
  return cluster;
};

const INSTANCE_ID = randomUUID();
