import * as ts from 'typescript';
import { lineOf, targetOf, walk, type Import, type ParsedSource } from './sources.js';

/** Reads the files and names each breach as `path:line what is wrong`. */
export type Rule = (sources: readonly ParsedSource[]) => string[];

/** Which room may know which, beside itself; apps and test compose and may know all. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  eventsourcing: [],
  'embedded-node': [],
  config: [],
  quantities: [],
  http: ['eventsourcing', 'config', 'quantities'],
  feed: ['eventsourcing', 'http'],
  operations: ['eventsourcing', 'http'],
  access: ['eventsourcing', 'http'],
  projections: ['eventsourcing', 'http'],
  webhooks: ['eventsourcing', 'http', 'feed'],
  sites: ['eventsourcing', 'http', 'feed', 'quantities'],
  contracts: ['eventsourcing', 'http', 'feed', 'quantities', 'sites'],
  fleet: ['eventsourcing', 'http', 'feed', 'operations', 'quantities', 'sites', 'contracts'],
  deals: ['eventsourcing', 'http', 'feed', 'quantities', 'sites', 'contracts', 'fleet'],
  economics: ['eventsourcing', 'http', 'feed', 'quantities', 'sites', 'contracts', 'fleet'],
  billing: [
    ...['eventsourcing', 'http', 'feed', 'operations', 'quantities'],
    ...['sites', 'contracts', 'fleet', 'economics', 'deals'],
  ],
  audit: [
    ...['eventsourcing', 'http', 'feed', 'operations', 'quantities', 'access', 'projections'],
    ...['webhooks', 'sites', 'contracts', 'fleet', 'economics', 'deals', 'billing'],
  ],
  testing: ['eventsourcing', 'embedded-node', 'feed', 'http'],
};

/** Rooms that have a domain of the trade. */
const DOMAIN_ROOMS = ['sites', 'contracts', 'fleet', 'economics', 'deals'] as const;

/** What a spec and its fixtures may use in any room, beside the room's own arrows. */
const SPEC_TOOLS = new Set(['testing', 'embedded-node']);

/** Doors beside the main one; every other path into a lib is a wall. */
const SIDE_DOORS = new Set([
  '@hostledger/eventsourcing/eventstoredb',
  '@hostledger/eventsourcing/postgres',
  '@hostledger/eventsourcing/nest',
  '@hostledger/testing/http',
]);

const isSpec = (path: string): boolean => /\.(spec|fixture)\.ts$/.test(path);
const isTest = (path: string): boolean => path.startsWith('test/');
const roomOf = (path: string): string | undefined => /^libs\/([^/]+)\//.exec(path)?.[1];
const isDomain = (path: string): boolean => /^libs\/[^/]+\/src\/domain\//.test(path);
const isPackage = (specifier: string, name: string): boolean =>
  specifier === name || specifier.startsWith(`${name}/`);

const breach = (source: ParsedSource, line: number, what: string): string =>
  `${source.path}:${line} ${what}`;

const checkImports =
  (wrong: (source: ParsedSource, imported: Import) => string | undefined): Rule =>
  (sources) =>
    sources.flatMap((source) =>
      source.imports.flatMap((imported) => {
        const what = wrong(source, imported);
        return what === undefined ? [] : [breach(source, imported.line, what)];
      }),
    );

/**
 * A decider knows the kernel's pure surface, its own folder and exact decimals; specs also their tools.
 * What other rooms say of themselves it may know by type, along the arrows of {@link ROOMS}.
 */
export const domainImports: Rule = checkImports(({ path }, { specifier, typeOnly }) => {
  if (!isDomain(path)) return undefined;
  const folder = path.slice(0, path.indexOf('/domain/') + '/domain/'.length);
  if (specifier.startsWith('.')) {
    return targetOf(path, specifier)?.startsWith(folder)
      ? undefined
      : `the domain reaches out of its folder to ${specifier}`;
  }
  const allowed = ['@hostledger/eventsourcing', '@hostledger/quantities'];
  if (isSpec(path)) allowed.push('@hostledger/testing', 'fast-check');
  const others = DOMAIN_ROOMS.filter((room) => ROOMS[roomOf(path)!]?.includes(room));
  if (typeOnly) allowed.push(...others.map((room) => `@hostledger/${room}`));
  return allowed.includes(specifier) ? undefined : `the domain imports ${specifier}`;
});

