import { contractAggregate, type ContractEvent } from '@hostledger/contracts';
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
import { sharesReceipts } from '../domain/contract-inputs.js';
import { statementSeriesAggregate } from '../domain/statement-series.js';
import type { StatementKind } from '../domain/statement.js';
import {
  machineFacts,
  machineFactsProjection,
  type MachineFactRow,
} from '../read/machine-facts/projection.js';
import { metersProjection } from '../read/meters/projection.js';

// Which events a statement, a restatement, a credit note or a late fee note is computed from. The log is read for them
// three times: for the document itself, for the streams and machines of its contract, and for what
// read models tell the computation.

/** What has a number of the series. */
export interface BillingDocument {
  /** `<year>-<six digits>` */
  readonly number: string;
  readonly documentId: string;
  readonly kind: StatementKind;
  readonly contractId: string;
  /** YYYY-MM; absent of a credit note and of a late fee note. */
  readonly month?: string;
}

/** The log has a document, and not what it came from. */
export class CauseUntold extends Error {
  override readonly name = 'CauseUntold';
}

/** A number, and the event that first tells of it. */
interface Given {
  readonly documentId: string;
  readonly by: RecordedEvent;
}

/** The documents of a log, which it is shown from the first event on. */
export class DocumentRegister {
  /** By their numbers: as the series gave them, else as the document has it. */
  private readonly given = new Map<string, Given>();
  private readonly begun = new Map<string, Omit<BillingDocument, 'number' | 'documentId'>>();

  see(event: RecordedEvent): void {
    const told = event.data as Record<string, string>;
    const { number, statementId, creditNoteId, lateFeeId } = told;
    switch (event.type) {
      case 'StatementNumberAssigned':
        this.given.set(number!, { documentId: statementId!, by: event });
        return;
      case 'StatementIssued':
      case 'CreditNoteIssued':
      case 'LateFeeNoteIssued':
        if (!this.given.has(number!)) {
          this.given.set(number!, { documentId: idIn(told)!, by: event });
        }
        return;
      case 'PeriodCloseBegan':
        return this.begin(statementId!, 'statement', told);
      case 'RestatementProposed':
        return this.begin(statementId!, 'restatement', told);
      case 'CreditNoteBegan':
        return this.begin(creditNoteId!, 'creditNote', told);
      case 'LateFeeCharged':
        return this.begin(lateFeeId!, 'lateFeeNote', told);
      default:
    }
  }

  /** Undefined where the log has none of that number, or does not tell what it came from. */
  numbered(number: string): BillingDocument | undefined {
    const documentId = this.given.get(number)?.documentId;
    const found = documentId === undefined ? undefined : this.begun.get(documentId);
    return found && { number, documentId: documentId!, ...found };
  }

  /** The event that first tells of a number. */
  givenBy(number: string): RecordedEvent | undefined {
    return this.given.get(number)?.by;
  }

  /** Of all documents, in their order. */
  get numbers(): readonly string[] {
    return [...this.given.keys()].sort();
  }

  private begin(documentId: string, kind: StatementKind, told: Record<string, string>): void {
    const { contractId, month } = told;
    const isOfMonth = kind === 'statement' || kind === 'restatement';
    this.begun.set(documentId, {
      ...{ kind, contractId: contractId! },
      ...(isOfMonth && month !== undefined && { month }),
    });
  }
}

/** The document that an event is about: notes name the statement that they are for, too. */
const idIn = (data: Readonly<Record<string, unknown>>): string | undefined =>
  (data.creditNoteId ?? data.lateFeeId ?? data.statementId) as string | undefined;

/** Read models of which the computation asks, to be filled with {@link isFactFor}. */
export const computedFrom: readonly Projection[] = [machineFactsProjection, metersProjection];

/** Whole streams that the documents of a contract are computed from, or recorded in. */
export class DocumentStreams {
  private readonly byName = new Map<string, RecordedEvent[]>();
  private readonly own = new Set<string>();
  /** Machines of whatever contract that were ever off for a curtailment. */
  private readonly curtailed = new Set<string>();

  constructor(private readonly contractId: string) {}

  see(event: RecordedEvent): void {
    this.noteMachine(event);
    if (!this.isWanted(event.stream)) return;
    const before = this.byName.get(event.stream);
    if (before) before.push(event);
    else this.byName.set(event.stream, [event]);
  }

  /**
   * Machines that were ever under the contract. Where it has a part in what programmes pay, also those
   * that were ever off for a curtailment, whosever they are: what is paid is shared out among them.
   */
  get serials(): ReadonlySet<string> {
    const events = this.of(streamName(contractAggregate, this.contractId));
    const isSharing = sharesReceipts({ events: events as readonly RecordedEvent<ContractEvent>[] });
    return isSharing ? new Set([...this.own, ...this.curtailed]) : this.own;
  }

  of(stream: string): readonly RecordedEvent[] {
    return this.byName.get(stream) ?? [];
  }

  /** The first event that names the document as its own. */
  firstOf({ documentId }: BillingDocument): RecordedEvent | undefined {
    const own = [...this.byName.values()]
      .flat()
      .filter(({ data }) => idIn(data as Record<string, unknown>) === documentId);
    return own.toSorted((one, other) => (one.position < other.position ? -1 : 1))[0];
  }

  private isWanted(stream: string): boolean {
    const { contractId } = this;
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
      if (!fact) continue;
      const { contract_id, curtailment_id, serial } = fact as unknown as MachineFactRow;
      if (contract_id === this.contractId) this.own.add(serial);
      if (curtailment_id !== null) this.curtailed.add(serial);
    }
  }
}

/** Whether the read models need an event: those of all other machines change nothing. */
export const isFactFor =
  ({ serials }: Pick<DocumentStreams, 'serials'>) =>
  (event: RecordedEvent): boolean => {
    if (!Object.hasOwn(machineFacts.keys, event.type)) return true;
    return serials.has((event.data as { readonly serial: string }).serial);
  };
