/** Models: the registry, training, predictions, labels. */

import type { Time } from './base';

export interface Metrics {
  /** Records that were judged. */
  rows: number;
  accuracy: number;
  balanced_accuracy?: number;
  precision: number;
  recall: number;
  f1: number;
  /** Share of normal records that were taken for attacks. */
  fpr: number;
  roc_auc: number;
  pr_auc: number;
  confusion: { tp: number; fp: number; tn: number; fn: number };
  /** False-positive rate, recall. */
  roc: [number, number][];
  /** Recall, precision. */
  pr: [number, number][];
  kinds: { kind: string; rows: number; found: number }[];
}

export interface Model {
  id: string;
  schema: string;
  kind: 'gbdt' | 'forest' | 'isolation' | string;
  origin: 'built-in' | 'trained' | 'imported' | 'site' | string;
  created: Time;
  /** Records that it was trained on. */
  rows: number;
  /** SHA-256 of the training data. */
  digest: string;
  state: 'candidate' | 'active' | 'former' | string;
  /** Probability from which a record is anomalous. */
  threshold: number;
  metrics: Metrics | null;
  /** Markdown. */
  card: string;
}

export interface SchemaColumn {
  name: string;
  kind: 'number' | 'category' | 'address';
  choices: string[] | null;
  unit: string;
  min: number | null;
  max: number | null;
  optional?: boolean;
  summary: string;
}

export interface ModelSchema {
  id: string;
  title: string;
  summary?: string;
  columns: SchemaColumn[];
  /** Columns of a file that hold the label. */
  labels?: string[];
}

/** A row that could not be read. */
export interface RowFault {
  line: number;
  column: string | null;
  why: string;
}

/** A file of records, as far as it was looked at. */
export interface TrainingFile {
  id: string;
  name: string;
  bytes: number;
  columns: string[];
  /** The first rows. */
  preview: string[][];
  guess: { schema: string | null; mapping: Record<string, string> };
  faults: RowFault[];
  rows: number;
}

export type Algorithm = 'auto' | 'gbdt' | 'forest';

export interface TrainRequest {
  upload: string | null;
  labels: boolean;
  schema: string;
  mapping?: Record<string, string>;
  algorithm: Algorithm;
  fpr: number;
  seed: number;
}

export interface Job {
  id: string;
  state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
  stage: string;
  done: number;
  of: number;
  schema: string;
  /** The model that came of it. */
  model: string | null;
  problem: string | null;
  started: Time | null;
  ended: Time | null;
  faults: RowFault[];
  faults_total: number;
}

export interface Comparison {
  held_out_rows: number;
  candidate: Metrics;
  active: Metrics | null;
  better: boolean;
  /** In words. */
  text: string;
}

export interface Reason {
  feature: string;
  value: string | number | null;
  /** Above 0 towards an attack, below 0 towards normal. */
  weight: number;
  text: string;
}

export interface Prediction {
  result: string;
  is_anomaly: boolean;
  score: number;
  probability: number;
  threshold: number;
  model: string;
  reasons: Reason[];
  submitted: Record<string, string | number>;
  at: Time;
}

export interface LabelCounts {
  attack: number;
  normal: number;
}
