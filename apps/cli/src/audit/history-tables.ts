// What the routes of the history told, in lines for people.

export interface ToldEvent {
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly recordedAt: string;
  readonly occurredAt?: string;
  readonly actor?: { readonly subject: string; readonly role: string };
  readonly reason?: string;
  readonly missing?: boolean;
  readonly hidden?: boolean;
}

export interface ToldStream {
  readonly stream: string;
  readonly state: string;
  readonly settings?: {
    readonly truncateBefore?: string;
    readonly maxCount?: number;
    readonly maxAgeSeconds?: number;
    readonly recordedAt: string;
  };
  readonly items: readonly ToldEvent[];
  readonly gaps: readonly { readonly from: number; readonly to: number }[];
  readonly nextCursor?: string;
}

interface ToldCommand {
  readonly commandId: string;
  readonly actor?: { readonly subject: string; readonly role: string };
  readonly reason?: string;
  readonly eventCount: number;
  readonly events: readonly ToldEffect[];
  readonly effectCount: number;
  readonly effects: readonly ToldCommand[];
}

interface ToldEffect {
  readonly id: string;
  readonly position: string;
  readonly stream: string;
  readonly revision: number;
  readonly type: string;
  readonly recordedAt: string;
  readonly effectCount: number;
  readonly effects: readonly ToldCommand[];
}

export interface ToldTree {
  readonly correlationId: string;
  readonly eventCount: number;
  readonly firstRecordedAt: string;
  readonly lastRecordedAt: string;
  readonly commands: readonly ToldCommand[];
  readonly nextCursor?: string;
}

interface ToldPlace {
  readonly kind: string;
  readonly facility?: string;
  readonly rack?: string;
  readonly slot?: number;
  readonly from?: string;
  readonly to?: string;
  readonly vendor?: string;
}

export interface ToldCustody {
  readonly serial: string;
  readonly entries: readonly {
    readonly kind: string;
    /** Afterwards; absent once it is retired. */
    readonly place?: ToldPlace;
    /** Afterwards. */
    readonly customerId: string;
    readonly documentDigest?: string;
    readonly isBroken?: true;
    readonly data: Readonly<Record<string, unknown>>;
    readonly said: {
      readonly type: string;
      readonly position: string;
      readonly occurredAt: string;
      readonly actor: string;
      readonly role: string;
    };
  }[];
}

const WIDTHS = { position: 12, time: 24, type: 26, by: 24 } as const;

const columns = (position: string, time: string, type: string, by: string, rest: string) =>
  [
    position.padStart(WIDTHS.position),
    time.padEnd(WIDTHS.time),
    type.padEnd(WIDTHS.type),
    by.padEnd(WIDTHS.by),
    rest,
  ]
    .join('  ')
    .trimEnd();

export const EVENTS_HEAD = columns('position', 'recorded at', 'type', 'by whom', 'stream/revision');

/** Business time is told where it is not that of the recording. */
const TOLD_IF_APART_MS = 60_000;

export const eventLine = (event: ToldEvent): string => {
  const { position, stream, revision, type, recordedAt, occurredAt, reason } = event;
  const apartMs = Math.abs(Date.parse(recordedAt) - Date.parse(occurredAt ?? recordedAt));
  const notes = [
    apartMs > TOLD_IF_APART_MS ? `happened ${occurredAt}` : '',
    reason === undefined ? '' : `"${oneLine(reason)}"`,
    event.hidden ? 'hidden by the settings of the stream' : '',
    event.missing ? 'no longer in the log' : '',
  ].filter((note) => note !== '');
  const rest = [`${stream}/${revision}`, ...notes].join(', ');
  return columns(position, recordedAt, type, by(event.actor), rest);
};

const by = (actor: ToldEvent['actor']): string =>
  actor ? `${actor.subject} (${actor.role})` : 'nobody is named';

/** Nothing that a terminal would take for a command of its own. */
const oneLine = (text: string): string => text.replaceAll(/\p{Cc}+/gu, ' ');

