import { Controller, Get, Post, type Type } from '@nestjs/common';
import fc from 'fast-check';
import { listen, send, type ListeningApp } from './http.fixture.js';
import { AnyRole, type Principal } from './auth.js';
import type { OwnedKind } from './read.js';
import { InScope, OwnObject, OwnRows, scopeOf, toldTo, type Scope } from './scope.js';

const noThing: OwnedKind = {
  param: 'id',
  customersOf: () => Promise.resolve([]),
  unknown: () => new Error('unknown'),
};

@Controller('things')
class ThingsController {
  @Get()
  @AnyRole()
  @OwnRows({ without: ['cost'] })
  list(@InScope() scope: Scope) {
    const items = [{ customerId: 'c1', fromCustomerId: 'c2', cost: '1.00', actor: 'ana' }];
    return { seen: scope.customers ?? 'all', items };
  }

  @Get('closed')
  @AnyRole()
  closed() {
    return { customerId: 'c1' };
  }
}

const principals: Readonly<Record<string, Principal>> = {
  auditor: { subject: 'joe', roles: ['auditor'] },
  customer: { subject: 'cid', roles: ['customer'], customers: ['c1'] },
  nobodys: { subject: 'ned', roles: ['customer'] },
  limited: { subject: 'amy', roles: ['admin'], customers: ['c1'] },
  roleless: { subject: 'rob', roles: [], customers: ['c1'] },
};

let app: ListeningApp;

beforeAll(async () => {
  const authenticate = (token: string) => Promise.resolve(principals[token]);
  app = await listen([ThingsController], { authenticate });
});

afterAll(() => app.app.close());

describe('A route that does not say how it is open to customers', () => {
  it.each(['customer', 'nobodys', 'limited'])('is closed to one who is %s', async (token) => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await send(app.origin, method, '/v1/things/closed', { token });
      expect(answer.status).toBe(403);
      expect(answer.headers.get('www-authenticate')).toBe('Bearer error="insufficient_scope"');
    }
    const { json } = await send(app.origin, 'GET', '/v1/things/closed', { token });
    expect(json).toMatchObject({ code: 'request/out-of-scope' });
    expect(app.log.at(-2) ?? {}).toHaveProperty('code', 'request/out-of-scope');
  });

  it('is open to the company', async () => {
    const { status } = await send(app.origin, 'GET', '/v1/things/closed', { token: 'auditor' });
    expect(status).toBe(200);
  });
});

describe('A route that says how it is open', () => {
  const asked = async (token: string) => {
    const { json } = await send(app.origin, 'GET', '/v1/things', { token });
    return json;
  };

  it('is told whose objects are seen', async () => {
    expect(await asked('auditor')).toMatchObject({ seen: 'all' });
    expect(await asked('customer')).toMatchObject({ seen: ['c1'] });
    expect(await asked('limited')).toMatchObject({ seen: ['c1'] });
    expect(await asked('nobodys')).toMatchObject({ seen: [] });
  });

  it('does not tell customers everything', async () => {
    const { items } = await asked('auditor');
    expect(items).toEqual([{ customerId: 'c1', fromCustomerId: 'c2', cost: '1.00', actor: 'ana' }]);
    expect((await asked('customer')).items).toEqual([{ customerId: 'c1' }]);
  });

  it('needs a role all the same', async () => {
    expect(await asked('roleless')).toMatchObject({ code: 'request/forbidden' });
  });
});

describe('The app does not start', () => {
  @Controller('acts')
  class ActsController {
    @Post(':id')
    @AnyRole()
    @OwnObject(noThing)
    act() {
      return {};
    }
  }

  @Controller('rows')
  class RowsController {
    @Get()
    @AnyRole()
    @OwnRows()
    list() {
      return {};
    }
  }

  it.each<[string, Type, string]>([
    ['writes for customers', ActsController, 'ActsController.act writes'],
    ['has rows of customers and heeds no scope', RowsController, 'RowsController.list has rows'],
  ])('with a route that %s', async (_, controller, why) => {
    await expect(listen([controller])).rejects.toThrow(why);
  });
});

describe('What is told', () => {
  const customers = fc.constantFrom('c1', 'c2', 'c3');
  const leaf = fc.oneof(customers, fc.integer(), fc.constant(null));
  const keys = fc.constantFrom(
    'customerId',
    'toCustomerId',
    'successorId',
    'actor',
    'cost',
    'note',
  );
  const body = fc.letrec((tie) => ({
    node: fc.oneof({ maxDepth: 4 }, leaf, fc.array(tie('node')), fc.dictionary(keys, tie('node'))),
  })).node;

  const everyEntry = (value: unknown): [string, unknown][] =>
    typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap((entry) => [entry, ...everyEntry(entry[1])])
      : [];

  it('names no other customer and nothing that is hidden, however deep', () => {
    fc.assert(
      fc.property(body, fc.subarray(['c1', 'c2', 'c3']), (all, own) => {
        const told = everyEntry(toldTo(all, { customers: own }, ['cost']));
        for (const [key, value] of told) {
          expect(['actor', 'cost']).not.toContain(key);
          if (/customerId|successorId/i.test(key) && typeof value === 'string') {
            expect(own).toContain(value);
          }
        }
      }),
    );
  });

  it('is everything to those who are not limited', () => {
    fc.assert(fc.property(body, (all) => expect(toldTo(all, {}, ['cost'])).toBe(all)));
  });

  it('is a file as it is', () => {
    const file = Buffer.from('%PDF');
    expect(toldTo(file, { customers: [] })).toBe(file);
  });
});

describe('Scope', () => {
  it.each<[Omit<Principal, 'subject'>, Scope]>([
    [{ roles: ['admin'] }, {}],
    [{ roles: ['customer'] }, { customers: [] }],
    [{ roles: ['admin', 'customer'] }, { customers: [] }],
    [{ roles: ['operator'], customers: ['c1'] }, { customers: ['c1'] }],
    [{ roles: ['operator'], customers: [] }, { customers: [] }],
  ])('of %j is %j', (principal, scope) => {
    expect(scopeOf({ subject: 'ada', ...principal })).toEqual(scope);
  });
});
