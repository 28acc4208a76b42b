import { existsSync } from 'node:fs';
import { Client } from 'pg';
import { startPostgres } from './postgres.js';

const answerOf = async (url: string, statement: string): Promise<unknown> => {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<{ answer: unknown }>(statement)).rows[0]?.answer;
  } finally {
    await client.end();
  }
};

it('keeps what was committed over a crash of the server, and leaves nothing behind', async () => {
  const postgres = await startPostgres();
  await answerOf(postgres.url, 'create table kept as select 7 as answer');
  await postgres.restart();
  expect(await answerOf(postgres.url, 'select answer from kept')).toBe(7);
  await postgres.stop();
  const home = new URL(postgres.url).searchParams.get('host');
  if (home) expect(existsSync(home)).toBe(false);
  await expect(answerOf(postgres.url, 'select 1')).rejects.toThrow();
});
