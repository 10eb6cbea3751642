// What `conn_state` and the letters of `history` mean: keys of texts. Pure.

export const STATES = ['S0', 'S1', 'SF', 'REJ', 'S2', 'S3', 'RSTO', 'RSTR', 'RSTOS0', 'RSTRH', 'SH', 'SHR', 'OTH'] as const;
export type StateName = (typeof STATES)[number];
export const isState = (text: string): text is StateName => (STATES as readonly string[]).includes(text);

export const LETTERS = ['s', 'h', 'a', 'd', 'f', 'r', 'i', 'q', 't', 'w', 'g'] as const;
export type Letter = (typeof LETTERS)[number];

export interface HistoryStep {
  /** As it stands in the record. */
  sign: string;
  letter: Letter | '^' | null;
  /** Capitals are of the originator. */
  originator: boolean;
}

/** The letters of a history in order. */
export function steps(history: string): HistoryStep[] {
  return [...history].map((sign) => {
    const lower = sign.toLowerCase() as Letter;
    const letter = sign === '^' ? '^' : LETTERS.includes(lower) ? lower : null;
    return { sign, letter, originator: sign !== lower };
  });
}

/** How grave a state looks: a connection that worked, one that did not, or neither. */
export function mood(state: string): 'good' | 'bad' | 'plain' {
  if (state === 'SF' || state === 'S1') return 'good';
  return ['S0', 'REJ', 'RSTO', 'RSTR', 'RSTOS0', 'RSTRH', 'SH'].includes(state) ? 'bad' : 'plain';
}
