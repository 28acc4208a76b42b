// The dashboards, in as few words as they take; `node deploy/grafana/generate.mjs` writes them as Grafana
// reads them. A spec holds every metric in them against what the running system exports.

/** A panel of lines over time: title, unit of Grafana, `legend: query` of each, and what it is good for. */
const lines = (title, unit, queries, description = '') => ({
  ...{ kind: 'timeseries', title, unit, queries, description },
});
/** One number each, green until it reaches the second of the two thresholds. */
const now = (title, unit, queries, thresholds, description = '') => ({
  ...{ kind: 'stat', title, unit, queries, thresholds, description },
});

const requests = 'hostledger_http_request_seconds';
const command = 'hostledger_command_seconds';
const append = 'hostledger_append_seconds';

const quantiles = (metric, by = '', filter = '') =>
  Object.fromEntries(
    [0.5, 0.99].map((share) => [
      `p${share * 100}${by ? ` {{${by}}}` : ''}`,
      `histogram_quantile(${share}, sum by (le${by ? `, ${by}` : ''}) ` +
        `(rate(${metric}_bucket${filter}[$__rate_interval])))`,
    ]),
  );
const rate = (metric, by, filter = '') => ({
  [by.map((label) => `{{${label}}}`).join(' ')]:
    `sum by (${by.join(', ')}) (rate(${metric}${filter}[$__rate_interval]))`,
});

/** Several workers may count the same machines. */
const machines = (suffix) => `max by (facility, state) (hostledger_machines${suffix})`;

