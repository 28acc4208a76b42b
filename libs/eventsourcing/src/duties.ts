import type { DomainEvent, Recorded, RecordedEvent } from './message.js';

// What rooms tell of their events for the segregation of duties: which acts take two subjects, which
// go against a rule, and which nobody should do both of.

/** Something that one subject asks for and another one decides. */
export interface TwoPersonAct {
  readonly title: string;
  /** The rules refuse that whoever asked decides; where they do not, only the report tells. */
  readonly isEnforced: boolean;
  /** Why it takes two, or why the rules let one do it. */
  readonly why: string;
}

/** Two duties that one subject should not have for the same thing. */
export interface DutyConflict {
  readonly one: string;
  readonly other: string;
  /** What could be hidden by who has both. */
  readonly why: string;
}

/** What an event says of its subject. `name` is of the catalogues of {@link RoomDuties}. */
export interface ToldAct {
  readonly kind: 'request' | 'approval' | 'refusal' | 'override' | 'duty';
  readonly name: string;
  /** What it is about, e.g. `contract 5f0c…`; a request and its decision are about the same. */
  readonly about: string;
  /** Who did it, where the event itself says so; else the actor. */
  readonly by?: string;
  /** A second subject that the event names: who asked, or who is said to have approved. */
  readonly other?: string;
  /** Why, where the event itself says so; else the reason of the command. */
  readonly reason?: string;
}

/** The duties of a room's events. Names are `room/what`, unique in the whole system. */
export interface RoomDuties {
  readonly twoPersonActs: Readonly<Record<string, TwoPersonAct>>;
  /** Acts against a rule, or by one subject's word alone, with the rule in words. */
  readonly overrides: Readonly<Record<string, string>>;
  /** What somebody has to do, in words. */
  readonly duties: Readonly<Record<string, string>>;
  /** May name duties of other rooms. */
  readonly conflicts: readonly DutyConflict[];
  readonly acts: Readonly<
    Record<string, ((event: RecordedEvent) => readonly ToldAct[]) | undefined>
  >;
  /** Types that sound like a decision and are none, with the reason. */
  readonly noActs: Readonly<Record<string, string | undefined>>;
}

/** Checks the duties of a room against its events, then forgets their types. */
export const dutiesOfRoom = <E extends DomainEvent>(
  room: Partial<Omit<RoomDuties, 'acts' | 'noActs'>> & {
    readonly acts: {
      readonly [T in E['type']]?: (
        event: Extract<Recorded<E>, { readonly type: T }>,
      ) => readonly ToldAct[];
    };
    readonly noActs?: { readonly [T in E['type']]?: string };
  },
): RoomDuties => ({
  ...{ twoPersonActs: {}, overrides: {}, duties: {}, conflicts: [], noActs: {} },
  ...(room as Partial<RoomDuties> & Pick<RoomDuties, 'acts'>),
});
