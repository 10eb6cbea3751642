import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../load.js';

const { silenceOf } = await load('lib/capture.ts');
const port = (state, problem = null) => ({ name: 'eth0', state, problem, received: 0, dropped: 0, interface_dropped: 0, drop_rate: 0 });
const status = (interfaces, problems = []) => ({ interfaces, problems });
const REFUSED =
  'capturing on eth0 needs the capability CAP_NET_RAW, which this process does not have; grant it with: ' +
  'sudo setcap cap_net_raw,cap_net_admin=eip /usr/local/bin/anomalyzer (in a systemd unit: AmbientCapabilities=CAP_NET_RAW; once: start it with sudo)';

test('a missing right is named, with the line that grants it', () => {
  const found = silenceOf(status([port('not-permitted', REFUSED)]), true);
  assert.equal(found.kind, 'not-permitted');
  assert.equal(found.port, 'eth0');
  assert.equal(found.right, 'CAP_NET_RAW');
  assert.equal(found.line, 'sudo setcap cap_net_raw,cap_net_admin=eip /usr/local/bin/anomalyzer');
});

test('words that are not known lead to the doctor', () => {
  const found = silenceOf(status([], [{ id: 'not_permitted', level: 'error', text: 'no' }]), true);
  assert.deepEqual([found.kind, found.line, found.text], ['not-permitted', 'anomalyzer doctor', 'no']);
});

test('other reasons, and none', () => {
  const check = (interfaces, expected) => assert.equal(silenceOf(status(interfaces), true)?.kind ?? null, expected);
  check([port('down', 'it is down')], 'broken');
  check([], 'unwatched');
  check([port('watching')], null);
  check([port('watching'), port('not-permitted', REFUSED)], null);
  assert.equal(silenceOf(status([]), false), null, 'a replay has no interfaces');
  assert.equal(silenceOf(null, true), null);
});
