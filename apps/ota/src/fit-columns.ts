// Makes a table as narrow as the terminal: columns of prose are wrapped between words. Ids, hashes and times stay whole,
// because people copy them; a table of those alone may stay wider than the terminal.

export const COLUMN_GAP = 2;

/** Narrower prose is harder to read than a line that the terminal wraps. */
const NARROWEST_PROSE = 24;

/** The rows with line breaks in their cells; the first row is the head and is not wrapped. */
export function fitColumns(rows: readonly (readonly string[])[], columns: number): string[][] {
  const [head = [], ...body] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isProse = head.map((_, column) => body.some((row) => row[column]?.includes(' ') === true));
  const least = head.map((title) => Math.max(NARROWEST_PROSE, title.length));
  let excess = widths.reduce((sum, width) => sum + width + COLUMN_GAP, -COLUMN_GAP) - columns;
  while (excess > 0) {
    const spare = widths.map((width, column) =>
      isProse[column] === true ? width - (least[column] ?? 0) : 0,
    );
    const widest = spare.indexOf(Math.max(...spare));
    const given = Math.min(excess, spare[widest] ?? 0);
    if (given <= 0) break;
    widths[widest] = (widths[widest] ?? 0) - given;
    excess -= given;
  }
  return [[...head], ...body.map((row) => row.map((cell, column) => wrap(cell, widths[column] ?? 0)))];
}

/** A word that is longer than the width stays whole. */
function wrap(text: string, width: number): string {
  if (text.length <= width) return text;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}
