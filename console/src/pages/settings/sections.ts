// The sections of the settings. Each is loaded when it is first opened.
import type { Component } from 'svelte';
import type { IconName } from '../../lib/icons';
import type { Key } from '../../lib/i18n.svelte';
import type { Role } from '../../lib/types';

export interface Section {
  id: string;
  title: Key;
  about: Key;
  icon: IconName;
  /** Who may see it at all. */
  role: Role;
  load: () => Promise<{ default: Component<{ rest: string }> | Component }>;
}

const section = (id: string, icon: IconName, load: Section['load'], role: Role = 'viewer'): Section => ({
  id,
  title: `settings.${id}` as Key,
  about: `settings.${id}.about` as Key,
  icon,
  role,
  load,
});

export const SECTIONS: readonly Section[] = [
  section('detectors', 'alerts', () => import('./detectors/Detectors.svelte')),
  section('keywords', 'search', () => import('./lists/Keywords.svelte')),
  section('threats', 'lock', () => import('./lists/Threats.svelte')),
  section('suppressions', 'mute', () => import('./Suppressions.svelte')),
  section('capture', 'flows', () => import('./capture/Capture.svelte')),
  section('retention', 'clock', () => import('./Retention.svelte')),
  section('general', 'settings', () => import('./General.svelte')),
  section('users', 'user', () => import('./access/Users.svelte'), 'admin'),
  section('tokens', 'tag', () => import('./access/Tokens.svelte')),
  section('audit', 'reports', () => import('./access/Audit.svelte'), 'admin'),
  section('account', 'user', () => import('./access/Account.svelte')),
  section('about', 'info', () => import('./About.svelte')),
];
