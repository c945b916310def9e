/** A table, parsed far enough to find its sentences. */
export interface Table {
  /** Column names, or "1", "2" … if the file has no header. */
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  /** Index of the column that most likely holds the sentences. */
  likelyColumn: number;
}

/** Reads TSV, CSV (RFC 4180) or plain lines. */
export function parseTable(text: string, fileName: string): Table {
  const clean = text.replace(/^\uFEFF/, '');
  const isCsv = /\.csv$/i.test(fileName);
  const rows = isCsv ? parseCsv(clean) : clean.split(/\r?\n/).map((line) => line.split('\t'));
  const filled = rows.filter((row) => row.some((field) => field.trim() !== ''));
  const [first = []] = filled;
  const header = first.findIndex((name) => name.trim().toLowerCase() === 'sentence');
  const body = header >= 0 ? filled.slice(1) : filled;
  const width = Math.max(1, ...body.slice(0, 100).map((row) => row.length));
  const columns = Array.from(
    { length: width },
    (_, index) => (header >= 0 && first[index]) || String(index + 1),
  );
  return { columns, rows: body, likelyColumn: header >= 0 ? header : widest(body, width) };
}

/** Returns the column with the longest texts, because sentences are usually the longest. */
function widest(rows: readonly (readonly string[])[], width: number): number {
  const lengths = Array.from({ length: width }, (_, index) =>
    rows.slice(0, 100).reduce((sum, row) => sum + (row[index]?.length ?? 0), 0),
  );
  return lengths.indexOf(Math.max(...lengths));
}

function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  // Matches a field and its end. The field may be quoted, with doubled quote marks inside.
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;
  let row: string[] = [];
  while (field.lastIndex < text.length) {
    const found = field.exec(text);
    if (!found) throw new Error('This CSV file has a quotation mark that is never closed.');
    row.push(found[1] !== undefined ? found[1].replaceAll('""', '"') : found[2]!);
    if (found[3] === ',') {
      if (field.lastIndex === text.length) row.push('');
      else continue;
    }
    rows.push(row);
    row = [];
  }
  return rows;
}
