const swc = JSON.parse(require('node:fs').readFileSync(`${__dirname}/.swcrc`, 'utf8'));

module.exports = {
  testEnvironment: 'node',
  testRegex: '\\.spec\\.ts$',
  roots: ['<rootDir>/apps', '<rootDir>/libs', '<rootDir>/test'],
  moduleFileExtensions: ['ts', 'js', 'json'],
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  moduleNameMapper: {
    '^@hostledger/([^/]+)/([^/]+)$': '<rootDir>/libs/$1/src/$2/index.ts',
    '^@hostledger/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // What systems under test log is kept for the whole run, and no secret may be in it.
  globalSetup: '<rootDir>/test/support/logs-setup.ts',
  globalTeardown: '<rootDir>/test/support/logs-teardown.ts',
  // As many as there are cores: by default jest leaves one of two idle.
  maxWorkers: '100%',
  // Modules of a suite stay in the memory of its worker, 10 MB and more each.
  workerIdleMemoryLimit: '1500MB',
  // An embedded database takes half a minute to come up on a machine that is busy with other specs.
  testTimeout: 120_000,
};