export const streamLines = (
  { stream, state, settings, items, gaps }: ToldStream,
  isFirst: boolean,
): string[] => {
  const head = [`${stream} is ${state}${settingsOf(settings)}`, EVENTS_HEAD];
  const lines = items.map((event) => [event.revision, eventLine(event)] as const);
  const missing = gaps.map(
    ({ from, to }) =>
      [from, `${''.padStart(WIDTHS.position)}  revisions ${from} to ${to} are gone`] as const,
  );
  const body = [...lines, ...missing].sort(([a], [b]) => a - b).map(([, line]) => line);
  return isFirst ? [...head, ...body] : body;
};

const settingsOf = (settings: ToldStream['settings']): string => {
  if (!settings) return '';
  const { truncateBefore, maxCount, maxAgeSeconds, recordedAt } = settings;
  const set = [
    truncateBefore === undefined ? '' : `revisions before ${truncateBefore} are hidden ($tb)`,
    maxCount === undefined ? '' : `all but the newest ${maxCount} are hidden ($maxCount)`,
    maxAgeSeconds === undefined ? '' : `what is older than ${maxAgeSeconds} s is hidden ($maxAge)`,
  ].filter((one) => one !== '');
  return `; settings of ${recordedAt}: ${set.join(', ') || 'nothing that hides events'}`;
};

export const treeLines = (tree: ToldTree): string[] => {
  const { correlationId, eventCount, firstRecordedAt, lastRecordedAt, commands } = tree;
  return [
    `${correlationId}: ${eventCount} events from ${firstRecordedAt} to ${lastRecordedAt}`,
    ...commands.flatMap((command) => commandLines(command, '')),
    ...(tree.nextCursor === undefined ? [] : ['and more; --limit shows more of them']),
  ];
};

const commandLines = (command: ToldCommand, indent: string): string[] => {
  const { commandId, actor, reason, eventCount, events, effects, effectCount } = command;
  const why = reason === undefined ? '' : `, "${oneLine(reason)}"`;
  const inner = `${indent}  `;
  return [
    `${indent}command ${commandId} of ${by(actor)}${why}`,
    ...events.flatMap((event) => eventLines(event, inner)),
    ...more(eventCount - events.length, `events of command ${commandId}`, inner),
    ...effects.flatMap((effect) => commandLines(effect, inner)),
    ...more(effectCount - effects.length, `commands, see --cause ${commandId}`, inner),
  ];
};

const eventLines = (event: ToldEffect, indent: string): string[] => {
  const { id, position, stream, revision, type, recordedAt, effects, effectCount } = event;
  const inner = `${indent}  `;
  return [
    `${indent}${type}  ${stream}/${revision}  at ${position}, ${recordedAt}`,
    ...effects.flatMap((effect) => commandLines(effect, inner)),
    ...more(effectCount - effects.length, `commands, see --cause ${id}`, inner),
  ];
};

const more = (left: number, what: string, indent: string): string[] =>
  left > 0 ? [`${indent}and ${left} more ${what}`] : [];

export const custodyLines = ({ serial, entries }: ToldCustody): string[] => {
  const last = entries.at(-1);
  const broken = entries.filter(({ isBroken }) => isBroken);
  return [
    `${serial} is ${placeText(last?.place)}, owned by ${last?.customerId ?? 'nobody'}`,
    columns('position', 'happened at', 'type', 'by whom', 'what'),
    ...entries.map((entry) => {
      const { type, position, occurredAt, actor: subject, role } = entry.said;
      return columns(position, occurredAt, type, by({ subject, role }), oneLine(handOver(entry)));
    }),
    ...broken.map(({ said }) => `broken at ${said.position}: it begins elsewhere, or with another`),
  ];
};

const handOver = (entry: ToldCustody['entries'][number]): string => {
  const { kind, place, customerId, documentDigest, data } = entry;
  const document = documentDigest === undefined ? '' : `, document ${documentDigest}`;
  if (kind === 'dock' || kind === 'move') return `to ${placeText(place)}${document}`;
  if (kind === 'title') return `title to ${customerId}${document}`;
  return kind === 'scan' ? `${String(data['kind'])} ${String(data['value'])}` : '';
};

const placeText = (place: ToldPlace | undefined): string => {
  if (!place) return 'gone';
  const { kind, facility, rack, slot, from, to, vendor } = place;
  if (kind === 'slot') return `${facility} ${rack} slot ${slot}`;
  if (kind === 'transit') return `on the road from ${from} to ${to}`;
  return kind === 'vendor' ? `at the vendor ${vendor}` : `in storage at ${facility}`;
};
