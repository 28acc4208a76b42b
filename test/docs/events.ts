import * as ts from 'typescript';
import { MEANINGS, unitOf } from './fields.js';
import {
  commentOf,
  constantOf,
  entriesOf,
  findNodes,
  placeOf,
  roomOf,
  row,
  type Sources,
} from './program.js';

export interface Field {
  /** With the path to it where it stands inside of others: `clauses[].ref`. */
  readonly name: string;
  readonly optional: boolean;
  readonly type: string;
  readonly unit: string;
  readonly meaning: string;
  readonly place: string;
}

export interface EventDoc {
  readonly type: string;
  readonly sentence: string;
  readonly fields: readonly Field[];
}

/** A named type that fields of events have. */
export interface Shape {
  readonly name: string;
  readonly comment: string;
  readonly fields: readonly Field[];
}

export interface StreamDoc {
  readonly room: string;
  readonly category: string;
  readonly comment: string;
  readonly events: readonly EventDoc[];
  readonly shapes: readonly Shape[];
}

/** An aggregate as the sources declare it, with the types of its events. */
export interface AggregateDoc {
  readonly room: string;
  readonly category: string;
  readonly comment: string;
  /** In the order of the catalogue, which is that of a life; that of a union is the compiler's. */
  readonly events: readonly {
    readonly type: string;
    readonly sentence: string;
    readonly data: ts.Type | undefined;
  }[];
}

/** Every aggregate, by room and category. */
export const aggregatesOf = (sources: Sources): AggregateDoc[] =>
  findNodes(sources, isAggregate)
    .map((declaration) => aggregateOf(sources, declaration))
    .sort((a, b) => (`${a.room} ${a.category}` < `${b.room} ${b.category}` ? -1 : 1));

/** Every category of streams with the events it holds, by room and category. */
export const streamsOf = (sources: Sources): StreamDoc[] =>
  aggregatesOf(sources).map(({ room, category, comment, events }) => {
    const shapes = new Shapes(sources);
    const docs = events.map(({ type, sentence, data }): EventDoc => {
      return { type, sentence, fields: data ? shapes.fieldsOf(data) : [] };
    });
    return { room, category, comment, events: docs, shapes: shapes.named() };
  });

type AggregateDeclaration = ts.VariableDeclaration & { readonly type: ts.TypeReferenceNode };

const isAggregate = (node: ts.Node): node is AggregateDeclaration =>
  ts.isVariableDeclaration(node) &&
  node.type !== undefined &&
  ts.isTypeReferenceNode(node.type) &&
  node.type.typeName.getText() === 'Aggregate' &&
  node.type.typeArguments?.length === 3;

const aggregateOf = (sources: Sources, declaration: AggregateDeclaration): AggregateDoc => {
  const { checker } = sources;
  const aggregate = entriesOf(sources, declaration.initializer);
  const union = checker.getTypeFromTypeNode(declaration.type.typeArguments![2]!);
  const sentences = entriesOf(sources, aggregate.get('events'));
  const events = (union.isUnion() ? union.types : [union]).map((event) => {
    const type = propertyType(sources, event, 'type');
    if (!type?.isStringLiteral())
      throw new Error(`Unnamed event at ${placeOf(sources, declaration)}`);
    const sentence = sentences.get(type.value);
    return {
      type: type.value,
      sentence: sentence ? textOf(sources, sentence) : '',
      data: propertyType(sources, event, 'data'),
    };
  });
  return {
    room: roomOf(sources, declaration),
    category: textOf(sources, aggregate.get('category')),
    comment: commentOf(sources, checker.getSymbolAtLocation(declaration.name)),
    events: [...sentences.keys()].flatMap((name) => events.filter(({ type }) => type === name)),
  };
};

const propertyType = ({ checker }: Sources, type: ts.Type, name: string): ts.Type | undefined => {
  const property = type.getProperty(name);
  return property && checker.getTypeOfSymbol(property);
};

const textOf = (sources: Sources, node: ts.Expression | undefined): string => {
  const value = node && constantOf(sources, node);
  if (value && ts.isStringLiteralLike(value)) return value.text;
  if (value && ts.isBinaryExpression(value)) {
    return textOf(sources, value.left) + textOf(sources, value.right);
  }
  throw new Error(`Not a text: ${value ? placeOf(sources, value) : 'nothing'}`);
};

/** Reads fields of types, and keeps the named types that it meets. */
class Shapes {
  private readonly met = new Map<string, Shape>();

  constructor(private readonly sources: Sources) {}

