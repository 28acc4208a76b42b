import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as rules from './architecture/rules.js';
import { parse, readSources } from './architecture/sources.js';

const root = join(__dirname, '..');
const repository = readSources(root, ['apps', 'libs', 'test']);

/** A repository of a few files, to see that a rule notices. */
const small = (files: Readonly<Record<string, string>>) =>
  Object.entries(files).map(([path, text]) => parse({ path, text }));

it('The repository is read: its files and what they import are seen', () => {
  const store = repository.find(
    ({ path }) => path === 'libs/eventsourcing/src/eventstoredb/store.ts',
  );
  expect(store?.imports.map(({ specifier }) => specifier)).toContain('@eventstore/db-client');
});

describe('The domain', () => {
  it('imports the kernel, its own folder and exact decimals, nothing else', () => {
    expect(rules.domainImports(repository)).toEqual([]);
  });

  it('is pure: no clock, no chance, no world', () => {
    expect(rules.domainPurity(repository)).toEqual([]);
  });

  it.each([
    [`import { readFileSync } from 'node:fs';`],
    [`import type { Pool } from 'pg';`],
    [`import { Injectable } from '@nestjs/common';`],
    [`import { EventStore } from '@hostledger/eventsourcing/eventstoredb';`],
    [`import { rackAggregate } from '@hostledger/sites';`],
    [`import { query } from '../read/query.js';`],
    [`export * from '../write/move.js';`],
    [`const fs = require('fs');`],
    [`const lazy = () => import('undici');`],
    [`import { specOf } from '@hostledger/testing';`],
  ])('is told off for %s', (line) => {
    const sources = small({ 'libs/fleet/src/domain/miner.ts': `\n${line}` });
    expect(rules.domainImports(sources)).toEqual([
      expect.stringMatching(/^libs\/fleet\/src\/domain\/miner\.ts:2 /),
    ]);
  });

  it('may know what another room says of itself by type, along the plan', () => {
    const told = (room: string): string[] =>
      rules.domainImports(
        small({ [`libs/${room}/src/domain/x.ts`]: `import type { A } from '@hostledger/fleet';` }),
      );
    expect(told('billing')).toEqual([]);
    expect(told('sites')).toHaveLength(1);
  });

  it.each([
    ['const now = Date.now();'],
    ['const now = new Date();'],
    ['const now = new Date;'],
    ['const text = Date();'],
    ['const dice = Math.random();'],
    ['const id = crypto.randomUUID();'],
    ['const home = process.env;'],
    ['setTimeout(() => undefined, 5);'],
  ])('is told off for %s', (code) => {
    expect(rules.domainPurity(small({ 'libs/sites/src/domain/rack.ts': code }))).toHaveLength(1);
  });

  it('may read a date it was given, and write of time in comments', () => {
    const code = `// never Date.now()\nconst day = new Date(at).toISOString();\nconst x = state.process;`;
    expect(rules.domainPurity(small({ 'libs/sites/src/domain/rack.ts': code }))).toEqual([]);
  });
});

describe('Money and energy', () => {
  it('touch no float in the domain of billing', () => {
    expect(rules.noFloatOfMoney(repository)).toEqual([]);
  });

  const told = (path: string, code: string): string[] =>
    rules.noFloatOfMoney(small({ [path]: code }));
  const place = 'libs/billing/src/domain/rating/x.ts';

  it.each([
    ['const due = parseFloat(text);'],
    ['const due = Number.parseFloat(text);'],
    ['const due = Number(line.amount);'],
    ['const kW = Number(powerWatts) / 1000;'],
    ['const due = +line.amount;'],
    ['const text = due.toFixed(2);'],
    ['const text = due.toPrecision(6);'],
    ['const due = hours * 0.075;'],
    ['const due = exact(0.1);'],
    ['const due = 75e-3 * hours;'],
    ['const cents = Math.round(amount);'],
    ['const sum = exactSum.valueOf();'],
    ['const least = Math.min(credit, charge);'],
  ])('are told off for %s', (code) => {
    expect(told(place, code)).toEqual([expect.stringContaining(`${place}:1 `)]);
  });

  it('are free to be text, bigints and rationals, and other things to be counted', () => {
    const code = `const due = exact('0.1').mul(exact(wattMs)); const ms = 86_400_000 * days;
      const year = Number(month.slice(0, 4)); // not 0.5 of Number(amount)
      const zero = BigInt(amount) * 10n ** 2n; const text = '0.075'; const late = Math.max(days, 0);`;
    expect(told(place, code)).toEqual([]);
  });

  it('of other rooms and of specs are not looked at', () => {
    const code = 'const due = Number(amount) * 0.5;';
    expect(told('libs/economics/src/domain/x.ts', code)).toEqual([]);
    expect(told('libs/billing/src/domain/x.spec.ts', code)).toEqual([]);
  });
});

