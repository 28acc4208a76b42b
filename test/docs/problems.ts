import * as ts from 'typescript';
import {
  constantOf,
  declarationOf,
  entriesOf,
  findNodes,
  placeOf,
  roomOf,
  row,
  type Sources,
} from './program.js';

/** A place in the sources that refuses. */
export interface Refusal {
  readonly code: string;
  readonly room: string;
  /** As the place says it; undefined where it is only known when it runs. */
  readonly status?: number;
  /** What it says, with names in braces for what is filled in. */
  readonly detail: string;
  readonly pointer?: string;
  /** Of a line of an upload: the problem of a line is kept with its operation. */
  readonly ofLine: boolean;
  readonly place: string;
}

export interface RegisteredProblem {
  readonly code: string;
  readonly room: string;
  readonly status: number;
  readonly title: string;
}

export interface ProblemDocs {
  readonly registered: readonly RegisteredProblem[];
  readonly refusals: readonly Refusal[];
  /** Details of rules that are named like a member of every problem, which would hide them. */
  readonly hidden: readonly string[];
  /** Places whose code cannot be read from the sources. */
  readonly unreadable: readonly string[];
}

/** Members of every problem: those of RFC 9457, and ours. */
const RESERVED = new Set([
  ...['type', 'title', 'status', 'detail', 'instance'],
  ...['code', 'errors', 'correlationId'],
]);

const STATUS_OF: Readonly<Record<string, number>> = {
  invalid: 422,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
};

export const problemsOf = (sources: Sources): ProblemDocs => {
  const reader = new RefusalReader(sources);
  const thrown = findNodes(sources, isRefusal).flatMap((node) => reader.read(node));
  const ofLines = findNodes(sources, ts.isObjectLiteralExpression).flatMap((node) =>
    reader.readLine(node),
  );
  return {
    registered: findNodes(sources, ts.isCallExpression).flatMap((call) =>
      registeredBy(sources, call),
    ),
    refusals: [...thrown, ...ofLines],
    hidden: findNodes(sources, isRefusal).flatMap((node) => reader.readHidden(node)),
    unreadable: reader.unreadable,
  };
};

const registeredBy = (sources: Sources, call: ts.CallExpression): RegisteredProblem[] => {
  if (call.expression.getText() !== 'registerProblems') return [];
  return [...entriesOf(sources, call.arguments[0])].map(([code, value]) => {
    const entry = entriesOf(sources, value);
    const [title] = new RefusalReader(sources).texts(entry.get('title'));
    const status = Number(entry.get('status')?.getText());
    return { code, room: roomOf(sources, call), status, title: title ?? '' };
  });
};

const isRefusal = (node: ts.Node): node is ts.NewExpression =>
  ts.isNewExpression(node) && /^(DomainError|ProblemError)$/.test(node.expression.getText());

type Arguments = readonly (ts.Expression | undefined)[];

/** More calls than a helper that makes refusals is passed through. */
const MAX_HELPERS = 4;

class RefusalReader {
  readonly unreadable: string[] = [];
  private calls: Map<ts.Node, ts.CallExpression[]> | undefined;

  constructor(private readonly sources: Sources) {}

  /** What one `new DomainError(...)` can say: several, where a helper makes it for its callers. */
  read(node: ts.NewExpression): Refusal[] {
    const isDomain = node.expression.getText() === 'DomainError';
    return this.expand(node.arguments ?? [], node).flatMap(({ args, at }) => {
      const [kindOrStatus, code, detail, , pointer] = args;
      const kinds = this.texts(kindOrStatus);
      const details = this.texts(detail);
      return this.texts(code).map((text): Refusal => {
        const status = isDomain ? STATUS_OF[kinds[0] ?? ''] : Number(kindOrStatus?.getText());
        const [target] = isDomain ? this.texts(pointer).filter((text) => text.startsWith('/')) : [];
        return {
          code: text,
          room: roomOf(this.sources, at),
          ...(status ? { status } : {}),
          detail: details.join(' / '),
          ...(target ? { pointer: target } : {}),
          ofLine: false,
          place: placeOf(this.sources, at),
        };
      });
    });
  }

  /** Names of the details of a `new DomainError(...)` that every problem has a member for. */
  readHidden(node: ts.NewExpression): string[] {
    if (node.expression.getText() !== 'DomainError') return [];
    return this.expand(node.arguments ?? [], node).flatMap(({ args, at }) => {
      const details = args[3] && this.sources.checker.getTypeAtLocation(args[3]);
      return (details?.getProperties() ?? [])
        .filter(({ name }) => RESERVED.has(name))
        .map(({ name }) => `${placeOf(this.sources, at)} ${name}`);
    });
  }

