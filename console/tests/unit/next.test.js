import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../load.js';

const { safeNext } = await load('lib/next.ts');

test('the wanted page keeps its source and filters', () => {
  const check = (wanted, expected) => assert.equal(safeNext(wanted), expected, wanted);
  check('/alerts?source=3&item=ab', '/alerts?source=3&item=ab');
  check('/', '/');
  check('/settings/detectors/port-scan', '/settings/detectors/port-scan');
});

test('nothing leads elsewhere', () => {
  for (const wanted of [null, '', 'alerts', 'https://evil.example/', '//evil.example/', '/\\evil.example/', '/.//evil.example', 'javascript:alert(1)', '/login', '/link', '/api/v1/session']) {
    assert.equal(safeNext(wanted), null, String(wanted));
  }
});
