/** What is wrong with a list, line by line. */

import type { Problem } from '../api';

export interface LineFault {
  /** From 1; `null` when it is about the whole. */
  line: number | null;
  text: string;
}

const PLACE = /\blines?\s+(\d+)\b(?:\s*,?\s*(?:column\s+\d+)?)?\s*:?\s*/i;

/** `line 12: no such severity` as its line and its words. */
export function lineOf(text: string): LineFault {
  const match = PLACE.exec(text);
  if (!match) return { line: null, text };
  const rest = text.slice(match.index + match[0].length).trim();
  const words = match.index === 0 && rest !== '' ? rest : text;
  return { line: Number(match[1]), text: words };
}

/** A refusal: where it points at a line, there; else as a whole. */
export function faultsOf(problem: Problem): LineFault[] {
  const text = problem.detail || problem.title;
  const place = problem.place ? lineOf(problem.place).line : null;
  const own = lineOf(text);
  const first: LineFault = { line: place ?? own.line, text: own.line === null ? text : own.text };
  const further = (problem.errors ?? []).map(({ field, message }) => ({
    line: lineOf(field).line ?? lineOf(message).line,
    text: lineOf(message).text,
  }));
  return further.length > 0 ? further : [first];
}

/** What was skipped in a list that was taken. */
export function problemsOf(problems: string[]): LineFault[] {
  return problems.map(lineOf);
}

/** Lines with a fault, for the gutter. */
export function faultLines(faults: LineFault[]): Set<number> {
  return new Set(faults.flatMap(({ line }) => (line === null ? [] : [line])));
}

/** First character of a line and the one behind its last, to select it. */
export function lineSpan(text: string, line: number): [number, number] {
  let start = 0;
  for (let nth = 1; nth < line; nth += 1) {
    const end = text.indexOf('\n', start);
    if (end < 0) return [text.length, text.length];
    start = end + 1;
  }
  const end = text.indexOf('\n', start);
  return [start, end < 0 ? text.length : end];
}

/** Number of lines of a text, the last one without an end included. */
export function lineCount(text: string): number {
  return text.split('\n').length;
}
