// Tests run on what was built (dist/), so that they exercise the very files that ship, worker threads included.
// Every test file belongs to exactly one project: `npm run jest -- --selectProjects unit`.
const PATTERNS = {
  unit: ['<rootDir>/{libs,apps}/*/src/**/!(*.int).spec.js'],
  integration: ['<rootDir>/{libs,apps}/*/src/**/*.int.spec.js'],
  architecture: ['<rootDir>/test/architecture/**/*.spec.js'],
  e2e: ['<rootDir>/test/e2e/**/*.spec.js', '<rootDir>/apps/*/test/**/*.spec.js'],
  system: ['<rootDir>/test/!(architecture|e2e)/**/*.spec.js'],
};

export const PROJECTS = Object.keys(PATTERNS);

/** @type {import('jest').Config} */
export default {
  rootDir: 'dist',
  testTimeout: 30_000,
  maxWorkers: 2,
  projects: Object.entries(PATTERNS).map(([displayName, testMatch]) => ({
    displayName,
    rootDir: 'dist',
    testMatch,
    testEnvironment: 'node',
    transform: {},
  })),
};
