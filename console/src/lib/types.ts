/** What the API answers and takes: `docs/output.md`, `crates/web/src/control.rs` and the routes. */

export type * from './types/base';
export type * from './types/access';
export type * from './types/state';
export type * from './types/traffic';
export type * from './types/devices';
export type * from './types/alerts';
export type * from './types/settings';
export type * from './types/report';
export type * from './types/models';
export type * from './types/events';
