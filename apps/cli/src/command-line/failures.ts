import { DomainError, type ErrorKind } from '#libs/kernel';
import { dictionary, type Language } from '#libs/terminal';
import { EXIT, type ExitCode } from './exit-codes.js';

/** Something that may have been meant. */
export interface Candidate {
  readonly code: string;
  readonly name: string;
}

/** An option, argument or input file is wrong: names it and the rule, and what may have been meant. */
export class UsageError extends DomainError {
  override readonly name = 'UsageError';
  constructor(
    /** As it is written, e.g. `--on`. */
    readonly option: string,
    readonly rule: string,
    message: string,
    readonly candidates: readonly Candidate[] = [],
  ) {
    super('USAGE', 'invalid', message, { field: option, rule });
  }
}

/** Connection settings are missing or wrong, each by its option and variable. */
export class SettingsError extends DomainError {
  override readonly name = 'SettingsError';
  constructor(readonly problems: readonly string[]) {
    super('CONFIGURATION', 'invalid', problems.join('\n'));
  }
}

const EXIT_OF_KIND: Readonly<Record<ErrorKind, ExitCode>> = {
  invalid: EXIT.no,
  unauthenticated: EXIT.notPermitted,
  forbidden: EXIT.notPermitted,
  'not-found': EXIT.no,
  conflict: EXIT.no,
  'too-large': EXIT.no,
  unprocessable: EXIT.no,
  busy: EXIT.unavailable,
  unavailable: EXIT.unavailable,
  internal: EXIT.software,
};

/** What is told of an error, and how the program ends. */
export interface Failure {
  readonly exit: ExitCode;
  readonly code: string;
  readonly message: string;
  readonly option?: string;
  readonly rule?: string;
  readonly candidates?: readonly Candidate[];
}

const NOT_WRITTEN = new Set(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO']);
/** Why a file can't be had, by the system's own codes. */
const fileReasons = dictionary({
  en: {
    ENOENT: 'no such file or directory',
    EACCES: 'permission denied',
    EPERM: 'not permitted',
    EISDIR: 'is a directory',
    ENOTDIR: 'is not a directory',
    EEXIST: 'exists already',
    EMFILE: 'too many files are open',
    ENAMETOOLONG: 'the name is too long',
    ENOSPC: 'no space is left on the device',
    EDQUOT: 'the disk quota is used up',
    EROFS: 'the file system is read-only',
    EIO: 'the device failed',
  },
  ja: {
    ENOENT: 'ファイル又はディレクトリがありません',
    EACCES: 'アクセスが許されていません',
    EPERM: '許されていない操作です',
    EISDIR: 'ディレクトリです',
    ENOTDIR: 'ディレクトリではありません',
    EEXIST: 'すでにあります',
    EMFILE: '開いているファイルが多すぎます',
    ENAMETOOLONG: '名前が長すぎます',
    ENOSPC: '装置に空きがありません',
    EDQUOT: 'ディスクの割当てを使い切りました',
    EROFS: '読取り専用のファイルシステムです',
    EIO: '装置の故障です',
  },
});
type FileError = keyof ReturnType<typeof fileReasons>;
const isFileError = (code: unknown): code is FileError => typeof code === 'string' && Object.hasOwn(fileReasons('en'), code);

function exitOf(error: DomainError): ExitCode {
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof SettingsError) return EXIT.configuration;
  if (error.code.startsWith('SECRET_FILE_')) return EXIT.configuration;
  return EXIT_OF_KIND[error.kind];
}

/** What to tell of whatever was thrown; never a stack. A fault that is not known is told by its name alone. */
export function failureOf(error: unknown, language: Language): Failure {
  if (error instanceof DomainError) {
    return {
      exit: exitOf(error),
      code: error.code,
      message: error.message,
      ...(error.at.field === undefined ? {} : { option: error.at.field }),
      ...(error.at.rule === undefined ? {} : { rule: error.at.rule }),
      ...(error instanceof UsageError && error.candidates.length > 0 ? { candidates: error.candidates } : {}),
    };
  }
  const { code, path, message } = (typeof error === 'object' && error !== null ? error : {}) as { code?: unknown; path?: unknown; message?: unknown };
  if (isFileError(code)) {
    const where = typeof path === 'string' ? `${path}: ` : '';
    return { exit: NOT_WRITTEN.has(code) ? EXIT.notWritten : EXIT.usage, code, message: `${where}${fileReasons(language)[code]}` };
  }
  return { exit: EXIT.software, code: 'FAULT', message: typeof message === 'string' ? message : 'unknown fault' };
}
