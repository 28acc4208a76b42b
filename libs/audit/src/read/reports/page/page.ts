import type { CompletenessReport } from '../completeness-views.js';
import type { SegregationReport } from '../views.js';
import { numberText } from './charts.js';
import { completenessPart } from './completeness-part.js';
import { markup, Markup } from './markup.js';
import { segregationPart } from './segregation-part.js';

/** What a browser may do with the page: show it. */
export const PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'";

const STYLE = new Markup(`
body{font:14px/1.45 system-ui,sans-serif;color:#111;background:#fff;max-width:1080px;margin:2em auto;padding:0 1em}
h1{font-size:1.7em;margin:0}h2{margin-top:2em;border-bottom:2px solid #111}h3{margin:1.6em 0 .4em}
table{border-collapse:collapse;width:100%;font-size:12px}th,td{text-align:left;vertical-align:top;padding:3px 8px 3px 0;border-bottom:1px solid #ccc;overflow-wrap:anywhere;unicode-bidi:isolate}
th{border-bottom:1px solid #111}.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;padding-right:14px}
.none,.more{color:#555;margin:.3em 0}.tiles{display:flex;flex-wrap:wrap;gap:8px;padding:0;list-style:none}
.tiles li{border:1px solid #999;padding:6px 12px;min-width:105px}.tiles b{display:block;font-size:1.5em}.tiles .look{border:2px solid #b00}
figure{margin:.6em 0;break-inside:avoid}figcaption{font-size:12px;color:#333}.key{white-space:nowrap;margin-left:6px}
svg{width:100%;height:auto}.key svg{width:10px}svg text{font:11px system-ui,sans-serif;fill:#111}.grid{stroke:#ddd}.pair{fill:#cfe3f2}.self{fill:#f6c9b8;stroke:#111;stroke-width:2}
@media print{body{margin:0;max-width:none;font-size:11px}h2{break-before:page}tr{break-inside:avoid}}`);

/** Both reports as one page of HTML that needs nothing beside it. @param position it is true at. */
export const reportPage = (
  segregation: SegregationReport,
  completeness: CompletenessReport,
  position: bigint,
): string => {
  const { from, until } = segregation;
  const title = `Segregation and completeness, ${from} to ${until}`;
  return markup`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${PAGE_POLICY}"><meta name="viewport" content="width=device-width"><title>${title}</title><style>${STYLE}</style></head>
<body><h1>${title}</h1>
<p>What was recorded from ${from}, and before ${until}, days and times in UTC; by the read models as of log position ${position.toString()}.</p>
<ul class="tiles">${tilesOf(segregation, completeness).map(tile)}</ul>
${segregationPart(segregation)}
${completenessPart(completeness)}
</body></html>
`.text;
};

interface Tile {
  readonly count: number;
  readonly what: string;
  /** Whether any of it is to be looked at. */
  readonly isTrouble?: true;
}

const tilesOf = (one: SegregationReport, other: CompletenessReport): readonly Tile[] => [
  { count: other.eventCount, what: 'events' },
  { count: one.decisionCount, what: 'decisions' },
  { count: one.selfApprovalCount, what: 'approved by who asked', isTrouble: true },
  { count: one.conflictCount, what: 'conflicts of duties', isTrouble: true },
  { count: one.overrideCount, what: 'overrides' },
  { count: other.lateCount, what: 'late facts' },
  { count: other.backdatedCount, what: 'backdated', isTrouble: true },
  { count: other.inClosedMonthCount, what: 'in closed months', isTrouble: true },
  { count: other.fromFutureCount, what: 'from the future', isTrouble: true },
  { count: other.gapCount + other.disorderCount, what: 'gaps and disorder', isTrouble: true },
  { count: other.logCheck.differenceCount, what: 'log against index', isTrouble: true },
  { count: other.systemChanges.items.length, what: 'stream and store changes', isTrouble: true },
  { count: other.projections.stopped.length, what: 'stopped read models', isTrouble: true },
  { count: other.checkpoints.count, what: 'checkpoints' },
  { count: other.denials.count, what: 'requests denied' },
];

const tile = ({ count, what, isTrouble }: Tile): Markup =>
  markup`<li${isTrouble && count > 0 ? markup` class="look"` : undefined}><b>${numberText(count)}</b>${what}</li>`;