  /** `{ code: 'room/reason', message }`: why a line is refused. */
  readLine(node: ts.ObjectLiteralExpression): Refusal[] {
    const entries = entriesOf(this.sources, node);
    const code = entries.get('code');
    const message = entries.get('message');
    if (!code || !message || !ts.isStringLiteralLike(code) || !code.text.includes('/')) return [];
    const [column] = this.texts(entries.get('column'));
    return [
      {
        code: code.text,
        room: roomOf(this.sources, node),
        detail: this.texts(message).join(' / '),
        ...(column ? { pointer: `column ${column}` } : {}),
        ofLine: true,
        place: placeOf(this.sources, node),
      },
    ];
  }

  /** A text, or each of those that a condition or a table chooses from. */
  texts(node: ts.Expression | undefined): string[] {
    const value = node && constantOf(this.sources, node);
    if (!value) return [];
    if (ts.isStringLiteralLike(value)) return [value.text];
    if (ts.isConditionalExpression(value)) {
      return [...this.texts(value.whenTrue), ...this.texts(value.whenFalse)];
    }
    if (ts.isBinaryExpression(value)) {
      const { operatorToken, left, right } = value;
      if (operatorToken.kind !== ts.SyntaxKind.PlusToken) return this.texts(left);
      return this.texts(left).flatMap((first) => this.texts(right).map((last) => first + last));
    }
    if (ts.isTemplateExpression(value)) {
      const parts = value.templateSpans.map(
        ({ expression, literal }) => `{${nameOf(expression)}}${literal.text}`,
      );
      return [value.head.text + parts.join('')];
    }
    if (ts.isElementAccessExpression(value)) {
      return [...entriesOf(this.sources, value.expression).values()].flatMap((entry) =>
        this.texts(entry),
      );
    }
    return [`{${nameOf(value)}}`];
  }

  /** Where the code is a parameter, what its callers pass for it. */
  private expand(
    args: Arguments,
    at: ts.Node,
    depth = 0,
  ): { readonly args: Arguments; readonly at: ts.Node }[] {
    const code = args[1] && constantOf(this.sources, args[1]);
    if (!code || ts.isPropertyAccessExpression(code)) return [];
    if (!ts.isIdentifier(code)) return this.pointersOf(args, at);
    const declared = declarationOf(this.sources, code);
    // Taken from an error that was made elsewhere, and passed on.
    if (declared && (ts.isBindingElement(declared) || ts.isVariableDeclaration(declared)))
      return [];
    if (!declared || !ts.isParameter(declared) || depth > MAX_HELPERS) {
      this.unreadable.push(placeOf(this.sources, at));
      return [];
    }
    const helper = declared.parent;
    return this.callsOf(helper).flatMap((call) => {
      const passed = args.map((arg) => {
        const parameter = arg && ts.isIdentifier(arg) && declarationOf(this.sources, arg);
        if (!parameter || !ts.isParameter(parameter) || parameter.parent !== helper) return arg;
        return call.arguments[helper.parameters.indexOf(parameter)] ?? parameter.initializer;
      });
      return this.expand(passed, call, depth + 1);
    });
  }

  /** Where only the pointer is a parameter, the code is clear; callers say what they point at. */
  private pointersOf(
    args: Arguments,
    at: ts.Node,
  ): { readonly args: Arguments; readonly at: ts.Node }[] {
    const pointer = args[4];
    const declared = pointer && ts.isIdentifier(pointer) && declarationOf(this.sources, pointer);
    if (!declared || !ts.isParameter(declared)) return [{ args, at }];
    const index = declared.parent.parameters.indexOf(declared);
    const passed = this.callsOf(declared.parent).map((call) => call.arguments[index]);
    return [undefined, ...passed].map((value) => ({ args: [...args.slice(0, 4), value], at }));
  }

  private callsOf(helper: ts.Node): readonly ts.CallExpression[] {
    this.calls ??= this.indexCalls();
    return this.calls.get(helper) ?? [];
  }

