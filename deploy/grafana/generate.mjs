import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { dashboards } from './dashboards.mjs';

const WIDTH = 24;
const SIZES = { stat: { w: 6, h: 4 }, timeseries: { w: 12, h: 8 } };
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };

/** Stats in a row, then two panels beside each other. */
const placed = (panels) => {
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map((panel) => {
    const { w, h } = SIZES[panel.kind];
    if (x + w > WIDTH || (rowHeight !== 0 && rowHeight !== h)) {
      [x, y] = [0, y + rowHeight];
    }
    const gridPos = { h, w, x, y };
    [x, rowHeight] = [x + w, h];
    return gridPos;
  });
};

const colours = (thresholds = []) => {
  const [soon, wrong] = thresholds;
  const steps = [{ color: 'green', value: null }];
  if (soon !== wrong) steps.push({ color: 'orange', value: soon });
  if (wrong !== undefined) steps.push({ color: 'red', value: wrong });
  return { mode: 'absolute', steps };
};

const panelOf = ({ kind, title, unit, queries, thresholds, description }, index, gridPos) => ({
  id: index + 1,
  type: kind,
  title,
  ...(description && { description }),
  datasource: DATASOURCE,
  gridPos,
  fieldConfig: {
    defaults: {
      unit,
      thresholds: colours(thresholds),
      ...(kind === 'timeseries' && {
        custom: { lineWidth: 1, fillOpacity: 8, showPoints: 'never' },
      }),
    },
    overrides: [],
  },
  options:
    kind === 'stat'
      ? { colorMode: 'background', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] } }
      : {
          legend: { displayMode: 'list', placement: 'bottom' },
          tooltip: { mode: 'multi', sort: 'desc' },
        },
  targets: Object.entries(queries).map(([legendFormat, expr], query) => ({
    refId: String.fromCharCode(65 + query),
    datasource: DATASOURCE,
    expr,
    legendFormat,
  })),
});

/** What Grafana imports, or is provisioned with. */
const dashboardOf = (name, { title, panels }) => {
  const places = placed(panels);
  return {
    uid: `hostledger-${name}`,
    title,
    tags: ['hostledger'],
    timezone: 'utc',
    schemaVersion: 39,
    version: 1,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [{ name: 'datasource', type: 'datasource', query: 'prometheus', label: 'Prometheus' }],
    },
    links: [
      {
        title: 'Hostledger',
        type: 'dashboards',
        tags: ['hostledger'],
        asDropdown: true,
        keepTime: true,
      },
    ],
    annotations: { list: [] },
    panels: panels.map((panel, index) => panelOf(panel, index, places[index])),
  };
};

const files = Object.entries(dashboards).map(([name, dashboard]) => [
  `${name}.json`,
  dashboardOf(name, dashboard),
]);
// A spec looks whether the files are as they would be written.
if (process.argv.includes('--print')) console.log(JSON.stringify(Object.fromEntries(files)));
else {
  for (const [file, dashboard] of files) {
    const text = await format(JSON.stringify(dashboard), { parser: 'json', printWidth: 100 });
    writeFileSync(join(import.meta.dirname, file), text);
  }
}
