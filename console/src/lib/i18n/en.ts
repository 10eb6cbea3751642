// English. One file for each part of the console; keys begin with the part's name.
import { alerts } from './en/alerts';
import { chart } from './en/chart';
import { devices } from './en/devices';
import { flows } from './en/flows';
import { frame } from './en/frame';
import { models } from './en/models';
import { overview } from './en/overview';
import { reports } from './en/reports';
import { settings } from './en/settings';
import { traffic } from './en/traffic';

export const en = {
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
export type Key = keyof typeof en;

export default en;
