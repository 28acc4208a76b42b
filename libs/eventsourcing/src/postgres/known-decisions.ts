import { noDecisions, type Decisions, type ProjectionDecisions } from '../decisions.js';

/** What operators have decided, as far as this process has been told. */
export class KnownDecisions implements Decisions {
  private told: Decisions = noDecisions;
  private learnedOnce = false;

  constructor(
    private readonly ask: (() => Promise<Decisions>) | undefined,
    private readonly onWarning: (message: string, error: unknown) => void,
  ) {}

  get acts(): number {
    return this.told.acts;
  }

  get logAcceptedBy(): number {
    return this.told.logAcceptedBy;
  }

  of(projection: string): ProjectionDecisions {
    return this.told.of(projection);
  }

  /** While the event store is away, what was decided before holds. */
  async learn(): Promise<void> {
    try {
      await this.learnNow();
      this.learnedOnce = true;
    } catch (error) {
      if (!this.learnedOnce) throw error;
      this.onWarning('What operators decided cannot be read', error);
    }
  }

  /** For what must not be done by old decisions: rejects while they cannot be read. */
  async learnNow(): Promise<void> {
    if (this.ask) this.told = await this.ask();
  }
}
