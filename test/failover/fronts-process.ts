import { Fronts } from '@hostledger/embedded-node';

/** What the process of the fronts is told to do. */
export type Order =
  | { readonly act: 'kill' | 'revive' | 'cut' | 'heal' | 'isolate'; readonly front: number }
  | { readonly act: 'resign' }
  | { readonly act: 'elections take'; readonly ms: number }
  | { readonly act: 'lose replies'; readonly front: number; readonly count: number }
  | { readonly act: 'stall' | 'answer'; readonly front: number }
  | { readonly act: 'end subscriptions' }
  | { readonly act: 'tell' };

export interface Told {
  readonly id: number;
  readonly leader: number | undefined;
  readonly connectionString: string;
}

const obey = async (fronts: Fronts, order: Order): Promise<void> => {
  switch (order.act) {
    case 'kill':
    case 'revive':
    case 'cut':
    case 'heal':
    case 'isolate':
      return fronts[order.act](order.front);
    case 'resign':
      return fronts.resign();
    case 'elections take':
      return fronts.setElection(order.ms);
    case 'lose replies':
      fronts.faultsOf(order.front).loseReplies = order.count;
      return;
    case 'stall':
    case 'answer':
      fronts.faultsOf(order.front).answer = order.act === 'stall' ? 'stall' : 'normal';
      return;
    case 'end subscriptions':
      for (const front of fronts.ports.keys())
        fronts.faultsOf(front).endSubscriptions('with-error');
      return;
    case 'tell':
  }
};

/** The log and its fronts, in a process of their own that lives as long as its parent. */
const main = async (): Promise<void> => {
  const fronts = await Fronts.start({ directory: process.argv[2]! });
  const tell = (id: number): void => {
    const { leader, connectionString } = fronts;
    process.send!({ id, leader, connectionString } satisfies Told);
  };
  process.on('message', ({ id, order }: { id: number; order: Order }) => {
    void obey(fronts, order).then(() => tell(id));
  });
  process.once('disconnect', () => process.exit(0));
  tell(0);
};

void main();
