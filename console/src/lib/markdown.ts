/**
 * The part of Markdown that pages of detectors use, as a tree that components make elements of.
 * Nothing of it ever becomes HTML text: what is not understood stays what it is, words.
 */

export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'code'; text: string }
  | { kind: 'strong'; text: string }
  | { kind: 'em'; text: string };

export type Block =
  | { kind: 'heading'; level: number; inline: Inline[] }
  | { kind: 'paragraph'; inline: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'code'; text: string };

/** Most characters that are read; pages have a few thousand. */
export const CHARACTERS_MAX = 100_000;

const ITEM = /^\s{0,3}(?:[-*+]|(\d{1,3})[.)])\s+(.*)$/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;

export function blocksOf(text: string): Block[] {
  const lines = text.slice(0, CHARACTERS_MAX).replaceAll('\r\n', '\n').split('\n');
  const blocks: Block[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at]!;
    if (line.trim() === '') at += 1;
    else if (line.startsWith('```')) at = fenced(lines, at, blocks);
    else if (HEADING.test(line)) at = heading(line, at, blocks);
    else if (ITEM.test(line)) at = list(lines, at, blocks);
    else at = paragraph(lines, at, blocks);
  }
  return blocks;
}

function heading(line: string, at: number, blocks: Block[]): number {
  const [, marks = '#', words = ''] = HEADING.exec(line) ?? [];
  blocks.push({ kind: 'heading', level: marks.length, inline: inlineOf(words) });
  return at + 1;
}

function fenced(lines: string[], at: number, blocks: Block[]): number {
  let end = at + 1;
  while (end < lines.length && !lines[end]!.startsWith('```')) end += 1;
  blocks.push({ kind: 'code', text: lines.slice(at + 1, end).join('\n') });
  return end + 1;
}

function list(lines: string[], at: number, blocks: Block[]): number {
  const ordered = ITEM.exec(lines[at]!)?.[1] !== undefined;
  const items: string[] = [];
  while (at < lines.length) {
    const line = lines[at]!;
    const item = ITEM.exec(line);
    if (item) items.push(item[2]!);
    else if (line.trim() !== '' && items.length > 0 && !starts(line)) items.push(`${items.pop()} ${line.trim()}`);
    else break;
    at += 1;
  }
  blocks.push({ kind: 'list', ordered, items: items.map(inlineOf) });
  return at;
}

function paragraph(lines: string[], at: number, blocks: Block[]): number {
  const words: string[] = [];
  while (at < lines.length && lines[at]!.trim() !== '' && (words.length === 0 || !starts(lines[at]!))) {
    words.push(lines[at]!.trim());
    at += 1;
  }
  blocks.push({ kind: 'paragraph', inline: inlineOf(words.join(' ')) });
  return at;
}

/** True when the line begins a block of its own. */
function starts(line: string): boolean {
  return line.startsWith('```') || HEADING.test(line) || ITEM.test(line);
}

const MARKS = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]*)\]\(([^)\s]*)\)/g;

/** Runs of a line. Links are shown as their words with the address behind them. */
export function inlineOf(text: string): Inline[] {
  const runs: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(MARKS)) {
    if (match.index > end) runs.push({ kind: 'text', text: text.slice(end, match.index) });
    runs.push(markOf(match));
    end = match.index + match[0].length;
  }
  if (end < text.length) runs.push({ kind: 'text', text: text.slice(end) });
  return runs;
}

function markOf(match: RegExpMatchArray): Inline {
  const [, code, strong, em, words, address] = match;
  if (code !== undefined) return { kind: 'code', text: code };
  if (strong !== undefined) return { kind: 'strong', text: strong };
  if (em !== undefined) return { kind: 'em', text: em };
  return { kind: 'text', text: address ? `${words} (${address})` : (words ?? '') };
}
