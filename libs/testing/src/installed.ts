import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder of a package, if it is installed. */
export const installed = (name: string): string | undefined => {
  for (let directory = __dirname; ; directory = path.dirname(directory)) {
    const candidate = path.join(directory, 'node_modules', name);
    if (existsSync(candidate)) return candidate;
    if (directory === path.dirname(directory)) return undefined;
  }
};
