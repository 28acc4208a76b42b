import { isAbsolute } from 'node:path';
import { InvalidConfig, loadConfig } from './index.js';

describe('the configuration', () => {
  it('needs nothing: the embedded default on the loopback address', () => {
    const config = loadConfig({});
    expect(config).toMatchObject({ port: 3000, host: '127.0.0.1', benchNoop: false });
    expect(config.eventStoreUrl).toBeUndefined();
    expect(config.databaseUrl).toBeUndefined();
    expect(isAbsolute(config.dataDir)).toBe(true);
  });

  it('takes an empty variable for an absent one', () => {
    expect(loadConfig({ EVENTSTORE_URL: '', PORT: '' })).toMatchObject({ port: 3000 });
  });

  it.each([
    'esdb://localhost:2113?tls=false',
    'esdb://app:s3cr%40t@one:2113,two:2113,three:2113?tls=true',
    'esdb+discover://app:secret@cluster.example:2113',
  ])('takes the connection string %s', (url) => {
    expect(loadConfig({ EVENTSTORE_URL: url }).eventStoreUrl).toBe(url);
  });

  it.each([
    'postgres://app:secret@db.example:5432/hostledger?sslmode=verify-full',
    'postgresql:///hostledger?host=/var/run/postgresql',
  ])('takes the database %s', (url) => {
    expect(loadConfig({ DATABASE_URL: url }).databaseUrl).toBe(url);
  });

  it('names every wrong key and never a value', () => {
    const secret = 'mysql://root:hunter2@db';
    const wrong = (): unknown => loadConfig({ PORT: '70000', DATABASE_URL: secret });
    expect(wrong).toThrow(InvalidConfig);
    expect(wrong).toThrow(/PORT/);
    expect(wrong).toThrow(/DATABASE_URL/);
    expect(wrong).not.toThrow(/hunter2/);
  });
});
