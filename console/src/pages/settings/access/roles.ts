import type { Role } from '../../../lib/types';

/** From the least to the most rights. */
export const ROLES: readonly Role[] = ['viewer', 'analyst', 'admin'];
