/** Values of settings as TOML writes them, and as a form shows them. */

import type { Setting } from '../types';

/** What a field of the form holds. */
export type Field = string | boolean | string[];

export type ValueFault =
  | { kind: 'empty' }
  | { kind: 'number' }
  | { kind: 'below'; least: number }
  | { kind: 'above'; most: number };

/** A TOML value as the form's field of its kind; text that cannot be read stays as it is. */
export function fieldOf(kind: Setting['kind'], toml: string): Field {
  const text = toml.trim();
  switch (kind) {
    case 'flag':
      return text === 'true';
    case 'number':
      return text.replaceAll('_', '');
    case 'text':
      return unquoted(text);
    case 'list':
      return itemsOf(text);
  }
}

/** The form's field as TOML. */
export function tomlOf(kind: Setting['kind'], field: Field): string {
  if (kind === 'flag') return String(field === true);
  if (kind === 'list') {
    const items = (Array.isArray(field) ? field : []).map((item) => item.trim());
    return `[${items.filter((item) => item !== '').map(quoted).join(', ')}]`;
  }
  return kind === 'number' ? String(field).trim() : quoted(String(field));
}

/** What is wrong with a field; `null` when nothing is. The server checks again. */
export function faultOf(setting: Pick<Setting, 'kind' | 'range'>, field: Field): ValueFault | null {
  if (setting.kind !== 'number') return null;
  const text = String(field).trim();
  if (text === '') return { kind: 'empty' };
  if (!/^[+-]?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)) return { kind: 'number' };
  const number = Number(text);
  if (setting.range && number < setting.range[0]) return { kind: 'below', least: setting.range[0] };
  if (setting.range && number > setting.range[1]) return { kind: 'above', most: setting.range[1] };
  return null;
}

/** True when two TOML values mean the same. */
export function same(kind: Setting['kind'], a: string, b: string): boolean {
  if (kind === 'number') return Number(a.replaceAll('_', '')) === Number(b.replaceAll('_', ''));
  return tomlOf(kind, fieldOf(kind, a)) === tomlOf(kind, fieldOf(kind, b));
}

const ESCAPES: Record<string, string> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A basic string of TOML. */
export function quoted(text: string): string {
  const inner = [...text].map((char) => ESCAPES[char] ?? control(char)).join('');
  return `"${inner}"`;
}

function control(char: string): string {
  const code = char.codePointAt(0)!;
  return code < 0x20 || code === 0x7f ? `\\u${code.toString(16).padStart(4, '0')}` : char;
}

function unquoted(text: string): string {
  if (/^'.*'$/s.test(text)) return text.slice(1, -1);
  if (!/^".*"$/s.test(text)) return text;
  return text.slice(1, -1).replace(/\\(u[0-9a-f]{4}|U[0-9a-f]{8}|.)/gi, (_, code: string) => {
    if (/^u/i.test(code) && code.length > 1) return String.fromCodePoint(parseInt(code.slice(1), 16));
    const known: Record<string, string> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };
    return known[code] ?? code;
  });
}

/** The strings of an array; anything that is no string comes as it is written. */
function itemsOf(text: string): string[] {
  if (!text.startsWith('[') || !text.endsWith(']')) return text === '' ? [] : [unquoted(text)];
  const items = text.slice(1, -1).match(/"(?:[^"\\]|\\.)*"|'[^']*'|[^\s,]+/g);
  return (items ?? []).map(unquoted);
}
