import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const MAX_LINES = 350;
/** Files that may be longer than MAX_LINES, each with its own limit and the reason. */
const LONGER_FILES = [
  // { file: 'libs/domain/src/exchange/exchange.decider.ts', max: 400, reason: '…' },
];

const TYPESCRIPT = ['apps/**/*.ts', 'libs/**/*.ts', 'test/**/*.ts'];
const TESTS = ['**/*.spec.ts', '**/*.contract.ts', 'test/**/*.ts', 'apps/*/test/**/*.ts'];
/** The rules of the law: pure functions. Time, ids and randomness arrive inside the command. */
const PURE = ['libs/kernel/src/**/*.ts', 'libs/domain/src/**/*.ts'];

const pureGlobals = {
  process: 'configuration arrives as an argument',
  performance: 'time arrives inside the command',
  crypto: 'randomness and digests arrive inside the command',
  fetch: 'no I/O here',
  console: 'no I/O here',
  Buffer: 'use Uint8Array and TextEncoder',
  setTimeout: 'no timers here',
  setInterval: 'no timers here',
  setImmediate: 'no timers here',
  queueMicrotask: 'decisions are synchronous',
  require: 'imports are static',
};

const matchersAreAny = Object.fromEntries(['argument', 'assignment', 'member-access', 'return'].map((what) => [`@typescript-eslint/no-unsafe-${what}`, 'off']));

export default defineConfig(
  globalIgnores(['dist/', 'node_modules/', 'coverage/', 'data/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{js,mjs}'],
    extends: [js.configs.recommended],
    languageOptions: {
      sourceType: 'module',
      globals: {
        process: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
    rules: { eqeqeq: ['error', 'smart'] },
  },
  {
    files: TYPESCRIPT,
    extends: [js.configs.recommended, tseslint.configs.recommended],
    languageOptions: {
      // emitDecoratorMetadata is read from tsconfig.json here: a class that Nest injects by its type stays a value import
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all', ignoreRestSiblings: true }],
      complexity: ['error', 20],
      'max-depth': ['error', 4],
      'max-lines': ['error', { max: MAX_LINES }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      eqeqeq: ['error', 'smart'],
      'no-console': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
    },
  },
  { files: ['apps/cli/**/*.ts', 'apps/sandbox/**/*.ts', 'test/benchmark/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: PURE,
    ignores: TESTS,
    rules: {
      'no-restricted-globals': ['error', ...Object.entries(pureGlobals).map(([name, message]) => ({ name, message }))],
      'no-restricted-imports': ['error', { patterns: [{ regex: '^(?![.]{1,2}/|#libs/kernel$)', message: 'only relative files and #libs/kernel' }] }],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'time arrives inside the command' },
        { object: 'Math', property: 'random', message: 'randomness arrives inside the command' },
        { object: 'globalThis', message: 'nothing global here' },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'time arrives inside the command' },
        { selector: "CallExpression[callee.name='Date']", message: 'time arrives inside the command' },
      ],
    },
  },
  // matchers are of type any, and a table of cases is long without being hard to read
  { files: TESTS, rules: { ...matchersAreAny, 'max-lines-per-function': 'off', 'max-lines': ['error', { max: 600 }] } },
  ...LONGER_FILES.map(({ file, max }) => ({ files: [file], rules: { 'max-lines': ['error', { max }] } })),
);