/** Globals through which time, chance or the outside world would get into a decision. */
const IMPURE_GLOBALS = new Set([
  'process',
  'performance',
  'crypto',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'globalThis',
  'console',
]);
const IMPURE_CALLS = new Set(['Date.now', 'Math.random', 'Date']);

/** What a decider decides depends on its arguments alone. Specs are free. */
export const domainPurity: Rule = (sources) =>
  sources
    .filter(({ path }) => isDomain(path) && !isSpec(path))
    .flatMap((source) => {
      const breaches: string[] = [];
      walk(source.tree, (node) => {
        const what = impurity(node);
        if (what) breaches.push(breach(source, lineOf(node), `the domain uses ${what}`));
      });
      return breaches;
    });

const impurity = (node: ts.Node): string | undefined => {
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) {
    return 'new Date()';
  }
  if (ts.isCallExpression(node) && IMPURE_CALLS.has(node.expression.getText())) {
    return `${node.expression.getText()}()`;
  }
  if (ts.isIdentifier(node) && IMPURE_GLOBALS.has(node.text) && isGlobalUse(node)) return node.text;
  return undefined;
};

/** Not a property or a name of ours that happens to be spelled like a global. */
const isGlobalUse = (node: ts.Identifier): boolean => {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isElementAccessExpression(parent)) return parent.expression === node;
  if (ts.isCallExpression(parent) || ts.isNewExpression(parent)) return true;
  return false;
};

const MONEY_PLACE = /^libs\/billing\/src\/domain\//;
/** Names by which money, energy and what they are computed from go in the billing room. */
const MONEY_WORDS =
  /amount|balance|bitcoin|charge|cost|credit|energy|exact|fee|kwh|money|payable|percent|price|proceeds|profit|quantity|rate|ratio|satoshi|share|sum|total|watt|worth/i;
const FLOAT_PARSERS = new Set(['parseFloat', 'Number.parseFloat']);
const FLOAT_METHODS = new Set(['toFixed', 'toPrecision', 'toExponential', 'valueOf']);
const NUMBER_MAKERS = /^(Number|Math\.\w+)$/;

/**
 * Money and energy are whole numbers, rationals or text: no float is made of them, and none is
 * written down. Numbers that count something else, as days or seconds, are free. Specs are too.
 */
export const noFloatOfMoney: Rule = (sources) =>
  sources
    .filter(({ path }) => MONEY_PLACE.test(path) && !isSpec(path))
    .flatMap((source) => {
      const breaches: string[] = [];
      walk(source.tree, (node) => {
        const what = floatOfMoney(node);
        if (what) breaches.push(breach(source, lineOf(node), `money or energy as ${what}`));
      });
      return breaches;
    });

const floatOfMoney = (node: ts.Node): string | undefined => {
  if (ts.isNumericLiteral(node) && !Number.isInteger(Number(node.text))) return node.text;
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.PlusToken) {
    return MONEY_WORDS.test(node.operand.getText()) ? node.getText() : undefined;
  }
  if (!ts.isCallExpression(node)) return undefined;
  const called = node.expression.getText();
  if (FLOAT_PARSERS.has(called)) return `${called}()`;
  if (ts.isPropertyAccessExpression(node.expression)) {
    const { text } = node.expression.name;
    if (FLOAT_METHODS.has(text)) return `.${text}()`;
  }
  const given = node.arguments.map((argument) => argument.getText()).join(' ');
  return NUMBER_MAKERS.test(called) && MONEY_WORDS.test(given) ? `${called}()` : undefined;
};

