// A form over settings: what was changed, whether it makes sense, what it would do, and applying it.
import { ApiError, get, patch, post } from '../../lib/api';
import { t } from '../../lib/i18n.svelte';
import type { Loaded } from '../../lib/load.svelte';
import * as drafts from '../../lib/settings/draft';
import type { Field } from '../../lib/settings/toml';
import { toast, toastError } from '../../lib/toast.svelte';
import type { BacktestAnswer, DetectorInfo, HostOverride, Setting, SettingsView } from '../../lib/types';

export class Editor {
  draft = $state.raw<drafts.Draft>(drafts.emptyDraft());
  busy = $state(false);
  testing = $state(false);
  /** What the server refused, and for which key. */
  refused = $state.raw<{ place: string | null; text: string } | null>(null);
  conflicts = $state.raw<drafts.Conflict[] | null>(null);
  tested = $state.raw<BacktestAnswer | null>(null);
  testFailed = $state.raw<Error | null>(null);

  constructor(
    private readonly view: Loaded<SettingsView>,
    private readonly pick: (view: SettingsView) => { settings: Setting[]; detectors: DetectorInfo[] },
  ) {}

  private get picked() {
    return this.view.data ? this.pick(this.view.data) : { settings: [], detectors: [] };
  }
  get settings(): Setting[] {
    return this.picked.settings;
  }
  get faults() {
    return drafts.faultsOf(this.settings, this.draft);
  }
  get change() {
    const { settings, detectors } = this.picked;
    return drafts.changeOf(settings, detectors, this.draft, this.view.data?.version ?? 0);
  }
  get dirty() {
    return !drafts.isEmpty(this.change);
  }
  get ready() {
    return this.dirty && Object.keys(this.faults).length === 0 && !this.busy;
  }

  set(key: string, field: Field | null) {
    this.draft = { ...this.draft, fields: { ...this.draft.fields, [key]: field } };
    this.forget();
  }
  setHosts(detector: string, hosts: HostOverride[]) {
    this.draft = { ...this.draft, hosts: { ...this.draft.hosts, [detector]: hosts } };
    this.forget();
  }
  discard() {
    this.draft = drafts.emptyDraft();
    this.forget();
    this.conflicts = null;
  }
  /** A test and a refusal are about what the draft was. */
  private forget() {
    this.tested = null;
    this.testFailed = null;
    this.refused = null;
  }

  async backTest(source: number, from: string) {
    this.testing = true;
    this.testFailed = null;
    try {
      const body = { change: this.change, source, from, to: 'now' };
      this.tested = await post<BacktestAnswer>('settings/back-test', body);
    } catch (error) {
      this.testFailed = error as Error;
    } finally {
      this.testing = false;
    }
  }

  async apply() {
    this.busy = true;
    this.refused = null;
    try {
      await patch('settings', this.change);
      toast(t('settings.applied'));
      this.discard();
      this.view.reload();
    } catch (error) {
      await this.failed(error);
    } finally {
      this.busy = false;
    }
  }

  private async failed(error: unknown) {
    if (!(error instanceof ApiError)) return toastError(error);
    if (error.is('conflict')) return this.compare();
    if (error.status === 400) {
      this.refused = { place: error.problem.place ?? null, text: error.message };
      return;
    }
    toastError(error);
  }

  /** Somebody else was faster: takes their settings as the base, and shows what collides. */
  private async compare() {
    const before = this.settings;
    const change = this.change;
    const next = await get<SettingsView>('settings');
    this.view.set(next);
    this.conflicts = drafts.conflictsOf(before, this.pick(next).settings, change);
    this.tested = null;
  }

  /** Of a conflict the other one's value is kept. */
  yield(key: string) {
    const { [key]: _gone, ...fields } = this.draft.fields;
    this.draft = { ...this.draft, fields };
    this.conflicts = this.conflicts?.filter((conflict) => conflict.key !== key) ?? null;
  }
}
