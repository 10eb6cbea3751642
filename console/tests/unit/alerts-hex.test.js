import assert from 'node:assert/strict';
import test from 'node:test';
import { load } from '../load.js';

const { bytesOf, rowsOf, layerAt, span, moved } = await load('lib/alerts/hex.ts');

test('bytes of a hex text, up to what is none', () => {
  const cases = [
    ['', []],
    ['00ff', [0, 255]],
    ['48656C', [0x48, 0x65, 0x6c]],
    ['48 65', [0x48]],
    ['4', []],
    ['zz00', []],
  ];
  for (const [text, expected] of cases) assert.deepEqual(bytesOf(text), expected, text);
});

test('rows have an offset, and dots for what cannot be shown', () => {
  const rows = rowsOf(bytesOf('474554202f0d0a7f20414243444546474849'));
  assert.deepEqual(rows.map((row) => row.offset), ['0000', '0010']);
  assert.equal(rows[0].cells.map((cell) => cell.text).join(''), 'GET /... ABCDEFG');
  assert.equal(rows[1].cells.map((cell) => cell.hex).join(' '), '48 49');
  assert.deepEqual(rowsOf([]), []);
});

const LAYERS = [
  { name: 'Ethernet', start: 0, length: 14, fields: [] },
  { name: 'IPv4', start: 14, length: 20, fields: [] },
  { name: 'payload', start: 14, length: 60, fields: [] },
];

test('a byte belongs to the layer that begins last around it', () => {
  assert.deepEqual([0, 13, 14, 33, 34, 74].map((at) => layerAt(LAYERS, at)), [0, 0, 2, 2, 2, -1]);
});

test('a layer ends where the captured bytes end', () => {
  assert.deepEqual(span(LAYERS[1], 100), [14, 34]);
  assert.deepEqual(span(LAYERS[1], 20), [14, 20]);
  assert.deepEqual(span(LAYERS[1], 0), [0, 0]);
  assert.deepEqual(span({ name: 'x', start: 90, length: -5, fields: [] }, 100), [90, 90]);
});

test('keys move the cursor and never out of the bytes', () => {
  const cases = [
    [0, 'ArrowLeft', 0],
    [0, 'ArrowRight', 1],
    [20, 'ArrowUp', 4],
    [4, 'ArrowUp', 4],
    [20, 'ArrowDown', 20],
    [20, 'Home', 16],
    [3, 'End', 15],
    [20, 'End', 29],
    [3, 'PageDown', 29],
    [29, 'ArrowRight', 29],
    [29, 'x', null],
  ];
  for (const [at, key, expected] of cases) assert.equal(moved(at, key, 30), expected, `${key} at ${at}`);
});
