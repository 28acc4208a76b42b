import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as ts from 'typescript';
import { walk } from '../architecture/sources.js';

/** The sources of the product as the compiler understands them, specs left out. */
export interface Sources {
  readonly root: string;
  readonly checker: ts.TypeChecker;
  readonly files: readonly ts.SourceFile[];
}

const HOST: ts.ParseConfigFileHost = {
  ...ts.sys,
  onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
    throw new Error(ts.flattenDiagnosticMessageText(messageText, ' '));
  },
};

export const readProgram = (root: string): Sources => {
  const parsed = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {}, HOST);
  const names = readdirSync(join(root, 'libs'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .filter(({ name }) => !/\.(spec|fixture)\.ts$/.test(name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes('/libs/testing/'))
    .sort();
  const program = ts.createProgram(names, { ...parsed?.options, noEmit: true });
  const own = new Set(names);
  return {
    root,
    checker: program.getTypeChecker(),
    files: program.getSourceFiles().filter(({ fileName }) => own.has(fileName)),
  };
};

/** The room a node stands in: `fleet` for `libs/fleet/src/...`. */
export const roomOf = ({ root }: Sources, node: ts.Node): string =>
  node
    .getSourceFile()
    .fileName.slice(join(root, 'libs').length + 1)
    .split('/')[0]!;

/** `libs/fleet/src/domain/miner.ts:12`, for messages. */
export const placeOf = ({ root }: Sources, node: ts.Node): string => {
  const file = node.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(node.getStart());
  return `${file.fileName.slice(root.length + 1)}:${line + 1}`;
};

/** Every node of the sources that passes, in the order of files and lines. */
export const findNodes = <T extends ts.Node>(
  { files }: Sources,
  passes: (node: ts.Node) => node is T,
): T[] => {
  const found: T[] = [];
  for (const file of files) {
    walk(file, (node) => {
      if (passes(node)) found.push(node);
    });
  }
  return found;
};

/** What a name stands for, seen through imports. */
export const declarationOf = ({ checker }: Sources, name: ts.Node): ts.Declaration | undefined => {
  let symbol = checker.getSymbolAtLocation(name);
  if (symbol && symbol.flags & ts.SymbolFlags.Alias) symbol = checker.getAliasedSymbol(symbol);
  return symbol?.valueDeclaration ?? symbol?.declarations?.[0];
};

/** The entries of an object literal by name, those it spreads from other constants included. */
export const entriesOf = (
  sources: Sources,
  node: ts.Expression | undefined,
): ReadonlyMap<string, ts.Expression> => {
  const entries = new Map<string, ts.Expression>();
  const literal = node && constantOf(sources, node);
  if (!literal || !ts.isObjectLiteralExpression(literal)) return entries;
  for (const property of literal.properties) {
    if (ts.isPropertyAssignment(property)) {
      const { name } = property;
      const key = ts.isStringLiteralLike(name) ? name.text : name.getText();
      entries.set(key, property.initializer);
    } else if (ts.isShorthandPropertyAssignment(property)) {
      const value = sources.checker.getShorthandAssignmentValueSymbol(property)?.valueDeclaration;
      const initializer = value && ts.isVariableDeclaration(value) ? value.initializer : undefined;
      entries.set(property.name.text, initializer ?? property.name);
    } else if (ts.isSpreadAssignment(property)) {
      for (const [key, value] of entriesOf(sources, property.expression)) entries.set(key, value);
    }
  }
  return entries;
};

/** Follows a name to the expression of the constant it stands for. */
export const constantOf = (sources: Sources, node: ts.Expression): ts.Expression => {
  if (
    ts.isAsExpression(node) ||
    ts.isSatisfiesExpression(node) ||
    ts.isParenthesizedExpression(node)
  ) {
    return constantOf(sources, node.expression);
  }
  if (!ts.isIdentifier(node)) return node;
  const declaration = declarationOf(sources, node);
  return declaration && ts.isVariableDeclaration(declaration) && declaration.initializer
    ? constantOf(sources, declaration.initializer)
    : node;
};

/** A doc comment as one paragraph. */
export const commentOf = (sources: Sources, symbol: ts.Symbol | undefined): string =>
  ts
    .displayPartsToString(symbol?.getDocumentationComment(sources.checker))
    .replaceAll(/\s+/g, ' ')
    .trim();

/** A row of a Markdown table; bars of union types would end a cell. */
export const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
