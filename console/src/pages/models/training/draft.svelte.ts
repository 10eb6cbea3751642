// What is to be trained, as far as it has been chosen.
import { fieldsOf, firstMapping, gapsOf, NORMAL, OWN } from '../../../lib/models/mapping';
import type { Algorithm, ModelSchema, TrainingFile, TrainRequest } from '../../../lib/types';

/** Whose vectors labelled flows are. */
export const FLOW_SCHEMA = 'flow';
const SEED = 1;

export class Draft {
  from = $state<'file' | 'labels'>('file');
  file = $state.raw<TrainingFile | null>(null);
  schema = $state.raw<ModelSchema | null>(null);
  mapping = $state.raw<Record<string, string>>({});
  algorithm = $state<Algorithm>('auto');
  /** In percent, as it is typed. */
  fprText = $state('3');
  /** The word for normal traffic in the column of the label; empty: the program guesses. */
  normal = $state('');
  private touched = $state(false);

  /** Takes a file, with the kind of records that the program sees in it. */
  take(file: TrainingFile | null, schemas: readonly ModelSchema[]) {
    this.file = file;
    this.choose(file && (schemas.find((one) => one.id === file.guess.schema) ?? null));
  }

  choose(schema: ModelSchema | null) {
    this.schema = schema;
    this.touched = false;
    this.mapping = schema && this.file ? firstMapping(schema, this.file) : {};
    this.normal = (this.own && this.file?.guess.mapping[NORMAL]) || '';
  }

  give(field: string, column: string) {
    this.touched = true;
    const { [field]: _before, ...rest } = this.mapping;
    this.mapping = column ? { ...rest, [field]: column } : rest;
  }

  /** Calls this word of the label normal. */
  call(normal: string) {
    this.touched = true;
    this.normal = normal;
  }

  get own(): boolean {
    return this.schema?.id === OWN;
  }
  get fields() {
    return this.schema ? fieldsOf(this.schema, this.file) : [];
  }
  /** The file is of this kind as it is: the program needs no mapping. */
  get fits(): boolean {
    return !this.touched && this.schema !== null && this.file?.guess.schema === this.schema.id;
  }
  get gaps() {
    return this.fits ? { missing: [], twice: [] } : gapsOf(this.fields, this.mapping);
  }
  /** Share of normal records; null when what is typed is none. */
  get fpr(): number | null {
    const text = this.fprText.trim().replace(',', '.');
    const share = Number(text) / 100;
    return /^\d+(\.\d+)?$/.test(text) && share > 0 && share < 1 ? share : null;
  }
  get ready(): boolean {
    if (this.fpr === null) return false;
    if (this.from === 'labels') return true;
    return this.file !== null && this.schema !== null && this.gaps.missing.length === 0 && this.gaps.twice.length === 0;
  }

  request(): TrainRequest {
    const how = { algorithm: this.algorithm, fpr: this.fpr ?? 0.03, seed: SEED };
    if (this.from === 'labels') return { upload: null, labels: true, schema: FLOW_SCHEMA, ...how };
    const normal = this.normal.trim();
    const whole = this.own && normal ? { ...this.mapping, [NORMAL]: normal } : this.mapping;
    const mapping = this.fits ? undefined : whole;
    return { upload: this.file?.id ?? null, labels: false, schema: this.schema?.id ?? '', mapping, ...how };
  }
}