  private indexCalls(): Map<ts.Node, ts.CallExpression[]> {
    const index = new Map<ts.Node, ts.CallExpression[]>();
    for (const call of findNodes(this.sources, ts.isCallExpression)) {
      const { expression } = call;
      const name = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
      const declared = declarationOf(this.sources, name);
      const helper =
        declared && ts.isVariableDeclaration(declared) && declared.initializer
          ? declared.initializer
          : declared;
      if (helper) index.set(helper, [...(index.get(helper) ?? []), call]);
    }
    return index;
  }
}

/** What is filled in, by the name the code has for it. */
const nameOf = (node: ts.Expression): string => {
  if (ts.isPropertyAccessExpression(node)) {
    const { name, expression } = node;
    return /^(length|size)$/.test(name.text) ? nameOf(expression) : name.text;
  }
  if (ts.isCallExpression(node)) {
    return node.arguments[0] ? nameOf(node.arguments[0]) : nameOf(node.expression);
  }
  if (ts.isNonNullExpression(node)) return nameOf(node.expression);
  return ts.isIdentifier(node) ? node.text : '…';
};

/** Refusals whose code their own room has not registered, so that OpenAPI would not list it. */
export const unregistered = ({ registered, refusals }: ProblemDocs): string[] => {
  const known = new Set(registered.map(({ code }) => code));
  return refusals
    .filter(({ code, ofLine }) => !ofLine && !known.has(code))
    .map(({ code, place }) => `${place} ${code}`);
};

/** Registered codes that no place refuses with any more. */
export const unused = ({ registered, refusals }: ProblemDocs): string[] => {
  const used = new Set(refusals.map(({ code }) => code));
  return registered.filter(({ code }) => !used.has(code)).map(({ code }) => code);
};

/** Codes registered with another status than the refusal has. */
export const contradictions = ({ registered, refusals }: ProblemDocs): string[] => {
  const statusOf = new Map(registered.map(({ code, status }) => [code, status]));
  return refusals
    .filter(({ code, status }) => status && statusOf.has(code) && statusOf.get(code) !== status)
    .map(
      ({ code, status, place }) => `${place} ${code}: ${status}, registered ${statusOf.get(code)}`,
    );
};

const INTRODUCTION = `# Problems

Every code with which a request, or a line of an upload, is refused; generated from the sources by
\`npm run docs\`. A refusal is an RFC 9457 problem whose \`type\` is \`/problems/<code>\`. Braces stand
for what is filled in; the pointer (RFC 6901) names the field to blame, in \`errors[]\`.`;

/** \`docs/problems.md\`. */
export const renderProblems = (docs: ProblemDocs): string => {
  const { registered, refusals } = docs;
  const rooms = [...new Set(registered.map(({ room }) => room))].sort();
  const sections = rooms.map((room) => {
    const own = registered.filter((problem) => problem.room === room).sort(byCode);
    const rows = own.map(({ code, status, title }) => {
      const places = refusals.filter((refusal) => refusal.code === code);
      return row(`\`${code}\``, String(status), title, ...wordsOf(places, title));
    });
    return [`## ${room}`, '', header('code', 'status', 'rule', 'detail', 'pointer'), ...rows].join(
      '\n',
    );
  });
  return `${[INTRODUCTION, ...sections, renderLines(docs)].join('\n\n')}\n`;
};

const renderLines = ({ registered, refusals }: ProblemDocs): string => {
  const known = new Set(registered.map(({ code }) => code));
  const ofLines = refusals.filter(({ code, ofLine }) => ofLine && !known.has(code));
  const codes = [...new Set(ofLines.map(({ code }) => code))].sort();
  const rows = codes.map((code) => {
    const [detail = '', pointer = ''] = wordsOf(
      ofLines.filter((line) => line.code === code),
      '',
    );
    return row(`\`${code}\``, detail, pointer);
  });
  return [
    '## Only in `errors[]` and rejected lines',
    '',
    header('code', 'detail', 'where'),
    ...rows,
  ].join('\n');
};

const header = (...names: readonly string[]): string =>
  [row(...names), row(...names.map(() => '---'))].join('\n');

/** What the places of one code say, and what they point at. */
const wordsOf = (places: readonly Refusal[], title: string): string[] => {
  const details = unique(places.map(({ detail }) => detail)).filter((detail) => detail !== title);
  const pointers = unique(places.flatMap(({ pointer }) => pointer ?? []));
  return [details.join('<br>'), pointers.map((pointer) => `\`${pointer}\``).join(' ')];
};

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

const byCode = (a: { code: string }, b: { code: string }): number => (a.code < b.code ? -1 : 1);
