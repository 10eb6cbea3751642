// German. One file for each part of the console, as in English.
import { alerts } from './de/alerts';
import { chart } from './de/chart';
import { devices } from './de/devices';
import { flows } from './de/flows';
import { frame } from './de/frame';
import { models } from './de/models';
import { overview } from './de/overview';
import { reports } from './de/reports';
import { settings } from './de/settings';
import { traffic } from './de/traffic';

export default {
  ...frame,
  ...chart,
  ...overview,
  ...traffic,
  ...flows,
  ...devices,
  ...alerts,
  ...settings,
  ...reports,
  ...models,
};
