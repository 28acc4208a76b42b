import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Before the suite: a folder for what the systems under test write, see `logs-teardown.ts`. */
const setUp = (): void => {
  process.env['KEPT_LOGS'] = mkdtempSync(join(tmpdir(), 'hostledger-logs-'));
};

export default setUp;
