// Whether a new version works, by the integrator's own measure: a command, a systemd unit that has to be active, or both.
// What cannot be asked is not healthy. client-features W-39.
import type { Health } from '../../installing-ports.ts';
import { callProgram, firstLine, wordsOf } from '../process/call-program.ts';

/** A line for the shell: exit code 0 is good, the first line that it prints is the reason. */
export function commandHealth(command: string, timeoutMs: number): Health {
  return {
    async isGood(signal) {
      const end = await callProgram({ program: command, shell: true, timeoutMs, signal });
      return { good: end.code === 0, detail: wordsOf(end) };
    },
  };
}

export function systemdHealth(unit: string, timeoutMs: number): Health {
  return {
    async isGood(signal) {
      const end = await callProgram({
        program: 'systemctl',
        args: ['is-active', '--', unit],
        timeoutMs,
        signal,
      });
      const detail = firstLine(`${unit} is ${firstLine(end.stdout) || wordsOf(end)}`);
      return { good: end.code === 0, detail };
    },
  };
}

/** The first that is not good decides. */
export function bothHealthy(first: Health, second: Health): Health {
  return {
    async isGood(signal) {
      const found = await first.isGood(signal);
      return found.good ? second.isGood(signal) : found;
    },
  };
}
