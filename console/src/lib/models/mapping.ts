// Which column of a file is which field of a schema. Pure.
import type { ModelSchema, TrainingFile } from '../types';

export interface MappedField {
  name: string;
  summary: string;
  /** A file may lack it. */
  optional: boolean;
  /** It says what a record is: an attack or not. */
  label: boolean;
}

/** The schema without fields of its own: any table, whose columns are the features. */
export const OWN = 'mapped';
/** Entries of its mapping that are no features: the column of the label, the word for normal. */
export const LABEL = 'label';
export const NORMAL = 'normal';

/** The fields that columns are given to, the label last. */
export function fieldsOf(schema: ModelSchema, file: TrainingFile | null): MappedField[] {
  if (schema.id === OWN) {
    const feature = (name: string) => ({ name, summary: '', optional: true, label: false });
    const label = { name: LABEL, summary: '', optional: false, label: true };
    const known = file?.guess.schema === OWN ? Object.keys(file.guess.mapping) : (file?.columns ?? []);
    return [...known.filter((name) => name !== LABEL && name !== NORMAL).map(feature), label];
  }
  const fields = schema.columns.map((column) => ({
    name: column.name,
    summary: column.summary,
    optional: column.optional ?? false,
    label: false,
  }));
  const known = new Set(fields.map((field) => field.name));
  const guessed = file && file.guess.schema === schema.id ? Object.keys(file.guess.mapping) : [];
  const labels = [...new Set([...(schema.labels ?? []), ...guessed])].filter((name) => !known.has(name));
  return [...fields, ...labels.map((name, nth) => ({ name, summary: '', optional: nth > 0, label: true }))];
}

/** Letters and digits alone, so that `Src IP` is `src_ip`. */
const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '');

/** The mapping to begin with: what the program guessed, then equal names. */
export function firstMapping(schema: ModelSchema, file: TrainingFile): Record<string, string> {
  const mapping: Record<string, string> = {};
  const taken = new Set<string>();
  for (const { name } of fieldsOf(schema, file)) {
    const guessed = file.guess.mapping[name];
    const column = guessed && file.columns.includes(guessed) ? guessed : file.columns.find((one) => plain(one) === plain(name));
    if (!column || taken.has(column)) continue;
    taken.add(column);
    mapping[name] = column;
  }
  return mapping;
}

/** Fields that have no column yet but need one, and columns that two fields share. */
export function gapsOf(fields: readonly MappedField[], mapping: Record<string, string>): { missing: string[]; twice: string[] } {
  const missing = fields.filter((field) => !field.optional && !mapping[field.name]).map((field) => field.name);
  const used = Object.values(mapping).filter(Boolean);
  const twice = [...new Set(used.filter((column, nth) => used.indexOf(column) !== nth))];
  return { missing, twice };
}
