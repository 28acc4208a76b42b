import { IsUUID } from 'class-validator';

export class OperationParams {
  /** The operation's id. */
  @IsUUID()
  operationId: string;
}
