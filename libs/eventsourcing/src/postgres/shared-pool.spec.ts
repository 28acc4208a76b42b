import { rmSync } from 'node:fs';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { sql } from 'kysely';
import { embeddedDirectory } from '@hostledger/testing';
import { openDatabase, type Database } from './database.js';

interface Notes {
  notes: { text: string; number: bigint };
}

describe('an embedded database that another thread uses too', () => {
  let directory: string;
  let owner: Database;
  let guest: Database;
  let guestPort: MessagePort;

  beforeAll(async () => {
    directory = await embeddedDirectory();
    owner = await openDatabase({ directory });
    await sql`create table notes (text text primary key, number bigint)`.execute(owner.for());
  }, 60_000);
  beforeEach(async () => {
    const { port1, port2 } = new MessageChannel();
    owner.share(port1);
    guestPort = port2;
    guest = await openDatabase({ port: port2 });
    await owner.for<Notes>().deleteFrom('notes').execute();
  });
  afterEach(() => guest.close());
  afterAll(async () => {
    await owner.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const note = (database: Database, text: string) =>
    database.for<Notes>().insertInto('notes').values({ text, number: 7n }).execute();
  const texts = async (database: Database): Promise<string[]> =>
    (await database.for<Notes>().selectFrom('notes').select('text').execute()).map((n) => n.text);

  it('is one database to both, with the same values', async () => {
    await note(guest, 'of the guest');
    expect(await texts(owner)).toEqual(['of the guest']);
    const [row] = await guest.for<Notes>().selectFrom('notes').selectAll().execute();
    expect(row).toEqual({ text: 'of the guest', number: 7n });
  });

  it('tells the guest of a refused statement by its SQLSTATE', async () => {
    await note(owner, 'once');
    await expect(note(guest, 'once')).rejects.toMatchObject({ code: '23505' });
    await expect(sql`select nonsense`.execute(guest.for())).rejects.toMatchObject({
      code: '42703',
    });
  });

  it('lets each wait for the transaction of the other', async () => {
    let seen: Promise<string[]> | undefined;
    await guest
      .for<Notes>()
      .transaction()
      .execute(async (trx) => {
        await trx.insertInto('notes').values({ text: 'first', number: 1n }).execute();
        seen = texts(owner);
        await trx.insertInto('notes').values({ text: 'second', number: 2n }).execute();
      });
    expect(await seen).toEqual(['first', 'second']);
  });

  it('rolls back what a guest that goes away leaves open, and goes on', async () => {
    const begun = Promise.withResolvers<void>();
    const transaction = guest
      .for<Notes>()
      .transaction()
      .execute(async (trx) => {
        await trx.insertInto('notes').values({ text: 'left open', number: 1n }).execute();
        begun.resolve();
        await new Promise(() => undefined);
      });
    transaction.catch(() => undefined);
    await begun.promise;
    guestPort.close();
    expect(await texts(owner)).toEqual([]);
    await note(owner, 'after');
    expect(await texts(owner)).toEqual(['after']);
  });

  it('answers what is asked while it closes with an error', async () => {
    const asked = texts(guest);
    guestPort.close();
    await expect(asked).rejects.toThrow('The embedded database is closed');
  });
});