export const dashboards = {
  api: {
    title: 'Hostledger: API',
    panels: [
      now(
        'Failed of 30 days',
        'percentunit',
        {
          failed:
            `sum(increase(${requests}_count{status=~"5.."}[30d])) / ` +
            `sum(increase(${requests}_count[30d]))`,
        },
        [0.0005, 0.001],
        'Objective: 0.1 %.',
      ),
      now(
        'Parts that are not ready',
        'short',
        { '{{job}} {{part}}': 'hostledger_ready == 0' },
        [1, 1],
      ),
      now('Processes', 'short', { '{{job}}': 'sum by (job) (up{job=~"hostledger.*"})' }, []),
      lines('Requests by status', 'reqps', rate(`${requests}_count`, ['status'])),
      lines('Requests by route', 'reqps', rate(`${requests}_count`, ['method', 'route'])),
      lines('Time to answer', 's', quantiles(requests)),
      lines('Slowest routes, p99', 's', {
        '{{method}} {{route}}':
          'topk(10, histogram_quantile(0.99, sum by (le, method, route) ' +
          `(rate(${requests}_bucket{route!~".*(/events|/export).*"}[$__rate_interval]))))`,
      }),
      lines('Denied', 'reqps', rate('hostledger_http_denied_total', ['code'])),
      lines('Event loop, late by', 's', {
        'p99 {{instance}}': 'nodejs_eventloop_lag_p99_seconds',
        'mean {{instance}}': 'nodejs_eventloop_lag_mean_seconds',
      }),
      lines('Memory', 'bytes', {
        'resident {{instance}}': 'process_resident_memory_bytes{job=~"hostledger.*"}',
        'heap {{instance}}': 'nodejs_heap_size_used_bytes',
        'limit of the heap {{instance}}': 'hostledger_heap_limit_bytes',
      }),
      lines('Processor', 'percentunit', {
        '{{instance}}': 'rate(process_cpu_seconds_total{job=~"hostledger.*"}[$__rate_interval])',
      }),
      lines('Garbage collection', 'percentunit', {
        '{{kind}} {{instance}}': 'rate(nodejs_gc_duration_seconds_sum[$__rate_interval])',
      }),
      lines('Starts', 's', {
        'up since {{instance}}': 'time() - process_start_time_seconds{job=~"hostledger.*"}',
      }),
    ],
  },
  store: {
    title: 'Hostledger: store and commands',
    panels: [
      now(
        'Appends without an outcome, 1 h',
        'short',
        { unknown: `sum(increase(${append}_count{outcome="unavailable"}[1h]))` },
        [1, 1],
        'Each was sent again as often as bounds allow. Its caller was told to send it once more.',
      ),
      now('Room left', 'bytes', { '{{instance}}': 'hostledger_data_free_bytes' }, []),
      now(
        'Share of the disk left',
        'percentunit',
        { '{{instance}}': 'hostledger_data_free_bytes / hostledger_data_size_bytes' },
        [],
      ),
      lines('Commands by outcome', 'ops', rate(`${command}_count`, ['outcome'])),
      lines('Commands by name', 'ops', rate(`${command}_count`, ['command'])),
      lines('Time of a command', 's', quantiles(command)),
      lines('Slowest commands, p99', 's', {
        '{{command}}':
          'topk(10, histogram_quantile(0.99, sum by (le, command) ' +
          `(rate(${command}_bucket[$__rate_interval]))))`,
      }),
      lines('Appends by outcome', 'ops', rate(`${append}_count`, ['outcome'])),
      lines('Time of an append', 's', quantiles(append, 'outcome')),
      lines('Calls sent again', 'ops', rate('hostledger_append_retries_total', ['reason'])),
      lines('States found in the cache', 'percentunit', {
        found:
          'sum(rate(hostledger_state_lookups_total{hit="true"}[$__rate_interval])) / ' +
          'sum(rate(hostledger_state_lookups_total[$__rate_interval]))',
      }),
      lines(
        'Subscriptions reopened',
        'ops',
        rate('hostledger_subscription_reopenings_total', ['name', 'reason']),
      ),
    ],
  },
  'read-models': {
    title: 'Hostledger: read models and feed',
    panels: [
      now('Stopped', 'short', { '{{projection}}': 'hostledger_projection_stopped == 1' }, [1, 1]),
      now(
        'Groups that are well',
        'short',
        { '{{runner}}': 'max by (runner) (hostledger_runner_up)' },
        [],
      ),
      now('Log is another one', 'short', { '{{runner}}': 'hostledger_runner_refused' }, [1, 1]),
      now('Events left out', 'short', { all: 'sum(hostledger_projection_parked_events)' }, [1, 1]),
      lines('Behind by', 's', { '{{projection}}': 'topk(10, hostledger_projection_lag_seconds)' }),
      lines('Behind by', 'short', {
        '{{projection}}': 'topk(10, hostledger_projection_lag_events)',
      }),
      lines('Kept and well', 'short', { '{{projection}}': 'hostledger_projection_up' }),
      lines('Events applied', 'ops', rate('hostledger_runner_events_total', ['runner'])),
      lines('Time of a batch', 's', quantiles('hostledger_runner_batch_seconds', 'runner')),
      lines('Positions', 'short', {
        '{{runner}}': 'hostledger_runner_position',
        '{{projection}}': 'hostledger_projection_position',
      }),
      lines('Readers of the feed', 'short', { readers: 'sum(hostledger_feed_readers)' }),
      lines('Events sent to them', 'ops', rate('hostledger_feed_events_total', ['format'])),
      lines('Faults of the feed', 'ops', rate('hostledger_feed_faults_total', ['kind'])),
    ],
  },
  processes: {
    title: 'Hostledger: processes, webhooks and notary',
    panels: [
      now(
        'Overdue since',
        's',
        { '{{runner}}': 'max by (runner) (hostledger_runner_overdue_seconds) > 0' },
        [60, 300],
      ),
      now(
        'Items that fail',
        'short',
        { '{{runner}}': 'hostledger_runner_failing_items > 0' },
        [1, 1],
      ),
      now('Given up', 'short', { '{{webhook}}': 'hostledger_webhook_dead_letters > 0' }, [1, 1]),
      now('Notary refuses', 'short', { fault: 'max(hostledger_notary_fault)' }, [1, 1]),
      now(
        'Age of the last checkpoint',
        's',
        { age: 'time() - max(hostledger_notary_signed_seconds)' },
        [],
        'Nothing is signed while nothing happens.',
      ),
      lines('To do', 'short', { '{{runner}}': 'hostledger_runner_backlog' }),
      lines('Overdue since', 's', { '{{runner}}': 'hostledger_runner_overdue_seconds' }),
      lines(
        'Attempts of webhooks',
        'ops',
        rate('hostledger_webhook_attempt_seconds_count', ['outcome']),
      ),
      lines('Time of an attempt', 's', quantiles('hostledger_webhook_attempt_seconds')),
      lines('Events that wait', 'short', { '{{webhook}}': 'hostledger_webhook_waiting' }),
      lines('Webhooks that fail', 'short', { '{{webhook}}': 'hostledger_webhook_failing' }),
      lines('Events in the tree', 'short', {
        'in the tree': 'max(hostledger_notary_tree_size)',
        'covered by a checkpoint': 'max(hostledger_notary_signed_size)',
        'position of the last': 'max(hostledger_notary_position)',
        "of others in the notary's streams": 'max(hostledger_notary_foreign_events)',
      }),
      lines('Checkpoints not outside yet', 'short', {
        unpublished: 'max(hostledger_notary_unpublished)',
        'fails: {{errand}}': 'hostledger_notary_failing',
        'not seen by {{witness}}': 'hostledger_notary_witness_behind',
      }),
      lines('Notaries', 'short', { owners: 'sum(hostledger_notary_owner)' }, 'Exactly one.'),
    ],
  },
  trade: {
    title: 'Hostledger: what the company does',
    panels: [
      now('Machines', 'short', { '{{state}}': `sum by (state) (${machines('')})` }, []),
      now('Machines that draw power', 'short', { all: `sum(${machines('_energized')})` }, []),
      lines('Machines by state', 'short', { '{{state}}': `sum by (state) (${machines('')})` }),
      lines('Machines that draw power, by facility', 'short', {
        '{{facility}}': `sum by (facility) (${machines('_energized')})`,
      }),
      lines('Acts an hour', 'short', {
        '{{category}}: {{command}}':
          `topk(20, sum by (category, command) (increase(${command}_count{outcome="accepted",` +
          'category!~"notary.*|webhook|accessDenials|operation|commandKey"}[1h])))',
      }),
      lines('Refused an hour', 'short', {
        '{{category}}: {{command}}': `topk(20, sum by (category, command) (increase(${command}_count{outcome="refused"}[1h])))`,
      }),
      lines('Bulk acts under way', 'short', {
        operations: 'max(hostledger_runner_backlog{runner="operations"})',
      }),
    ],
  },
};