  named(): Shape[] {
    return [...this.met.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  fieldsOf(type: ts.Type, path = ''): Field[] {
    return type.getProperties().flatMap((property) => {
      const { checker } = this.sources;
      const declaration = property.declarations?.[0];
      const whole = checker.getTypeOfSymbol(property);
      const inner = checker.getNonNullableType(whole);
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
      const nullable = !optional && inner !== whole;
      const name = path + property.name;
      const text = this.typeText(inner);
      const field: Field = {
        name,
        optional,
        type: nullable ? `${text} | null` : text,
        unit: /string|number/.test(text) ? unitOf(property.name) : '',
        meaning: commentOf(this.sources, property) || (MEANINGS[property.name] ?? ''),
        place: declaration ? placeOf(this.sources, declaration) : '',
      };
      const element = this.elementOf(inner);
      const unnamed = element ?? inner;
      return this.isUnnamed(unnamed)
        ? [field, ...this.fieldsOf(unnamed, `${name}${element ? '[]' : ''}.`)]
        : [field];
    });
  }

  private typeText(type: ts.Type): string {
    const { checker } = this.sources;
    const element = this.elementOf(type);
    if (element) {
      const text = this.typeText(element);
      return text.includes('|') ? `(${text})[]` : `${text}[]`;
    }
    if (type.aliasSymbol?.name === 'Json') return 'JSON';
    if (type.flags & ts.TypeFlags.Boolean) return 'boolean';
    if (type.isUnion()) return this.unionText(type);
    if (this.isUnnamed(type)) return 'object';
    const name = this.nameOf(type);
    if (name === undefined)
      return checker.typeToString(type, undefined, ts.TypeFormatFlags.NoTruncation);
    if (!this.met.has(name)) {
      const shape = { name, comment: this.commentOfType(type), fields: [] as Field[] };
      this.met.set(name, shape);
      shape.fields.push(...this.fieldsOf(type));
    }
    return name;
  }

  /** Members in the order of their text: the compiler's differs from run to run. */
  private unionText(type: ts.UnionType): string {
    const isBoolean = (member: ts.Type) => member.flags & ts.TypeFlags.BooleanLiteral;
    const members = type.types.filter((member) => !isBoolean(member));
    const texts = members.map((member) => this.typeText(member));
    if (members.length < type.types.length) texts.push('boolean');
    return [...new Set(texts)].sort().join(' | ').replaceAll('"', "'");
  }

  private elementOf(type: ts.Type): ts.Type | undefined {
    const { checker } = this.sources;
    return checker.isArrayType(type)
      ? checker.getTypeArguments(type as ts.TypeReference)[0]
      : undefined;
  }

  /** An object whose fields are told where it stands. */
  private isUnnamed(type: ts.Type): boolean {
    const shaped = (type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) !== 0;
    return (
      shaped &&
      type.getProperties().length > 0 &&
      this.nameOf(type) === undefined &&
      !this.elementOf(type)
    );
  }

  private nameOf(type: ts.Type): string | undefined {
    if (!(type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection))) return undefined;
    if (type.aliasTypeArguments?.length) return undefined;
    const name = (type.aliasSymbol ?? type.symbol)?.name;
    return name === undefined || name.startsWith('__') ? undefined : name;
  }

  private commentOfType(type: ts.Type): string {
    return commentOf(this.sources, type.aliasSymbol ?? type.symbol);
  }
}

/** Fields without a unit or a comment that would tell what they are. */
export const unexplained = (streams: readonly StreamDoc[]): string[] => {
  const fields = streams.flatMap(({ events, shapes }) =>
    [...events, ...shapes].flatMap((part) => part.fields),
  );
  return [
    ...new Set(
      fields.filter(({ meaning }) => !meaning).map(({ place, name }) => `${place} ${name}`),
    ),
  ].sort();
};

const fieldTable = (fields: readonly Field[]): string[] => [
  row('field', 'type', 'unit', 'meaning'),
  row('---', '---', '---', '---'),
  ...fields.map(({ name, optional, type, unit, meaning }) =>
    row(`\`${name}${optional ? '?' : ''}\``, `\`${type}\``, unit, meaning),
  ),
];

const INTRODUCTION = `# Events

Every event type that is in the log, generated from the sources by \`npm run docs\`.

A stream is \`<category>-<id>\`. Types are permanent; a breaking change is a new type. A \`?\` marks
a field that may be absent. Dates are \`YYYY-MM-DD\`, instants RFC 3339 in UTC, money and rates decimal
strings, watts and GH/s whole numbers. \`actor\`, \`reason\`, \`occurredAt\` and the tracing ids are in the
metadata of every event.`;

/** \`docs/events.md\`. */
export const renderEvents = (streams: readonly StreamDoc[]): string => {
  const rooms = [...new Set(streams.map(({ room }) => room))];
  const parts = rooms.flatMap((room) => {
    const own = streams.filter((stream) => stream.room === room);
    return [`## ${room}`, ...own.flatMap(renderStream), ...renderShapes(own)];
  });
  return `${[INTRODUCTION, renderIndex(streams), ...parts].join('\n\n')}\n`;
};

const renderIndex = (streams: readonly StreamDoc[]): string =>
  [
    row('stream', 'events'),
    row('---', '---'),
    ...streams.map(({ room, category, events }) =>
      row(
        `${room}: \`${category}\``,
        events
          .map(({ type }) => `[${type}](#${type.toLowerCase().replaceAll('.', '')})`)
          .join(', '),
      ),
    ),
  ].join('\n');

const renderStream = ({ category, comment, events }: StreamDoc): string[] => [
  `### Stream \`${category}\``,
  ...(comment ? [comment] : []),
  ...events.flatMap(({ type, sentence, fields }) => [
    `#### ${type}`,
    sentence,
    ...(fields.length > 0 ? [fieldTable(fields).join('\n')] : []),
  ]),
];

const renderShapes = (streams: readonly StreamDoc[]): string[] => {
  const shapes = new Map(
    streams.flatMap((stream) => stream.shapes).map((shape) => [shape.name, shape]),
  );
  if (shapes.size === 0) return [];
  return [
    '### Shapes of fields',
    ...[...shapes.values()]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap(({ name, comment, fields }) => [
        `#### ${name}`,
        ...(comment ? [comment] : []),
        fieldTable(fields).join('\n'),
      ]),
  ];
};
