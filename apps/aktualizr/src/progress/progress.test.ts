import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { createProgress, type ProgressReport } from './progress.ts';

function report(target: string, percent: number): ProgressReport {
  return { kind: 'DownloadProgressReport', target, percent };
}

/** What a person sees in the end: the last line of the terminal. */
function screen(columns = 80) {
  let line = '';
  const terminal = {
    isTTY: true,
    columns,
    write: (text: string) => {
      for (const part of text.split('\r\u001b[K').slice(1)) line = part;
      return true;
    },
  };
  return { terminal, line: () => line };
}

const SILENT = { log: () => assert.fail('a terminal gets no lines') };

describe('progress of a download', () => {
  it('is a bar on a terminal', () => {
    const { terminal, line } = screen();
    const progress = createProgress(terminal as never, SILENT);
    progress.report(report('app.bin', 42));
    assert.equal(line(), '[############..................]  42 % app.bin');
    progress.report(report('app.bin', 100));
    assert.equal(line(), '');
  });

  it('is one bar for images that are fetched at the same time', () => {
    const { terminal, line } = screen();
    const progress = createProgress(terminal as never, SILENT);
    progress.report(report('a', 10));
    progress.report(report('b', 50));
    assert.match(line(), / 30 % a, b$/);
    progress.report(report('b', 100));
    assert.match(line(), / 10 % a$/);
  });

  it('makes room for other lines and comes back', () => {
    const { terminal, line } = screen();
    const progress = createProgress(terminal as never, SILENT);
    progress.show();
    assert.equal(line(), '');
    progress.report(report('a', 10));
    progress.hide();
    assert.equal(line(), '');
    progress.show();
    assert.match(line(), / 10 % a$/);
  });

  it('stays on one line of a narrow terminal, whatever a target is called', () => {
    const { terminal, line } = screen(40);
    createProgress(terminal as never, SILENT).report(report(`\u001b[2J\n${'x'.repeat(300)}`, 1));
    assert.equal(line().length, 39);
    assert.doesNotMatch(line(), /\p{Cc}/u);
  });

  it('is a line now and then in a log', () => {
    const lines: string[] = [];
    let now = 0;
    const log = (_level: string, message: string) => void lines.push(message);
    const progress = createProgress({ isTTY: false } as never, { log }, () => now);
    for (let percent = 0; percent <= 100; percent += 1) {
      now += 500;
      progress.report(report('app.bin', percent));
    }
    assert.deepEqual(
      lines,
      [19, 39, 59, 79, 99].map((percent) => `Downloading app.bin: ${percent} %.`),
    );
  });
});
