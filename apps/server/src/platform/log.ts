// The server's log: JSON lines on standard error, so that standard output stays free for people. Fields that
// carry secrets are blanked by name wherever they occur at the top or one level below.
import { destination, pino, type Logger } from 'pino';

export type { Logger };

const SECRETS = [
  'authorization',
  'token',
  'password',
  'privateKey',
  'private_key',
  'vaultKey',
  'cookie',
  'p12',
];

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export function createLog(level: LogLevel): Logger {
  const paths = SECRETS.flatMap((name) => [name, `*.${name}`, `*.headers.${name}`]);
  return pino(
    { level, redact: { paths, censor: '[secret]' }, base: null },
    destination({ dest: 2, sync: true }),
  );
}
