// The filter language as the input needs it: which word the cursor is in, what fits there, how a
// cell becomes a term. What a filter means, the program decides. Pure.
import type { Flow, FlowField } from '../types';

export interface Word {
  start: number;
  end: number;
  text: string;
}

/** The word around a cursor: quotes keep blanks together. */
export function wordAt(text: string, cursor: number): Word {
  for (const word of words(text)) {
    if (cursor >= word.start && cursor <= word.end) return word;
  }
  return { start: cursor, end: cursor, text: '' };
}

/** Words of a filter with their places; brackets stand alone. */
export function words(text: string): Word[] {
  const found: Word[] = [];
  const pattern = /[()]|(?:"(?:\\.|[^"\\])*"?|[^\s()"])+/g;
  for (const match of text.matchAll(pattern)) {
    found.push({ start: match.index, end: match.index + match[0].length, text: match[0] });
  }
  return found;
}

export interface Completion {
  /** Replaces the word. */
  text: string;
  label: string;
  note: string;
  /** The word goes on: the cursor stays at its end. */
  open: boolean;
}

const MOST = 12;

/** What may stand where `word` is. */
export function completions(word: string, fields: readonly FlowField[]): Completion[] {
  const split = /^([\w.]+)([:<>=]+)(.*)$/.exec(word);
  if (split) {
    const [, name = '', sign = '', value = ''] = split;
    const field = fields.find((one) => one.field === name);
    const fits = (field?.values ?? []).filter((one) => one.toLowerCase().startsWith(value.toLowerCase()) && one !== value);
    return fits.slice(0, MOST).map((one) => ({ text: `${name}${sign}${one}`, label: one, note: '', open: false }));
  }
  const lower = word.toLowerCase();
  const starts = fields.filter((one) => one.field.startsWith(lower));
  const holds = lower.length > 1 ? fields.filter((one) => !starts.includes(one) && one.summary.toLowerCase().includes(lower)) : [];
  return [...starts, ...holds].slice(0, MOST).map((one) => ({
    text: /[<>]/.test(one.example) ? one.field : `${one.field}:`,
    label: one.example,
    note: one.summary,
    open: true,
  }));
}

/** A value as it must be written: in quotes where it needs them. */
export const quoted = (value: string) =>
  /^[\w.:/*@+-]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, (sign) => `\\${sign}`)}"`;

/** The term of a cell; null where the language has none. */
export function termOf(column: string, flow: Flow): string | null {
  switch (column) {
    case 'src':
      return `src:${flow.src}`;
    case 'dst':
      return `dst:${flow.dst}`;
    case 'sport':
      return `sport:${flow.src_port}`;
    case 'dport':
      return `dport:${flow.dst_port}`;
    case 'proto':
      return `proto:${quoted(flow.proto)}`;
    case 'app':
      return flow.app ? `app:${quoted(flow.app)}` : null;
    case 'state':
      return `state:${flow.conn_state}`;
    case 'bytes':
      return `bytes>=${flow.orig.bytes + flow.resp.bytes}`;
    case 'packets':
      return `packets>=${flow.orig.packets + flow.resp.packets}`;
    case 'name': {
      const name = nameOf(flow);
      return name ? `name:${quoted(name)}` : null;
    }
    default:
      return null;
  }
}

/** The best name of what was spoken to. */
export const nameOf = (flow: Flow): string =>
  flow.sni || flow.http_host || flow.dns_query || flow.resolved || '';

/** Adds a term, or its opposite, unless it is there already. */
export function withTerm(filter: string, term: string, exclude = false): string {
  const added = exclude ? `not ${term}` : term;
  const rest = filter.trim();
  if (!exclude && words(rest).some((word) => word.text === term)) return rest;
  if (rest.includes(added)) return rest;
  return rest ? `${/\bor\b/.test(rest) && !rest.startsWith('(') ? `(${rest})` : rest} ${added}` : added;
}

/** Terms that stand side by side, for chips; null when the filter is more than that. */
export function chips(filter: string): string[] | null {
  const list: string[] = [];
  const all = words(filter);
  for (let i = 0; i < all.length; i++) {
    const text = all[i]?.text ?? '';
    if (text === '(' || text === ')' || text === 'or' || text === '|' || text === '||') return null;
    if (text === 'and') continue;
    if (text === 'not') {
      i += 1;
      const next = all[i]?.text;
      if (!next || next === '(') return null;
      list.push(`not ${next}`);
    } else list.push(text);
  }
  return list;
}

/** Byte offsets of an error as offsets into the text. */
export function charRange(text: string, start: number, end: number): [number, number] {
  const bytes = new TextEncoder().encode(text);
  const at = (offset: number) => new TextDecoder().decode(bytes.slice(0, offset)).length;
  return [at(start), Math.max(at(end), at(start) + 1)];
}
