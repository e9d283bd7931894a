// A manual page from what a command says of itself with --help, so that it cannot go out of date.
import { execFileSync } from 'node:child_process';

export type Manual = {
  readonly command: string;
  readonly summary: string;
  readonly seeAlso: readonly string[];
};

/** `start`: the bundle's start.js. `day`: of the sources, as 2026-11-25. */
export function manPage({ command, summary, seeAlso }: Manual, start: string, day: string): string {
  const help = execFileSync(process.execPath, [start, command, '--help'], { encoding: 'utf8' });
  const others = seeAlso.map((name) => `.BR ${name} (1)`).join(',\n');
  return [
    `.TH ${command.toUpperCase()} 1 ${day} "OTA Connect" "User Commands"`,
    `.SH NAME\n${escaped(command)} \\- ${escaped(summary)}`,
    '.SH DESCRIPTION\n.nf',
    ...help.trimEnd().split('\n').map(escaped),
    '.fi',
    '.SH FILES\n.I /usr/lib/sota/conf.d, /etc/sota/conf.d\nConfiguration; a file of the second replaces one of the same name in the first.',
    '.br\n.I /var/sota\nState and keys.',
    ...(others === '' ? [] : [`.SH SEE ALSO\n${others}`]),
    '',
  ].join('\n');
}

function escaped(line: string): string {
  return line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&');
}
