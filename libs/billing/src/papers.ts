import './http/paper-problems.js';
import './http/period-problems.js';
import { accrualsQuery } from './read/accruals/query.js';
import { billingExport } from './read/export/query.js';

// What other systems and customers are given of billing: files of statements are served where
// statements are; here are the lines of all of them, and what is on none yet.

export const paperSlices = [billingExport, accrualsQuery];

export { IssuerModule } from './read/statements/parties.js';
