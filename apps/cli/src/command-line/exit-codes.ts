/** How the program ends; sysexits.h where one fits. Written in the help of `renkei` and in the README: scripts rely on them. */
export const EXIT = {
  /** Done; the answer is yes; every line was accepted. */
  done: 0,
  /** The answer is no; the server refused it; some lines were refused. */
  no: 1,
  /** An option, an argument or an input file is wrong. */
  usage: 2,
  /** `renkei verify` found a record or its log changed or damaged. */
  doesNotHold: 65,
  /** The server can't be reached or is busy: try again. */
  unavailable: 69,
  /** A fault of this program or of the server. */
  software: 70,
  /** A file can't be written. */
  notWritten: 74,
  /** The server does not accept the token, or the agency may not do this. */
  notPermitted: 77,
  /** Connection settings are missing or wrong. */
  configuration: 78,
  /** Interrupted (Ctrl-C); what was done is saved. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
