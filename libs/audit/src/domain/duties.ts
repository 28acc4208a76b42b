import type {
  DutyConflict,
  RecordedEvent,
  RoomDuties,
  ToldAct,
  TwoPersonAct,
} from '@hostledger/eventsourcing';

/** The duties of all rooms together. */
export class Duties {
  readonly twoPersonActs: ReadonlyMap<string, TwoPersonAct>;
  readonly overrides: ReadonlyMap<string, string>;
  readonly duties: ReadonlyMap<string, string>;
  readonly conflicts: readonly DutyConflict[];
  private readonly acts: ReadonlyMap<string, (event: RecordedEvent) => readonly ToldAct[]>;
  private readonly noActs: ReadonlySet<string>;

  /** @throws where two rooms say something of one name or type, or a conflict is of no duty. */
  constructor(rooms: readonly RoomDuties[]) {
    const union = <V>(what: string, of: (room: RoomDuties) => Readonly<Record<string, V>>) => {
      const all = new Map<string, V>();
      for (const [name, value] of rooms.flatMap((room) => Object.entries(of(room)))) {
        if (all.has(name)) throw new Error(`Two rooms tell of the ${what} ${name}`);
        all.set(name, value);
      }
      return all;
    };
    this.twoPersonActs = union('act', ({ twoPersonActs }) => twoPersonActs);
    this.overrides = union('override', ({ overrides }) => overrides);
    this.duties = union('duty', ({ duties }) => duties);
    this.conflicts = rooms.flatMap(({ conflicts }) => conflicts);
    const acts = union('event', (room) => room.acts);
    this.acts = new Map([...acts].flatMap(([type, tell]) => (tell ? [[type, tell] as const] : [])));
    this.noActs = new Set(rooms.flatMap(({ noActs }) => Object.keys(noActs)));
    const unknown = this.conflicts
      .flatMap(({ one, other }) => [one, other])
      .find((duty) => !this.duties.has(duty));
    if (unknown !== undefined) throw new Error(`A conflict is of ${unknown}, which is no duty`);
  }

  /** Types that may tell of acts. */
  types(): readonly string[] {
    return [...this.acts.keys()];
  }

  /** Whether a room has said anything of this type, were it that it is no such act. */
  isDecidedOn(type: string): boolean {
    return this.acts.has(type) || this.noActs.has(type);
  }

  /** @throws where an act has a name that no catalogue holds. */
  toldBy(event: RecordedEvent): readonly ToldAct[] {
    const acts = this.acts.get(event.type)?.(event) ?? [];
    for (const { kind, name } of acts) {
      if (!this.catalogueOf(kind).has(name)) {
        throw new Error(`${event.type} tells of the ${kind} ${name}, which no room describes`);
      }
    }
    return acts;
  }

  private catalogueOf(kind: ToldAct['kind']): ReadonlyMap<string, unknown> {
    if (kind === 'override') return this.overrides;
    return kind === 'duty' ? this.duties : this.twoPersonActs;
  }
}
