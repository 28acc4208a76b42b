import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import * as ts from 'typescript';

/** A TypeScript file by its path from the root of the repository, with `/` as separator. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

export interface Import {
  /** As written: `./x.js`, `@hostledger/sites`, `node:fs`. */
  readonly specifier: string;
  readonly line: number;
  /** Erased by the compiler, so that it is no dependency at run time. */
  readonly typeOnly: boolean;
}

export interface ParsedSource extends Source {
  readonly imports: readonly Import[];
  readonly tree: ts.SourceFile;
}

export const parse = ({ path, text }: Source): ParsedSource => {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true);
  return { path, text, tree, imports: importsOf(tree) };
};

/** All TypeScript files below the given folders of the repository. */
export const readSources = (root: string, folders: readonly string[]): ParsedSource[] =>
  folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => !file.split(sep).includes('node_modules'))
      .map((file) =>
        parse({
          path: relative(root, file).split(sep).join('/'),
          text: readFileSync(file, 'utf8'),
        }),
      ),
  );

/** Calls `visit` for every node of a tree. */
export const walk = (node: ts.Node, visit: (node: ts.Node) => void): void => {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
};

export const lineOf = (node: ts.Node): number =>
  node.getSourceFile().getLineAndCharacterOfPosition(node.getStart()).line + 1;

/** Calls that load a module by name. */
const LOADERS = new Set(['require', 'require.resolve', 'jest.mock', 'jest.requireActual']);

/** Every way in which a file names another: import, export from, `import()`, `require`, `import type`. */
const importsOf = (tree: ts.SourceFile): Import[] => {
  const imports: Import[] = [];
  const add = (name: ts.Node | undefined, typeOnly: boolean): void => {
    if (name && ts.isStringLiteralLike(name)) {
      imports.push({ specifier: name.text, line: lineOf(name), typeOnly });
    }
  };
  walk(tree, (node) => {
    if (ts.isImportDeclaration(node)) {
      add(node.moduleSpecifier, importIsTypeOnly(node.importClause));
    } else if (ts.isExportDeclaration(node)) {
      add(node.moduleSpecifier, node.isTypeOnly || onlyTypes(node.exportClause));
    } else if (ts.isImportEqualsDeclaration(node)) {
      const reference = node.moduleReference;
      if (ts.isExternalModuleReference(reference)) add(reference.expression, node.isTypeOnly);
    } else if (ts.isImportTypeNode(node)) {
      if (ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    } else if (ts.isCallExpression(node)) {
      const loads =
        node.expression.kind === ts.SyntaxKind.ImportKeyword ||
        LOADERS.has(node.expression.getText());
      if (loads) add(node.arguments[0], false);
    }
  });
  return imports;
};

const importIsTypeOnly = (clause: ts.ImportClause | undefined): boolean => {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  return !clause.name && onlyTypes(clause.namedBindings);
};

/** `{ type A, type B }`: elided as a whole, since nothing of it is left at run time. */
const onlyTypes = (
  bindings: ts.NamedImportBindings | ts.NamedExportBindings | undefined,
): boolean => {
  if (!bindings || !(ts.isNamedImports(bindings) || ts.isNamedExports(bindings))) return false;
  const elements: readonly { readonly isTypeOnly: boolean }[] = bindings.elements;
  return elements.length > 0 && elements.every((element) => element.isTypeOnly);
};

/** The file of the repository that an import leads to; undefined for packages. */
export const targetOf = (from: string, specifier: string): string | undefined => {
  if (specifier.startsWith('.')) {
    return posix.normalize(posix.join(posix.dirname(from), specifier)).replace(/\.js$/, '.ts');
  }
  const [, lib, door] = /^@hostledger\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? [];
  return lib && `libs/${lib}/src/${door ? `${door}/` : ''}index.ts`;
};
