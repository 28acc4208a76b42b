import { join } from 'node:path';
import ts from 'typescript';

interface Typed {
  readonly apiVersion: string;
  readonly kind: string;
}

const FILE = join(__dirname, 'manifests.generated.ts');

/**
 * What of manifests is not as Kubernetes' OpenAPI schema has it, read as TypeScript: types of that schema come
 * with the package `kubernetes-models`, and the compiler refuses fields that an object of a known type
 * does not have. The API server would ignore those, and so would whoever relied on them.
 */
export const typeFaults = (manifests: readonly Typed[]): string[] => {
  const lines = manifests.flatMap((manifest, index) => {
    const { apiVersion, kind } = manifest;
    const from = `kubernetes-models/${apiVersion}/${kind}`;
    return [
      `import type { I${kind} as T${index} } from '${from}';`,
      `export const m${index}: T${index} = ${JSON.stringify(manifest)};`,
    ];
  });
  const text = lines.join('\n');
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2024,
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    types: [],
  };
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (name) => name === FILE || disk.fileExists(name),
    readFile: (name) => (name === FILE ? text : disk.readFile(name)),
    getSourceFile: (name, version, ...rest) =>
      name === FILE
        ? ts.createSourceFile(name, text, version)
        : disk.getSourceFile(name, version, ...rest),
  };
  const program = ts.createProgram([FILE], options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '));
};
