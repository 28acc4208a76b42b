import { IsUUID } from 'class-validator';

export class ProposalParams {
  /** The proposal's id. */
  @IsUUID()
  proposalId: string;
}
