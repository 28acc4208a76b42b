import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { documents } from './documents.js';

const root = process.cwd();
for (const [path, text] of documents(root)) {
  writeFileSync(join(root, path), text);
  console.log(`${path}: ${text.split('\n').length} lines`);
}
