import { exportQuery } from './read/export/query.js';

// The history for auditors, to take away.

export const bundleSlices = [exportQuery];
