// The dark theme is written twice (by choice, and by the system): both must be the same. Text must
// be readable on every surface of its theme.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const css = readFileSync(new URL('../../src/styles/tokens.css', import.meta.url), 'utf8');
const block = (start) => {
  const from = css.indexOf('{', css.indexOf(start));
  return Object.fromEntries([...css.slice(from, css.indexOf('}', from)).matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1], m[2]]));
};
const light = block(':root {');
const system = block(":root:not([data-theme='light'])");
const dark = block(":root[data-theme='dark']");

test('both ways to the dark theme are the same', () => assert.deepEqual(dark, system));

function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const c = parseInt(hex.slice(at, at + 2), 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

for (const [theme, tokens] of [['light', light], ['dark', { ...light, ...dark }]]) {
  test(`${theme}: text reaches 4.5:1`, () => {
    const surfaces = ['bg', 'surface', 'sunken', 'raised', 'hover', 'selected'];
    for (const text of ['text', 'text-2', 'text-3', 'accent', 'error', 'medium', 'ok']) {
      for (const surface of surfaces) {
        const found = contrast(tokens[text], tokens[surface]);
        assert.ok(found >= 4.5, `${text} on ${surface}: ${found.toFixed(2)}`);
      }
    }
    for (const severity of ['critical', 'high', 'medium', 'low', 'info', 'ok']) {
      const found = contrast(tokens[severity], tokens[`${severity}-soft`]);
      assert.ok(found >= 4.5, `${severity}: ${found.toFixed(2)}`);
    }
    assert.ok(contrast(tokens['on-accent'], tokens.accent) >= 4.5);
  });
  test(`${theme}: lines of charts and borders of inputs reach 3:1`, () => {
    for (const name of ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'line-strong']) {
      const found = contrast(tokens[name], tokens.surface);
      assert.ok(found >= 3, `${name}: ${found.toFixed(2)}`);
    }
  });
}
