import {
  tableFold,
  type DomainEvent,
  type Projection,
  type Recorded,
} from '@hostledger/eventsourcing';

/** A small domain for the specs of the kernel: accounts that pay each other. */
export type AccountEvent =
  | DomainEvent<'Opened', { readonly account: string; readonly on: string }>
  | DomainEvent<'Paid', { readonly account: string; readonly to: string; readonly cents: number }>
  | DomainEvent<'Closed', { readonly account: string }>;

export interface AccountRow {
  account: string;
  opened_on: string;
  balance_cents: bigint;
  payments: number;
  last: { readonly to: string; readonly cents: number } | null;
}

export interface PaymentRow {
  payment_id: string;
  account: string;
  cents: bigint;
}

export interface AccountTables {
  accounts: AccountRow;
  payments: PaymentRow;
}

export const opened = (account: string): AccountEvent => ({
  type: 'Opened',
  data: { account, on: '2024-06-01' },
});
export const paid = (account: string, to: string, cents: number): AccountEvent => ({
  type: 'Paid',
  data: { account, to, cents },
});
export const closed = (account: string): AccountEvent => ({ type: 'Closed', data: { account } });

const moved = (
  row: AccountRow | undefined,
  { data }: Recorded<Extract<AccountEvent, { type: 'Paid' }>>,
): AccountRow | undefined => {
  if (!row) return undefined;
  const sign = row.account === data.account ? -1 : 1;
  return {
    ...row,
    balance_cents: row.balance_cents + BigInt(sign * data.cents),
    payments: row.payments + 1,
    last: { to: data.to, cents: data.cents },
  };
};

export const accounts: Projection = {
  name: 'accounts',
  version: 1,
  tables: [
    tableFold<AccountRow, AccountEvent>({
      table: {
        name: 'accounts',
        columns: {
          account: 'text',
          opened_on: 'date',
          balance_cents: 'bigint',
          payments: 'integer',
          last: 'jsonb',
        },
        key: ['account'],
        nullable: ['last'],
        indexes: [['balance_cents', 'account']],
      },
      keys: {
        Opened: ({ data }) => [{ account: data.account }],
        Paid: ({ data }) =>
          data.account === data.to
            ? [{ account: data.account }]
            : [{ account: data.account }, { account: data.to }],
        Closed: ({ data }) => [{ account: data.account }],
      },
      evolve: (row, event) => {
        switch (event.type) {
          case 'Opened':
            return (
              row ?? {
                account: event.data.account,
                opened_on: event.data.on,
                balance_cents: 0n,
                payments: 0,
                last: null,
              }
            );
          case 'Paid':
            return moved(row, event);
          case 'Closed':
            return undefined;
        }
      },
    }),
  ],
};

export const payments: Projection = {
  name: 'payments',
  version: 1,
  tables: [
    tableFold<PaymentRow, AccountEvent>({
      table: {
        name: 'payments',
        columns: { payment_id: 'text', account: 'text', cents: 'bigint' },
        key: ['payment_id'],
        insertOnly: true,
      },
      keys: { Paid: (event) => [{ payment_id: event.id }] },
      evolve: (_, event) =>
        event.type === 'Paid'
          ? {
              payment_id: event.id,
              account: event.data.account,
              cents: BigInt(event.data.cents),
            }
          : undefined,
    }),
  ],
};
