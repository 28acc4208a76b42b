/** Where an act is in the log, and who did it. */
export class ActView {
  /** In the log. */
  position: string;
  eventId: string;
  /** @example RelocationApproved */
  type: string;
  stream: string;
  /** What it is about, as the room of the event calls it. */
  about: string;
  /** Who did it. */
  subject: string;
  /** Under which it was allowed. */
  role: string;
  reason: string | null;
  /** Business time. */
  occurredAt: string;
  recordedAt: string;
}

/** Something that one subject asked for and one decided. */
export class DecisionView {
  /** @example fleet/relocation-plan */
  name: string;
  /** @example Relocation plan */
  title: string;
  /** Whether the rules refuse that whoever asked decides. */
  isEnforced: boolean;
  /** @example approved */
  outcome: 'approved' | 'refused';
  decided: ActView;
  /** The last request for it before; null where there is none in the log. */
  asked: ActView | null;
  /** Whoever asked decided; subjects are compared without regard to case. */
  isSelfApproval: boolean;
  /** Whoever asked had issued a token in the name of who decided, and may be both: its position. */
  tokenByAsker: string | null;
}

export class OverrideView extends ActView {
  /** @example billing/usage-estimated */
  name: string;
  /** Which rule it goes against, or what one word sufficed for. */
  rule: string;
  /** Who is said to have approved it, without having signed it. */
  approvedBy: string | null;
}

/** One subject with two duties for the same thing. */
export class ConflictView {
  subject: string;
  about: string;
  one: string;
  other: string;
  /** What could be hidden by who has both. */
  why: string;
  /** How often each was done in the period, and where first. */
  onePosition: string;
  oneCount: number;
  otherPosition: string;
  otherCount: number;
}

/** What one subject did as an administrator. */
export class AdminActsView {
  subject: string;
  type: string;
  count: number;
  firstPosition: string;
  lastPosition: string;
}

export class TokenActView extends ActView {
  act: 'issued' | 'revoked';
  /** In whose name the token speaks; of a revoked one it is null. */
  tokenSubject: string | null;
}

export class DecisionCountView {
  name: string;
  title: string;
  isEnforced: boolean;
  why: string;
  asked: number;
  approved: number;
  refused: number;
  selfApproved: number;
}

export class OverrideCountView {
  name: string;
  rule: string;
  count: number;
}

/** Lists hold the first 1,000; the numbers are of all. */
export class SegregationReport {
  /** First day of the period, UTC, by the time of recording. */
  from: string;
  /** The day after its last. */
  until: string;
  /** Of each act that takes two subjects, or could. */
  twoPersonActs: DecisionCountView[];
  decisionCount: number;
  decisions: DecisionView[];
  selfApprovalCount: number;
  selfApprovals: DecisionView[];
  /** Asked for in the period and not decided by its end. */
  undecidedCount: number;
  undecided: ActView[];
  conflictCount: number;
  conflicts: ConflictView[];
  overrideCounts: OverrideCountView[];
  overrideCount: number;
  overrides: OverrideView[];
  adminActs: AdminActsView[];
  tokenCount: number;
  tokens: TokenActView[];
}
