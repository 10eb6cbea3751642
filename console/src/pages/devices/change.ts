// Changes to a device, with a way back.
import { patch } from '../../lib/api';
import { t } from '../../lib/i18n.svelte';
import { toast, toastError } from '../../lib/toast.svelte';
import type { Device, DeviceChange } from '../../lib/types';

/** Keeps a change; null when the program refused (it has been said). */
export async function change(device: Device, to: DeviceChange): Promise<Device | null> {
  try {
    return await patch<Device>(`devices/${encodeURIComponent(device.id)}`, to, { source: device.source });
  } catch (error) {
    toastError(error);
    return null;
  }
}

/** Confirms or ignores a device, and offers to take it back. `done` gets what is kept. */
export async function setStatus(device: Device, status: Device['status'], done: (device: Device) => void) {
  const before = device.status;
  const kept = await change(device, { status });
  if (!kept) return;
  done({ ...device, ...kept, open_alerts: kept.open_alerts ?? device.open_alerts });
  toast(t(`devices.done.${status}`, { name: device.label }), {
    action: {
      label: t('action.undo'),
      run: () => void change(device, { status: before }).then((back) => back && done({ ...device, ...back })),
    },
  });
}
