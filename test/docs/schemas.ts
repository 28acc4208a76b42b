import * as ts from 'typescript';
import { aggregatesOf } from './events.js';
import { MEANINGS, unitOf } from './fields.js';
import { commentOf, type Sources } from './program.js';

/** A schema of JSON Schema 2020-12. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** The schema of an event's `data`, and where the event belongs. */
export interface EventSchemaDoc {
  readonly room: string;
  readonly category: string;
  readonly schema: Schema;
}

const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/** The schema of every event type, by its name, in the order of the catalogue. */
export const schemasOf = (sources: Sources): ReadonlyMap<string, EventSchemaDoc> =>
  new Map(
    aggregatesOf(sources).flatMap(({ room, category, events }) =>
      events.map(({ type, sentence, data }): [string, EventSchemaDoc] => {
        const shapes = new SchemaShapes(sources);
        const object = data ? shapes.objectOf(data) : { type: 'object' };
        const schema = {
          $schema: DIALECT,
          $id: `/v1/schemas/${type}`,
          title: type,
          description: sentence,
          ...object,
          ...shapes.definitions(),
        };
        return [type, { room, category, schema }];
      }),
    ),
  );

/** What units say of a text beyond that it is one. */
const TEXT_FORMS: readonly (readonly [RegExp, Schema])[] = [
  [/^date$/, { format: 'date' }],
  [/^instant/, { format: 'date-time' }],
  [/SHA-256/, { pattern: '^[0-9a-f]{64}$' }],
  [/decimal/, { pattern: '^-?\\d+(\\.\\d+)?$' }],
];

/** Units of which there are whole numbers only. */
const WHOLE = new Set(['W', 'GH/s']);

/**
 * Turns types into schemas. Objects stay open: a later release may add optional fields, and a
 * consumer that knows fewer of them must go on.
 */
class SchemaShapes {
  private readonly defined = new Map<string, Schema>();

  constructor(private readonly sources: Sources) {}

  /** The named types that were met. */
  definitions(): Schema {
    if (this.defined.size === 0) return {};
    const sorted = [...this.defined].sort(([a], [b]) => (a < b ? -1 : 1));
    return { $defs: Object.fromEntries(sorted) };
  }

  objectOf(type: ts.Type): Schema {
    // By name: of derived types the compiler's own order changes with the sources around.
    const properties = type.getProperties().toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const required = properties.filter(({ flags }) => (flags & ts.SymbolFlags.Optional) === 0);
    return {
      type: 'object',
      properties: Object.fromEntries(
        properties.map((property) => [property.name, this.propertyOf(property)]),
      ),
      ...(required.length > 0 && { required: required.map(({ name }) => name) }),
    };
  }

  private propertyOf(property: ts.Symbol): Schema {
    const { checker } = this.sources;
    const whole = checker.getTypeOfSymbol(property);
    const schema = isAnyJson(property)
      ? {}
      : this.schemaOf(withoutUndefined(checker, whole), property.name);
    const description = commentOf(this.sources, property) || MEANINGS[property.name];
    return { ...schema, ...(description && { description }) };
  }

  private schemaOf(type: ts.Type, field: string): Schema {
    if (type.aliasSymbol?.name === 'Json') return {};
    if (type.flags & ts.TypeFlags.Null) return { type: 'null' };
    if (type.flags & ts.TypeFlags.Boolean) return { type: 'boolean' };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (type.flags & ts.TypeFlags.BooleanLiteral) {
      return { const: this.sources.checker.typeToString(type) === 'true' };
    }
    if (type.flags & ts.TypeFlags.String) return textSchema(field);
    if (type.flags & ts.TypeFlags.Number) return numberSchema(field);
    if (type.isUnion()) return this.unionOf(type, field);
    return this.structureOf(type, field);
  }

  private structureOf(type: ts.Type, field: string): Schema {
    const { checker } = this.sources;
    if (checker.isArrayType(type)) {
      const [element] = checker.getTypeArguments(type as ts.TypeReference);
      return { type: 'array', items: this.schemaOf(element!, field) };
    }
    const values = type.getStringIndexType();
    if (values) return { type: 'object', additionalProperties: this.schemaOf(values, field) };
    if (type.getProperties().length === 0) {
      throw new Error(`No schema for ${checker.typeToString(type)} of ${field}`);
    }
    const name = nameOf(type);
    if (name === undefined) return this.objectOf(type);
    if (!this.defined.has(name)) {
      // Before its fields: a type may contain itself.
      this.defined.set(name, {});
      const description = commentOf(this.sources, type.aliasSymbol ?? type.symbol);
      this.defined.set(name, { ...(description && { description }), ...this.objectOf(type) });
    }
    return { $ref: `#/$defs/${name}` };
  }

  /** Two shapes that exclude each other, joined: the compiler keeps it until it is asked. */
  private isImpossible(type: ts.Type): boolean {
    return this.sources.checker.typeToString(type) === 'never';
  }

  /** Texts to choose from as an `enum`; all in the order of their text, not of the compiler. */
  private unionOf(type: ts.UnionType, field: string): Schema {
    const literals = type.types.filter((member) => member.isStringLiteral());
    const isTruth = ({ flags }: ts.Type): boolean => (flags & ts.TypeFlags.BooleanLiteral) !== 0;
    const truths = type.types.filter(isTruth);
    const others = type.types.filter(
      (member) => !member.isStringLiteral() && !isTruth(member) && !this.isImpossible(member),
    );
    const parts = others.map((member) => this.schemaOf(member, field));
    if (truths.length === 2) parts.push({ type: 'boolean' });
    else parts.push(...truths.map((member) => this.schemaOf(member, field)));
    if (literals.length > 0) {
      parts.push({ type: 'string', enum: literals.map(({ value }) => value).sort() });
    }
    parts.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    return parts.length === 1 ? parts[0]! : { anyOf: parts };
  }
}

/** Where it is optional, the type has lost its name: its parts and `undefined` are one union. */
const isAnyJson = ({ valueDeclaration: declared }: ts.Symbol): boolean =>
  declared !== undefined && ts.isPropertySignature(declared) && declared.type?.getText() === 'Json';

const withoutUndefined = (checker: ts.TypeChecker, type: ts.Type): ts.Type => {
  if (!type.isUnion() || !type.types.some(({ flags }) => flags & ts.TypeFlags.Undefined)) {
    return type;
  }
  // Only what may also be null would lose more than `undefined` here.
  if (type.types.some(({ flags }) => flags & ts.TypeFlags.Null)) {
    throw new Error('A field may be absent or null, not both');
  }
  return checker.getNonNullableType(type);
};

const textSchema = (field: string): Schema => {
  const unit = unitOf(field);
  const form = TEXT_FORMS.find(([pattern]) => pattern.test(unit))?.[1];
  return { type: 'string', ...form, ...(unit && !form?.['format'] && { 'x-unit': unit }) };
};

const numberSchema = (field: string): Schema => {
  const unit = unitOf(field);
  return { type: WHOLE.has(unit) ? 'integer' : 'number', ...(unit && { 'x-unit': unit }) };
};

const nameOf = (type: ts.Type): string | undefined => {
  if (type.aliasTypeArguments?.length) return undefined;
  const name = (type.aliasSymbol ?? type.symbol)?.name;
  return name === undefined || name.startsWith('__') ? undefined : name;
};

/** `libs/feed/src/event-schemas.json`: by event type what the feed says of it. */
export const renderSchemas = (schemas: ReadonlyMap<string, EventSchemaDoc>): string =>
  `${JSON.stringify(Object.fromEntries(schemas), null, 2)}\n`;
