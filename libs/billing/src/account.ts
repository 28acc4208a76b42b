import { accountAggregate } from './domain/account.js';
import './http/account-problems.js';

// Accounts of contracts: all that the room shows of them.

export const accountAggregates = [accountAggregate] as const;
