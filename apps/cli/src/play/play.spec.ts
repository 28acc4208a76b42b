import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { play } from './play.js';
import { loadScenario } from './scenario.js';

const CONTRACT = '11111111-1111-4111-8111-111111111111';
const OPERATION = '22222222-2222-4222-8222-222222222222';

const story = `
title: A small story
steps:
  - name: contract
    says: Draft it
    post: /v1/contracts
    body: { reference: HA-1, currency: USD }
  - name: order
    says: Order under it
    post: /v1/contracts/\${contract.contractId}/orders
    body: { reference: 'for \${contract.contractId}', lots: [{ units: 2 }] }
  - name: delivery
    says: Deliver
    post: /v1/deliveries
    query: { contractId: '\${contract.contractId}', facility: DENTON }
    reason: Because it was ordered
    file: manifest.csv
`;

interface Answer {
  /** The connection ends without a reply. */
  readonly cut?: true;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

describe('playing a scenario', () => {
  let directory: string;
  let server: Server;
  let url: string;
  const commands: Seen[] = [];
  const lines: string[] = [];
  /** What the next requests of a route are answered with, before the default answer. */
  const surprises = new Map<string, Answer[]>();
  const replayed = new Set<string>();
  let position = 100;

  const defaults: Readonly<Record<string, () => Answer>> = {
    'POST /v1/contracts': () => ({ status: 201, body: { contractId: CONTRACT } }),
    [`POST /v1/contracts/${CONTRACT}/orders`]: () => ({ status: 201, body: { orderId: 'o' } }),
    'POST /v1/deliveries': () => ({ status: 202, body: { operationId: OPERATION } }),
    [`GET /v1/operations/${OPERATION}`]: () => ({ body: operation({}) }),
    [`GET /v1/operations/${OPERATION}/rejections`]: () => ({
      body: { items: [{ line: 3, code: 'model/unknown', message: 'There is no model X' }] },
    }),
    [`GET /v1/contracts/${CONTRACT}`]: () => ({ body: contractDetails }),
    'GET /v1/moves': () => ({ body: { items: [move] } }),
    'GET /v1/facilities': () => ({ body: { items: [facility] } }),
    'GET /v1/facilities/DENTON/racks': () => ({
      body: { items: [{ slots: { occupied: 2 } }, { slots: { occupied: 0 } }] },
    }),
    'GET /v1/miners': () => ({ body: { items: [machine, machine] } }),
    'GET /v1/miners/SERIAL1/history': () => ({
      body: { serial: 'SERIAL1', places: [{ kind: 'relocation', to: move.to, at: 'T', by: 'me' }] },
    }),
    'GET /v1/fleet/mix': () => ({ body: { items: [{ model: 'M1', ...both }] } }),
  };

  const answerTo = async (request: IncomingMessage): Promise<Answer> => {
    const { method = '', url: target = '', headers } = request;
    const body = await text(request);
    if (target === '/health/ready') return { body: { status: 'ok' } };
    const route = `${method} ${target.split('?', 1)[0]}`;
    if (method === 'POST') commands.push({ method, url: target, headers, body });
    const surprise = surprises.get(route)?.shift();
    if (surprise) return surprise;
    const { status = 200, body: answer = { items: [] } } = defaults[route]?.() ?? {};
    if (method !== 'POST') return { body: answer, headers: { 'log-position': `${position}` } };
    const key = `${route} ${String(headers['idempotency-key'])}`;
    const told = replayed.has(key);
    if (!told) position += 10;
    replayed.add(key);
    const repeated: Answer['headers'] = told ? { 'idempotent-replayed': 'true' } : {};
    return { status, body: answer, headers: { 'log-position': `${position}`, ...repeated } };
  };

  beforeEach(async () => {
    directory = join(await mkdtemp(join(tmpdir(), 'play-')), 'small-story');
    await mkdir(directory);
    await writeFile(join(directory, 'scenario.yaml'), story);
    await writeFile(join(directory, 'manifest.csv'), 'serial,model\nSERIAL1,M1\nSERIAL2,M1\n');
    server = createServer((request, response) => {
      void answerTo(request).then(({ cut, status = 200, headers = {}, body }) => {
        if (cut) return response.destroy();
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(JSON.stringify(body));
      });
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const kept of [commands, lines]) kept.length = 0;
    surprises.clear();
    replayed.clear();
    position = 100;
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
    await rm(join(directory, '..'), { recursive: true });
  });

  const playIt = (patienceMs = 5_000) =>
    play({
      scenario: directory,
      url,
      token: () => Promise.resolve('secret'),
      patienceMs,
      output: { line: (line) => lines.push(line), progress: () => undefined },
    });

  it('sends every step with a key of its own and what earlier replies gave', async () => {
    await playIt();
    expect(commands.map(({ url }) => url)).toEqual([
      '/v1/contracts',
      `/v1/contracts/${CONTRACT}/orders`,
      `/v1/deliveries?contractId=${CONTRACT}&facility=DENTON`,
    ]);
    expect(commands.map(({ headers }) => headers['idempotency-key'])).toEqual([
      'small-story.contract',
      'small-story.order',
      'small-story.delivery',
    ]);
    const [, order, delivery] = commands;
    expect(JSON.parse(order!.body)).toEqual({
      reference: `for ${CONTRACT}`,
      lots: [{ units: 2 }],
    });
    expect(order!.headers.authorization).toBe('Bearer secret');
    expect(delivery!.body).toBe('serial,model\nSERIAL1,M1\nSERIAL2,M1\n');
    expect(delivery!.headers).toMatchObject({
      'content-type': 'text/csv',
      'x-reason': 'Because it was ordered',
      'x-correlation-id': 'play:small-story:delivery',
    });
  });

  it('follows an upload until it is completed, and prints what the API answers', async () => {
    surprises.set(`GET /v1/operations/${OPERATION}`, [
      { body: operation({ status: 'running', done: 1 }) },
    ]);
    const { steps } = await playIt();
    expect(steps.at(-1)).toEqual({ name: 'delivery', replayed: false, done: 2, rejected: 0 });
    const told = lines.join('\n');
    expect(told).toMatch(/^ +3\/3 {2}Deliver: 2 lines, /m);
    expect(told).toMatch(/^ +installed +2 +0\.006 +0\.000$/m);
    expect(told).toMatch(/^ +DENTON +2 +0 +1 +2 +168 +0\.006 +0\.546 +125\.000$/m);
    expect(told).toContain('1 relocation from DENTON to COTTONWOOD: Cheaper power');
    expect(told).toMatch(/^ +M1 +2 +100\.0 % +302 +0\.006$/m);
  });

  describe('of several subjects', () => {
    const yaml = `
title: Two subjects
subjects: { approver: [operator] }
steps:
  - name: plan
    says: Plan it
    post: /v1/plans
  - name: ready
    says: Wait for it
    await: { get: /v1/plans/p, field: moves.planned, is: 0 }
  - name: approval
    says: Approve it
    as: approver
    post: /v1/plans/p/approval
  - name: departures
    says: Let them leave
    post: /v1/plans/\${ready.planId}/departures
    lines: { from: /v1/plans/p/moves, columns: [serial, move] }
`;
    const tokens = new Map<string, string>();
    const kept = {
      read: (subject: string) => Promise.resolve(tokens.get(subject)),
      keep: (subject: string, token: string) => Promise.resolve(void tokens.set(subject, token)),
    };
    const playThem = () =>
      play({
        scenario: directory,
        url,
        token: () => Promise.resolve('secret'),
        kept,
        patienceMs: 5_000,
        output: { line: (line) => lines.push(line), progress: () => undefined },
      });

    beforeEach(async () => {
      tokens.clear();
      await writeFile(join(directory, 'scenario.yaml'), yaml);
      surprises.set('GET /v1/plans/p', [
        { body: { planId: 'p', moves: { planned: 2 } } },
        { body: { planId: 'p', moves: { planned: 0 } } },
        { body: { planId: 'p', moves: { planned: 0 } } },
      ]);
      const items = [
        { serial: 'S1', move: 1 },
        { serial: 'S2', move: 2 },
      ];
      surprises.set('GET /v1/plans/p/moves', [{ body: { items } }, { body: { items } }]);
      surprises.set('POST /v1/access-tokens', [
        { status: 201, body: { token: 'first' } },
        { status: 201, body: { token: 'second' } },
      ]);
    });

    const sentTo = (path: string) => commands.filter((command) => command.url === path);

    it('waits, acts as whom the step names, and uploads what the API lists', async () => {
      await playThem();
      const [issued] = sentTo('/v1/access-tokens');
      expect(JSON.parse(issued!.body)).toMatchObject({
        subject: 'small-story.approver',
        roles: ['operator'],
      });
      expect(sentTo('/v1/plans/p/approval')[0]!.headers.authorization).toBe('Bearer first');
      const [departures] = sentTo('/v1/plans/p/departures');
      expect(departures!.headers.authorization).toBe('Bearer secret');
      expect(departures!.body).toBe('serial,move\nS1,1\nS2,2\n');
    });

    it('keeps the token of the other subject, and issues another when it is good no more', async () => {
      await playThem();
      await playThem();
      expect(sentTo('/v1/access-tokens')).toHaveLength(1);
      surprises.set('GET /v1/plans/p', [{ body: { planId: 'p', moves: { planned: 0 } } }]);
      surprises.set('GET /v1/plans/p/moves', [{ body: { items: [] } }]);
      surprises.set('POST /v1/plans/p/approval', [{ status: 401, body: {} }]);
      await playThem();
      expect(sentTo('/v1/plans/p/approval').at(-1)!.headers.authorization).toBe('Bearer second');
    });
  });

  it('says of a second run that nothing was changed', async () => {
    const first = await playIt();
    const second = await playIt();
    expect(second.steps.every((step) => step.replayed)).toBe(true);
    expect([second.before, second.after]).toEqual([first.after, first.after]);
    expect(lines.join('\n')).toContain(
      'All 3 steps had been played before, nothing was changed: the log still stands at 130',
    );
  });

  it('sends the same request again when the server is busy', async () => {
    const busy = { status: 503, headers: { 'retry-after': '0' }, body: { code: 'server/busy' } };
    surprises.set('POST /v1/contracts', [busy, busy]);
    await playIt();
    const sent = commands.filter(({ url }) => url === '/v1/contracts');
    expect(sent.map(({ headers }) => headers['idempotency-key'])).toEqual(
      Array(3).fill('small-story.contract'),
    );
  });

  it('sends the same request again when the connection is cut', async () => {
    surprises.set('POST /v1/deliveries', [{ cut: true }]);
    await playIt();
    const sent = commands.filter(({ url }) => url.startsWith('/v1/deliveries'));
    expect(sent.map(({ headers }) => headers['idempotency-key'])).toEqual(
      Array(2).fill('small-story.delivery'),
    );
    expect(lines.filter((line) => line.startsWith('  waiting: no answer'))).toHaveLength(1);
  });

  it('gives up on a server that stays busy, with its problem', async () => {
    const busy = { status: 503, headers: { 'retry-after': '0' }, body: { detail: 'Disk is full' } };
    surprises.set('POST /v1/contracts', Array<Answer>(100).fill(busy));
    await expect(playIt(300)).rejects.toThrow(/no outcome within .*Disk is full/);
  });

  it('stops at a refusal with the lines it names', async () => {
    const errors = [{ line: 17, column: 'slot', code: 'line/invalid', message: 'Not a number' }];
    const problem = { code: 'upload/lines-invalid', detail: 'One line is invalid', errors };
    surprises.set(`POST /v1/contracts/${CONTRACT}/orders`, [{ status: 422, body: problem }]);
    await expect(playIt()).rejects.toThrow(
      `POST /v1/contracts/${CONTRACT}/orders answered 422 upload/lines-invalid: ` +
        'One line is invalid\n  line 17, slot: Not a number',
    );
    expect(commands).toHaveLength(2);
  });

  it('stops when lines of an upload are refused that should not be', async () => {
    surprises.set(`GET /v1/operations/${OPERATION}`, [
      { body: operation({ done: 1, rejected: 1 }) },
    ]);
    await expect(playIt()).rejects.toThrow(
      'Step delivery: 1 lines were refused, expected none\n' +
        '  line 3: model/unknown: There is no model X',
    );
  });

  it('says how to start a server when none answers', async () => {
    url = 'http://127.0.0.1:1';
    await expect(playIt(150)).rejects.toThrow(
      /No server answers at http:\/\/127\.0\.0\.1:1: .*npm start/,
    );
  });
});

describe('reading a scenario', () => {
  const reading = async (yaml: string): Promise<unknown> => {
    const directory = await mkdtemp(join(tmpdir(), 'story-'));
    try {
      const named = join(directory, 'story');
      await mkdir(named);
      await writeFile(join(named, 'scenario.yaml'), yaml);
      return await loadScenario(named);
    } finally {
      await rm(directory, { recursive: true });
    }
  };
  const step = (name: string, more: string) => `
  - name: ${name}
    says: Something
    post: /v1/things
    ${more}`;

  it('refuses a reference to a step that is not earlier', async () => {
    const yaml = `title: T\nsteps:${step('one', 'body: { id: "${two.id}" }')}${step('two', '')}`;
    await expect(reading(yaml)).rejects.toThrow(
      'Step one refers to ${two.id}, and no earlier step is two',
    );
  });

  it('refuses two steps of one name, for they would share a key', async () => {
    const yaml = `title: T\nsteps:${step('one', '')}${step('one', '')}`;
    await expect(reading(yaml)).rejects.toThrow('Two steps are called one');
  });

  it('names an unknown field and where it is', async () => {
    const yaml = `title: T\nsteps:${step('one', 'boddy: {}')}`;
    await expect(reading(yaml)).rejects.toThrow(/boddy[^]*steps\[0\]/);
  });

  it('refuses a subject that the scenario does not have', async () => {
    const yaml = `title: T\nsteps:${step('one', 'as: nobody')}`;
    await expect(reading(yaml)).rejects.toThrow('Step one is taken as nobody');
  });

  it('names a scenario that does not exist', async () => {
    await expect(loadScenario('no-such-story')).rejects.toThrow(
      'There is no scenario no-such-story',
    );
  });
});

const operation = (
  more: Partial<Record<'done' | 'rejected', number>> & { readonly status?: string },
) => ({
  operationId: OPERATION,
  status: 'completed',
  lineCount: 2,
  rejectedAtUpload: 0,
  done: 2,
  rejected: 0,
  ...more,
});

const machine = { powerWatts: 3_247, hashrateGhs: 151_000 };
const both = { units: 2, powerWatts: 6_494, hashrateGhs: 302_000 };

const contractDetails = {
  contractId: CONTRACT,
  customerId: '33333333-3333-4333-8333-333333333333',
  reference: 'HA-1',
  title: 'Hosting',
  status: 'executed',
  executedOn: '2023-09-22',
  termsVersion: 1,
  ordered: both,
  allocated: both,
  delivered: both,
};

const facility = {
  facility: 'DENTON',
  powerEnvelopeWatts: 125_000_000,
  racks: { count: 2, powerLimitWatts: 546_000 },
  slots: { total: 168, reserved: 0, occupied: 2, occupiedWatts: 6_494 },
};

const move = {
  serial: 'SERIAL1',
  kind: 'relocation',
  from: { kind: 'slot', facility: 'DENTON', rack: 'A', slot: 1 },
  to: { kind: 'slot', facility: 'COTTONWOOD', rack: 'B', slot: 2 },
  movedAt: '2024-04-20T00:00:00.000Z',
  movedBy: 'operator',
  reason: 'Cheaper power',
};
