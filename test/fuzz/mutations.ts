import type { BaseRequests, Draft } from './base-request.js';
import { csvOf, HOSTILE_FILES } from './hostile-files.js';
import {
  header,
  jsonText,
  pathText,
  queryText,
  toRequest,
  withHeader,
} from './hostile-messages.js';
import { hostileValue, Raw, written } from './hostile-values.js';
import type { Schema } from './document.js';
import type { Chance } from './random.js';
import type { HostileRequest } from './request.js';

/** Makes one thing of a draft hostile, sometimes two, and writes it. */
export class Mutations {
  constructor(private readonly bases: BaseRequests) {}

  of(draft: Draft, chance: Chance): HostileRequest {
    const kinds = this.#kindsFor(draft);
    const first = this.#apply(chance.one(kinds), draft, chance);
    if (first.body !== undefined || !chance.happens(0.15)) return first;
    return this.#apply(chance.one(kinds), draft, chance);
  }

  #kindsFor({ operation, path, query }: Draft): readonly Kind[] {
    const kinds: Kind[] = ['header', 'query', 'unchanged'];
    if (Object.keys(path).length > 0) kinds.push('path', 'path');
    if (query.length > 0) kinds.push('query');
    if (operation.method === 'GET' && operation.parameters.some((one) => one.in === 'query')) {
      kinds.push('query', 'query');
    }
    if (operation.body) kinds.push(...fieldKinds, 'text');
    if (operation.line) kinds.push('file', 'file');
    return kinds;
  }

  #apply(kind: Kind, draft: Draft, chance: Chance): HostileRequest {
    switch (kind) {
      case 'field':
        return this.#field(draft, chance);
      case 'text':
        return jsonText(draft, chance);
      case 'file':
        return this.#file(draft, chance);
      case 'path':
        return pathText(draft, chance);
      case 'query':
        return this.#query(draft, chance);
      case 'header':
        return header(draft, chance);
      case 'unchanged':
        return toRequest(draft, 'as documented');
    }
  }

  #query(draft: Draft, chance: Chance): HostileRequest {
    const hasCursor = draft.operation.parameters.some(({ name }) => name === 'cursor');
    const forged =
      hasCursor && chance.happens(0.3) && this.bases.forgedCursor(draft.operation, chance);
    if (!forged) return queryText(draft, chance);
    const query = draft.query.filter(([name]) => name !== 'cursor');
    return toRequest({ ...draft, query: [...query, ['cursor', forged]] }, 'a forged cursor');
  }

  #field(draft: Draft, chance: Chance): HostileRequest {
    const places = placesOf(draft.body);
    const place = chance.one(places);
    const name = `/${place.join('/')}`;
    const act = chance.next();
    if (act < 0.1)
      return toRequest({ ...draft, body: without(draft.body, place) }, `${name} missing`);
    if (act < 0.25) return this.#extraMember(draft, place, chance);
    const value = hostileValue(this.bases.schemaAt(draft.operation, place), chance);
    return toRequest({ ...draft, body: replaced(draft.body, place, value) }, `${name} hostile`);
  }

  #extraMember(draft: Draft, place: Place, chance: Chance): HostileRequest {
    const target = place.slice(0, -1);
    const text = chance.one([
      ...['"__proto__":{"polluted":true}', '"constructor":{"prototype":{"polluted":1}}'],
      ...['"extra":1', '"":1', '"toString":"x"', '"hasOwnProperty":1', '"then":1', '"a.b":1'],
      ...['"\\u005f\\u005fproto__":{"polluted":true}', '"__proto__":null', '"\\u0000":1', '"é":1'],
    ]);
    const member = chance.happens(0.3) ? twice(valueAt(draft.body, target), place.at(-1)) : text;
    const object = written(valueAt(draft.body, target));
    if (!object.startsWith('{'))
      return toRequest({ ...draft, body: new Raw(`[${object},{}]`) }, 'in a list');
    const inner = object.slice(1, -1);
    const grown = new Raw(
      `{${chance.happens(0.5) ? [member, inner].filter(Boolean).join(',') : [inner, member].filter(Boolean).join(',')}}`,
    );
    return toRequest(
      { ...draft, body: replaced(draft.body, target, grown) },
      `member ${member.slice(0, 60)}`,
    );
  }

  #file(draft: Draft, chance: Chance): HostileRequest {
    const { lines = [] } = draft.body as { lines?: Record<string, unknown>[] };
    const columns = Object.keys(this.#lineSchema(draft).properties ?? {});
    const mutated = chance.happens(0.5)
      ? lines.map((line) => this.#hostileLine(draft, line, chance))
      : lines;
    const csv = csvOf(columns, mutated);
    const { what, file } = chance.one(HOSTILE_FILES);
    const type = chance.one([
      'text/csv',
      'text/csv; charset=utf-8',
      'text/csv; header=present',
      'TEXT/CSV',
    ]);
    const headers = withHeader(draft.headers, 'content-type', type);
    return { ...toRequest({ ...draft, headers, body: undefined }, what), body: file(csv, columns) };
  }

  #lineSchema({ operation }: Draft): Schema {
    return this.bases.schemaAt(operation, ['lines', 0]);
  }

  #hostileLine({ operation }: Draft, line: Record<string, unknown>, chance: Chance) {
    const column = chance.one(Object.keys(line));
    const value = hostileValue(this.bases.schemaAt(operation, ['lines', 0, column]), chance);
    return { ...line, [column]: value };
  }
}

type Kind = 'field' | 'text' | 'file' | 'path' | 'query' | 'header' | 'unchanged';
const fieldKinds: readonly Kind[] = ['field', 'field', 'field', 'field', 'field'];

type Place = readonly (string | number)[];

/** Every field of a body, those inside of others too, and the body itself. */
const placesOf = (value: unknown, at: Place = []): Place[] => {
  if (typeof value !== 'object' || value === null || value instanceof Raw) return [at];
  const inner = Array.isArray(value)
    ? value.slice(0, 3).flatMap((item, index) => placesOf(item, [...at, index]))
    : Object.entries(value).flatMap(([name, item]) => placesOf(item, [...at, name]));
  return [at, ...inner];
};

const valueAt = (value: unknown, place: Place): unknown =>
  place.reduce<unknown>((inner, step) => (inner as Record<string, unknown>)[step], value);

const replaced = (value: unknown, [step, ...rest]: Place, by: unknown): unknown => {
  if (step === undefined) return by;
  const inner = replaced((value as Record<string, unknown>)[step], rest, by);
  if (Array.isArray(value))
    return value.map((item: unknown, index) => (index === step ? inner : item));
  return { ...(value as object), [step]: inner };
};

const without = (value: unknown, place: Place): unknown => {
  const last = place.at(-1);
  if (last === undefined) return undefined;
  const target = place.slice(0, -1);
  const from = valueAt(value, target);
  if (Array.isArray(from))
    return replaced(
      value,
      target,
      from.filter((_, index) => index !== last),
    );
  return replaced(
    value,
    target,
    Object.fromEntries(Object.entries(from as object).filter(([name]) => name !== last)),
  );
};

const twice = (object: unknown, name: string | number | undefined): string =>
  `${JSON.stringify(String(name ?? 'a'))}:${written((object as Record<string, unknown> | undefined)?.[name ?? ''] ?? 1)}`;