/** Rooms meet at their doors, and only along the arrows of {@link ROOMS}. */
export const roomDoors: Rule = checkImports(({ path }, { specifier }) => {
  const room = roomOf(path);
  if (specifier.startsWith('.')) {
    const reachable = room ? [`libs/${room}/`] : ['apps/', ...(isTest(path) ? ['test/'] : [])];
    const target = targetOf(path, specifier);
    return reachable.some((folder) => target?.startsWith(folder))
      ? undefined
      : `${specifier} leads out of ${reachable.join(' and ')} by a relative path`;
  }
  const known = /^@hostledger\/([^/]+)/.exec(specifier)?.[1];
  if (!known) return undefined;
  if (specifier !== `@hostledger/${known}` && !SIDE_DOORS.has(specifier)) {
    return `${specifier} is no door`;
  }
  if (!room || known === room || (isSpec(path) && SPEC_TOOLS.has(known))) return undefined;
  const arrows = ROOMS[room];
  if (!arrows) return `the room ${room} is not on the plan`;
  return arrows.includes(known) ? undefined : `${room} may not know ${known}`;
});

/** Files that load each other in a circle see half-made modules. Imports of types alone are erased and do not count. */
export const noCycles: Rule = (sources) => {
  const edges = new Map(
    sources.map((source) => [
      source.path,
      source.imports
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ specifier }) => targetOf(source.path, specifier))
        .filter((target): target is string => target !== undefined),
    ]),
  );
  const done = new Set<string>();
  const trail: string[] = [];
  const cycles: string[] = [];
  const visit = (path: string): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push(`cycle: ${[...trail.slice(start), path].join(' -> ')}`);
      return;
    }
    if (done.has(path)) return;
    trail.push(path);
    edges.get(path)?.forEach(visit);
    trail.pop();
    done.add(path);
  };
  [...edges.keys()].forEach(visit);
  return cycles;
};

/**
 * One folder speaks to the event store, so that a move to another client touches one folder. The
 * embedded node is built on the definitions inside that package and tested through it; the bench
 * holds the system against the bare client.
 */
export const oneStoreClient: Rule = checkImports(({ path }, { specifier }) =>
  isPackage(specifier, '@eventstore/db-client') &&
  !['libs/eventsourcing/src/eventstoredb/', 'libs/embedded-node/', 'test/bench/'].some((folder) =>
    path.startsWith(folder),
  )
    ? `${specifier} is spoken in libs/eventsourcing/src/eventstoredb only`
    : undefined,
);

const SQL_PACKAGES = ['kysely', 'pg', '@electric-sql/pglite'];
const SQL_PLACES = [
  /^libs\/eventsourcing\/src\/postgres\//,
  /^libs\/[^/]+\/src\/read\//,
  /^libs\/http\/src\/read\.ts$/,
];
/** Specs and their tools may open a database to look into it. */
const SQL_TEST_PLACES = [/\.spec\.ts$/, /^libs\/testing\/src\//, /^test\/support\//];

/** SQL is the kernel's PostgreSQL folder, the read slices and the keyset page. */
export const sqlPlaces: Rule = checkImports(({ path }, { specifier }) =>
  SQL_PACKAGES.some((name) => isPackage(specifier, name)) &&
  ![...SQL_PLACES, ...SQL_TEST_PLACES].some((place) => place.test(path))
    ? `${specifier} belongs to the read side`
    : undefined,
);

const SCHEMA = /^libs\/[^/]+\/src\/(?:.*\/)?(?:http|write|read)\/|^libs\/http\/src\//;

/** The API document holds one schema of a name, the last one, whichever rooms say theirs is. */
export const schemaNames: Rule = (sources) => {
  const places = new Map<string, string>();
  const faults: string[] = [];
  for (const { path, tree } of sources) {
    if (!SCHEMA.test(path) || isSpec(path)) continue;
    walk(tree, (node) => {
      // Parameters and queries are told field by field.
      if (!ts.isClassDeclaration(node) || !node.name || /Params$/.test(node.name.text)) return;
      const { text: name } = node.name;
      const before = places.get(name);
      places.set(name, path);
      if (before) faults.push(`${path}:${lineOf(node)} ${before} has a ${name} already`);
    });
  }
  return faults;
};
