// Which page belongs to which path. Each page is loaded when it is first opened.
import type { Component } from 'svelte';
import type { IconName } from './lib/icons';
import type { Key } from './lib/i18n.svelte';

export interface Route {
  /** First part of the path. */
  path: string;
  title: Key;
  icon: IconName;
  /** The time range at the top holds for this page. */
  ranged: boolean;
  load: () => Promise<{ default: Component }>;
}

export const ROUTES: readonly Route[] = [
  { path: '/', title: 'nav.overview', icon: 'overview', ranged: false, load: () => import('./pages/overview/Overview.svelte') },
  { path: '/alerts', title: 'nav.alerts', icon: 'alerts', ranged: false, load: () => import('./pages/alerts/Alerts.svelte') },
  { path: '/traffic', title: 'nav.traffic', icon: 'traffic', ranged: true, load: () => import('./pages/traffic/Traffic.svelte') },
  { path: '/flows', title: 'nav.flows', icon: 'flows', ranged: true, load: () => import('./pages/flows/Flows.svelte') },
  { path: '/devices', title: 'nav.devices', icon: 'devices', ranged: false, load: () => import('./pages/devices/Devices.svelte') },
  { path: '/models', title: 'nav.models', icon: 'models', ranged: false, load: () => import('./pages/models/Models.svelte') },
  { path: '/reports', title: 'nav.reports', icon: 'reports', ranged: true, load: () => import('./pages/reports/Reports.svelte') },
  { path: '/settings', title: 'nav.settings', icon: 'settings', ranged: false, load: () => import('./pages/settings/Settings.svelte') },
];

/** The route of a path: `/devices/mac:…` belongs to `/devices`. */
export function routeOf(path: string): Route | null {
  const first = `/${path.split('/')[1] ?? ''}`;
  return ROUTES.find((route) => route.path === first) ?? null;
}

/** What follows the first part: `detectors/port-scan` of `/settings/detectors/port-scan`. */
export const restOf = (path: string) => path.split('/').slice(2).map(decodeURIComponent).join('/');
