// The form that asks a model about one record: its fields, what may stand in them, examples. Pure.
// The program checks everything again; this only says it sooner, beside the field.
import type { Key } from '../i18n.svelte';

export type FieldName =
  | 'source_ip'
  | 'destination_ip'
  | 'protocol'
  | 'packet_size'
  | 'bytes_sent'
  | 'bytes_received'
  | 'flag';
export type FormValues = Record<FieldName, string>;

export interface FormField {
  name: FieldName;
  kind: 'address' | 'choice' | 'number';
  choices?: readonly string[];
  /** Least and most of a number. */
  max?: number;
  placeholder?: string;
}

const BYTES_MAX = 1e18;
export const FIELDS: readonly FormField[] = [
  { name: 'source_ip', kind: 'address', placeholder: '192.168.1.10' },
  { name: 'destination_ip', kind: 'address', placeholder: '203.0.113.5' },
  { name: 'protocol', kind: 'choice', choices: ['TCP', 'UDP', 'ICMP'] },
  { name: 'packet_size', kind: 'number', max: 65_535 },
  { name: 'bytes_sent', kind: 'number', max: BYTES_MAX },
  { name: 'bytes_received', kind: 'number', max: BYTES_MAX },
  { name: 'flag', kind: 'choice', choices: ['SYN', 'ACK', 'RST', 'FIN'] },
];

export const EMPTY: FormValues = {
  source_ip: '',
  destination_ip: '',
  protocol: '',
  packet_size: '',
  bytes_sent: '',
  bytes_received: '',
  flag: '',
};

/** Records to try: one as a workplace makes them, one of a flood. */
export const EXAMPLES: readonly FormValues[] = [
  {
    source_ip: '192.168.1.10',
    destination_ip: '203.0.113.80',
    protocol: 'TCP',
    packet_size: '1024',
    bytes_sent: '4200',
    bytes_received: '86000',
    flag: 'ACK',
  },
  {
    source_ip: '203.0.113.77',
    destination_ip: '192.168.1.5',
    protocol: 'TCP',
    packet_size: '60',
    bytes_sent: '60',
    bytes_received: '0',
    flag: 'SYN',
  },
];

/** Only TCP has flags: with the others the field may stay empty. */
export const needsFlag = (values: FormValues) => values.protocol !== 'UDP' && values.protocol !== 'ICMP';

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255);
}

function isIpv6(text: string): boolean {
  if (!/^[\da-f:.]+$/i.test(text) || !text.includes(':')) return false;
  try {
    return new URL(`http://[${text}]/`).hostname.startsWith('[');
  } catch {
    return false;
  }
}

export const isAddress = (text: string) => isIpv4(text) || isIpv6(text);

/** What is wrong with the fields, by the key of its words; nothing when all is well. */
export function faultsOf(values: FormValues): Partial<Record<FieldName, Key>> {
  const faults: Partial<Record<FieldName, Key>> = {};
  for (const field of FIELDS) {
    const fault = faultOf(field, values[field.name].trim(), values);
    if (fault) faults[field.name] = fault;
  }
  return faults;
}

function faultOf(field: FormField, text: string, values: FormValues): Key | null {
  if (text === '') {
    if (field.name === 'flag' && !needsFlag(values)) return null;
    return `models.fault.missing-${field.kind}`;
  }
  if (field.kind === 'address') return isAddress(text) ? null : 'models.fault.address';
  if (field.kind === 'choice') return field.choices?.includes(text) ? null : 'models.fault.missing-choice';
  if (!/^[+-]?\d+(\.\d+)?$/.test(text)) return 'models.fault.number';
  const value = Number(text);
  if (value < 0) return 'models.fault.negative';
  if (!Number.isInteger(value)) return 'models.fault.whole';
  return value > (field.max ?? Infinity) ? 'models.fault.large' : null;
}

/** The record as it is sent: without what is empty, without blanks around. */
export function recordOf(values: FormValues): Record<string, string> {
  const filled = FIELDS.map(({ name }) => [name, values[name].trim()] as const);
  return Object.fromEntries(filled.filter(([, text]) => text !== ''));
}

/** The form's values of a record that was sent before. */
export function valuesOf(submitted: Record<string, string | number>): FormValues {
  const text = (name: FieldName) => (submitted[name] === undefined || submitted[name] === null ? '' : String(submitted[name]));
  return Object.fromEntries(FIELDS.map(({ name }) => [name, text(name)])) as FormValues;
}
