// How `ota` ends, for scripts. The numbers from 64 on are those of sysexits; a test compares them with the README.

export const EXIT = {
  ok: 0,
  unexpected: 1,
  refused: 2,
  notFound: 4,
  usage: 64,
  unreachable: 69,
  notSignedIn: 77,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP = `Exit codes:
  0  done
  1  unexpected failure, of the server or of this command
  2  the server refused the request (not valid, or in conflict with what is there)
  4  not found
 64  wrong usage, or a name that more than one thing has
 69  the server cannot be reached
 77  not signed in, or not allowed`;
