// Tests run on what was built (dist/), so that they exercise the very files that ship, worker threads included.
/** @type {import('jest').Config} */
export default {
  rootDir: 'dist',
  testMatch: ['**/*.spec.js'],
  testEnvironment: 'node',
  transform: {},
  testTimeout: 30_000,
  maxWorkers: 2,
};