describe('Rooms', () => {
  it('know each other only through their doors and along the plan', () => {
    expect(rules.roomDoors(repository)).toEqual([]);
  });

  it('are all on the plan, which has no circle', () => {
    const rooms = new Set(
      repository.flatMap(({ path }) => /^libs\/([^/]+)\//.exec(path)?.[1] ?? []),
    );
    expect([...rooms].filter((room) => !(room in rules.ROOMS))).toEqual([]);
    const plan = small(
      Object.fromEntries(
        Object.entries(rules.ROOMS).map(([room, known]) => [
          `libs/${room}/src/index.ts`,
          known.map((other) => `import '@hostledger/${other}';`).join('\n'),
        ]),
      ),
    );
    expect(rules.noCycles(plan)).toEqual([]);
  });

  it.each([
    ['libs/sites/src/x.ts', `import { x } from '@hostledger/fleet';`],
    ['libs/access/src/x.ts', `import type { X } from '@hostledger/contracts';`],
    ['libs/eventsourcing/src/x.ts', `import { x } from '@hostledger/http';`],
    ['libs/eventsourcing/src/x.ts', `import { x } from '@hostledger/testing';`],
    ['libs/fleet/src/x.ts', `import { x } from '@hostledger/sites/domain/rack.js';`],
    ['apps/api/src/x.ts', `import { x } from '@hostledger/sites/src';`],
    ['libs/fleet/src/x.ts', `import { x } from '../../sites/src/index.js';`],
    ['apps/api/src/x.ts', `import { x } from '../../../libs/sites/src/index.js';`],
    ['apps/api/src/x.ts', `import { x } from '../../../test/bench/main.js';`],
    ['test/x.spec.ts', `import { x } from '../libs/sites/src/index.js';`],
    ['libs/cellar/src/x.ts', `import { x } from '@hostledger/sites';`],
  ])('%s is told off for %s', (path, line) => {
    expect(rules.roomDoors(small({ [path]: line }))).toHaveLength(1);
  });
});

describe('Schemas', () => {
  it('have names of their own', () => {
    expect(rules.schemaNames(repository)).toEqual([]);
  });

  it('of two rooms with one name are told', () => {
    const text = 'export class PriceView {}';
    const sources = small({ 'libs/deals/src/read/a.ts': text, 'libs/fleet/src/write/b.ts': text });
    expect(rules.schemaNames(sources)).toEqual([
      'libs/fleet/src/write/b.ts:1 libs/deals/src/read/a.ts has a PriceView already',
    ]);
  });
});

describe('Files', () => {
  it('do not load each other in circles', () => {
    expect(rules.noCycles(repository)).toEqual([]);
  });

  it('are followed through aliases, exports and side doors', () => {
    const sources = small({
      'libs/a/src/index.ts': `export * from './deep.js';`,
      'libs/a/src/deep.ts': `import { b } from '@hostledger/b';`,
      'libs/b/src/index.ts': `import { door } from '@hostledger/a/door';`,
      'libs/a/src/door/index.ts': `export { x } from '../index.js';`,
    });
    expect(rules.noCycles(sources)).toEqual([
      'cycle: libs/a/src/index.ts -> libs/a/src/deep.ts -> libs/b/src/index.ts -> libs/a/src/door/index.ts -> libs/a/src/index.ts',
    ]);
  });

  it('may know the types of each other', () => {
    const sources = small({
      'libs/a/src/one.ts': `import type { Two } from './two.js';`,
      'libs/a/src/two.ts': `import { type One } from './one.js';\nexport { type One } from './one.js';`,
    });
    expect(rules.noCycles(sources)).toEqual([]);
  });

  it('that only name a type beside a value do load each other', () => {
    const sources = small({
      'libs/a/src/one.ts': `import { type Two, two } from './two.js';`,
      'libs/a/src/two.ts': `import { one } from './one.js';`,
    });
    expect(rules.noCycles(sources)).toHaveLength(1);
  });
});

describe('The event store client', () => {
  it('is spoken in one folder', () => {
    expect(rules.oneStoreClient(repository)).toEqual([]);
  });

  it.each([
    ['libs/fleet/src/read/miners.spec.ts', `import { START } from '@eventstore/db-client';`],
    ['libs/eventsourcing/src/store.ts', `import type { X } from '@eventstore/db-client';`],
    ['apps/api/src/main.ts', `import x from '@eventstore/db-client/generated/streams_pb';`],
  ])('is not spoken in %s', (path, line) => {
    expect(rules.oneStoreClient(small({ [path]: line }))).toHaveLength(1);
  });

  it('is exactly 6.2.1, since we depend on what its folders hold', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      dependencies: Record<string, string>;
    };
    expect(dependencies['@eventstore/db-client']).toBe('6.2.1');
  });
});

describe('SQL', () => {
  it('is written on the read side only', () => {
    expect(rules.sqlPlaces(repository)).toEqual([]);
  });

  it.each([
    ['libs/fleet/src/write/move.ts', `import { sql } from 'kysely';`],
    ['libs/http/src/problem.ts', `import type { Kysely } from 'kysely';`],
    ['apps/worker/src/main.ts', `import { Pool } from 'pg';`],
    ['libs/sites/src/process/finish.ts', `import { PGlite } from '@electric-sql/pglite/worker';`],
  ])('is not written in %s', (path, line) => {
    expect(rules.sqlPlaces(small({ [path]: line }))).toHaveLength(1);
  });
});
