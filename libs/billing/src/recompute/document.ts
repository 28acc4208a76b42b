import { contractAggregate } from '@hostledger/contracts';
import {
  streamCategory,
  streamId,
  streamName,
  type Projection,
  type RecordedEvent,
} from '@hostledger/eventsourcing';
import { facilityAggregate } from '@hostledger/sites';
import { accountAggregate } from '../domain/account.js';
import { billingPeriodAggregate } from '../domain/billing-period.js';
import { statementSeriesAggregate } from '../domain/statement-series.js';
import type { StatementKind } from '../domain/statement.js';
import { machineFacts, machineFactsProjection } from '../read/machine-facts/projection.js';
import { metersProjection } from '../read/meters/projection.js';

// Which events a statement, a restatement or a credit note is computed from. The log is read for them
// three times: for the document itself, for the streams and machines of its contract, and for what
// read models tell the computation.

/** What has a number of the series. */
export interface BillingDocument {
  /** `<year>-<six digits>` */
  readonly number: string;
  readonly documentId: string;
  readonly kind: StatementKind;
  readonly contractId: string;
  /** YYYY-MM; absent of a credit note. */
  readonly month?: string;
}

/** Looks for the document of a number in a log, which it is shown from the first event on. */
export class DocumentFinder {
  private documentId: string | undefined;
  private readonly issued = new Map<string, Omit<BillingDocument, 'number' | 'documentId'>>();

  constructor(private readonly number: string) {}

  see({ type, data }: RecordedEvent): void {
    const told = data as Record<string, string>;
    switch (type) {
      case 'StatementNumberAssigned':
        if (told['number'] === this.number) this.documentId = told['statementId'];
        return;
      // The number of a document is not the series' alone: it is on the document as well.
      case 'PeriodCloseBegan':
        return this.keep(told['statementId']!, 'statement', told);
      case 'RestatementProposed':
        return this.keep(told['statementId']!, 'restatement', told);
      case 'CreditNoteBegan':
        return this.keep(told['creditNoteId']!, 'creditNote', told);
      case 'StatementIssued':
        if (told['number'] === this.number) this.documentId ??= told['statementId'];
        return;
      case 'CreditNoteIssued':
        if (told['number'] === this.number) this.documentId ??= told['creditNoteId'];
        return;
      default:
    }
  }

  /** Undefined where the log has none of that number. */
  get document(): BillingDocument | undefined {
    const { documentId, number } = this;
    const found = documentId === undefined ? undefined : this.issued.get(documentId);
    return found && { number, documentId: documentId!, ...found };
  }

  private keep(documentId: string, kind: StatementKind, told: Record<string, string>): void {
    const { contractId, month } = told;
    this.issued.set(documentId, {
      ...{ kind, contractId: contractId! },
      ...(kind !== 'creditNote' && month !== undefined && { month }),
    });
  }
}

/** Read models of which the computation asks, to be filled with {@link isFactFor}. */
export const computedFrom: readonly Projection[] = [machineFactsProjection, metersProjection];

/** Whole streams that a document is computed from, or recorded in. */
export class DocumentStreams {
  private readonly byName = new Map<string, RecordedEvent[]>();
  /** Machines that were ever under the contract. */
  readonly serials = new Set<string>();

  constructor(private readonly document: BillingDocument) {}

  see(event: RecordedEvent): void {
    this.noteMachine(event);
    if (!this.isWanted(event.stream)) return;
    const before = this.byName.get(event.stream);
    if (before) before.push(event);
    else this.byName.set(event.stream, [event]);
  }

  of(stream: string): readonly RecordedEvent[] {
    return this.byName.get(stream) ?? [];
  }

  /** The first event that names the document as its own. */
  firstOf({ documentId }: BillingDocument): RecordedEvent | undefined {
    const own = [...this.byName.values()].flat().filter(({ data }) => {
      const { statementId, creditNoteId } = data as Record<string, unknown>;
      return (creditNoteId ?? statementId) === documentId;
    });
    return own.toSorted((one, other) => (one.position < other.position ? -1 : 1))[0];
  }

  private isWanted(stream: string): boolean {
    const { contractId } = this.document;
    switch (streamCategory(stream)) {
      case contractAggregate.category:
        return stream === streamName(contractAggregate, contractId);
      case accountAggregate.category:
        return stream === streamName(accountAggregate, contractId);
      case billingPeriodAggregate.category:
        return streamId(stream).startsWith(`${contractId}.`);
      case facilityAggregate.category:
      case statementSeriesAggregate.category:
        return true;
      default:
        return stream.startsWith('market-price.');
    }
  }

  private noteMachine(event: RecordedEvent): void {
    if (!Object.hasOwn(machineFacts.keys, event.type)) return;
    for (const key of machineFacts.keys[event.type]!(event)) {
      const fact = machineFacts.evolve(undefined, event, key);
      const { contract_id, serial } = (fact ?? {}) as { contract_id?: string; serial: string };
      if (contract_id === this.document.contractId) this.serials.add(serial);
    }
  }
}

/** Whether the read models need an event: those of other contracts' machines change nothing. */
export const isFactFor =
  ({ serials }: Pick<DocumentStreams, 'serials'>) =>
  (event: RecordedEvent): boolean => {
    if (!Object.hasOwn(machineFacts.keys, event.type)) return true;
    return serials.has((event.data as { readonly serial: string }).serial);
  };
