import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StreamsClient } from '@eventstore/db-client/generated/streams_grpc_pb';
import * as shared from '@eventstore/db-client/generated/shared_pb';
import * as streams from '@eventstore/db-client/generated/streams_pb';
import { credentials, makeClientConstructor, status, type ServiceError } from '@grpc/grpc-js';
import { Empty } from 'google-protobuf/google/protobuf/empty_pb';
import { startNodeInProcess, type RunningNode } from './index.js';

// What no well-behaved client sends, at the protocol itself.

let directory: string;
let node: RunningNode;
let client: StreamsClient;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hl-protocol-'));
  node = await startNodeInProcess({ directory });
  client = new StreamsClient(node.endpoint, credentials.createInsecure());
});
afterAll(async () => {
  client.close();
  await node.stop();
  rmSync(directory, { recursive: true, force: true });
});

const stream = (name: string): shared.StreamIdentifier =>
  new shared.StreamIdentifier().setStreamName(Buffer.from(name).toString('base64'));

let correlations = 0;
const uuid = (): shared.UUID => {
  correlations += 1;
  const id = new shared.UUID();
  id.setString(`00000000-0000-4000-8000-${String(correlations).padStart(12, '0')}`);
  return id;
};

const proposed = (id = uuid()): streams.BatchAppendReq.ProposedMessage => {
  const message = new streams.BatchAppendReq.ProposedMessage().setId(id);
  message.getMetadataMap().set('type', 'Tested').set('content-type', 'application/json');
  return message.setData(Buffer.from('{}').toString('base64'));
};

/** One message of an item of a batch append; further ones leave the options out. */
const part = (
  correlation: shared.UUID,
  { name, isFinal = true, id }: { name?: string; isFinal?: boolean; id?: shared.UUID },
): streams.BatchAppendReq => {
  const request = new streams.BatchAppendReq().setCorrelationId(correlation).setIsFinal(isFinal);
  if (name !== undefined) {
    const options = new streams.BatchAppendReq.Options().setStreamIdentifier(stream(name));
    request.setOptions(options.setAny(new Empty()));
  }
  request.addProposedMessages(proposed(id));
  return request;
};

/** Sends the messages, closes its half and resolves with all replies once the node has ended. */
const batch = (messages: readonly streams.BatchAppendReq[]): Promise<streams.BatchAppendResp[]> =>
  new Promise((resolve, reject) => {
    const call = client.batchAppend();
    const replies: streams.BatchAppendResp[] = [];
    call.on('data', (reply: streams.BatchAppendResp) => replies.push(reply));
    call.on('end', () => resolve(replies)).on('error', reject);
    for (const message of messages) call.write(message);
    call.end();
  });

/** The code a read is refused with. */
const refusalOf = (request: streams.ReadReq): Promise<number> =>
  new Promise((resolve) => {
    const call = client.read(request);
    call.on('data', () => undefined).on('error', ({ code }: ServiceError) => resolve(code));
  });

describe('the node', () => {
  it('refuses reads without options, without a stream, without a count', async () => {
    const none = new streams.ReadReq();
    const neither = new streams.ReadReq().setOptions(new streams.ReadReq.Options().setCount('1'));
    const options = new streams.ReadReq.Options.StreamOptions().setStreamIdentifier(stream('a'));
    const uncounted = new streams.ReadReq().setOptions(
      new streams.ReadReq.Options().setStream(options.setStart(new Empty())),
    );
    for (const request of [none, neither, uncounted]) {
      expect(await refusalOf(request)).toBe(status.INVALID_ARGUMENT);
    }
  });

  it('refuses an append and a deletion without options', async () => {
    const code = await new Promise((resolve) => {
      const call = client.append((error) => resolve(error?.code));
      call.end();
    });
    expect(code).toBe(status.INVALID_ARGUMENT);
    const deletion = await new Promise((resolve) => {
      client.delete(new streams.DeleteReq(), (error) => resolve(error?.code));
    });
    expect(deletion).toBe(status.INVALID_ARGUMENT);
  });

  it('outlives bytes that are no message', async () => {
    const Raw = makeClientConstructor(
      {
        read: {
          path: '/event_store.client.streams.Streams/Read',
          requestStream: false,
          responseStream: true,
          requestSerialize: (bytes: Buffer) => bytes,
          requestDeserialize: (bytes: Buffer) => bytes,
          responseSerialize: (bytes: Buffer) => bytes,
          responseDeserialize: (bytes: Buffer) => bytes,
        },
      },
      'Streams',
    );
    const raw = new Raw(node.endpoint, credentials.createInsecure());
    const code = await new Promise((resolve) => {
      const call = raw.makeServerStreamRequest(
        '/event_store.client.streams.Streams/Read',
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.from([0xff, 0xff, 0xff, 0x07]),
      );
      call.on('data', () => undefined);
      call.on('error', (error: Error) => resolve((error as ServiceError).code));
    });
    raw.close();
    expect(code).not.toBe(status.OK);
    expect(await batch([part(uuid(), { name: 'after' })])).toHaveLength(1);
  });
});

describe('a batch append', () => {
  it('whose sender has closed its half still gets all replies, and then ends', async () => {
    const items = Array.from({ length: 50 }, (_, n) => part(uuid(), { name: `half-${n}` }));
    const replies = await batch(items);
    expect(replies).toHaveLength(50);
    expect(replies.every((reply) => reply.hasSuccess())).toBe(true);
  });

  it('joins the parts of an item, whatever comes between them', async () => {
    const [one, other] = [uuid(), uuid()];
    const replies = await batch([
      part(one, { name: 'joined', isFinal: false }),
      part(other, { name: 'between' }),
      part(one, {}),
    ]);
    const revisions = replies.map((reply) => reply.getSuccess()?.getCurrentRevision());
    expect(revisions.sort()).toEqual(['0', '1']);
  });

  it('answers a refused item once, however many parts it has, and goes on', async () => {
    const bad = uuid();
    const noUuid = new shared.UUID();
    noUuid.setString('not-a-uuid');
    const replies = await batch([
      part(bad, { name: 'refused', isFinal: false, id: noUuid }),
      part(bad, { isFinal: false, id: noUuid }),
      part(bad, { id: noUuid }),
      part(uuid(), { name: 'accepted' }),
    ]);
    expect(replies.map((reply) => reply.hasSuccess()).sort()).toEqual([false, true]);
  });

  it('answers an item without options, and one without a stream, with an error', async () => {
    const nameless = new streams.BatchAppendReq()
      .setCorrelationId(uuid())
      .setIsFinal(true)
      .setOptions(new streams.BatchAppendReq.Options().setAny(new Empty()));
    const replies = await batch([part(uuid(), {}), nameless]);
    expect(replies.map((reply) => reply.getError()?.getMessage())).toEqual([
      'BadRequest',
      'BadRequest',
    ]);
  });
});
