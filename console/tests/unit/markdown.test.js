import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { load } from '../load.js';

const { blocksOf, inlineOf } = await load('lib/markdown.ts');
const text = (runs) => runs.map((run) => (run.kind === 'text' ? run.text : `<${run.kind}>${run.text}</>`)).join('');

test('blocks', () => {
  const blocks = blocksOf('## What it sees\nOne\ntwo.\n\n- a\n- b\n  more\n1. c\n\n```\n- x\n```\nend');
  assert.deepEqual(blocks.map((block) => block.kind), ['heading', 'paragraph', 'list', 'code', 'paragraph']);
  assert.equal(text(blocks[1].inline), 'One two.');
  assert.deepEqual(blocks[2].items.map(text), ['a', 'b more', 'c']);
  assert.equal(blocks[3].text, '- x');
});

test('runs of a line', () => {
  const cases = [
    ['a `b*c*` d', 'a <code>b*c*</> d'],
    ['**b** and *c*', '<strong>b</> and <em>c</>'],
    ['2 * 3 * 4', '2 * 3 * 4'],
    ['see [the page](https://x.example)', 'see the page (https://x.example)'],
    ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
  ];
  for (const [line, expected] of cases) assert.equal(text(inlineOf(line)), expected, line);
});

test('hostile and broken text ends, and loses no words', () => {
  for (const broken of ['```', '```\nno end', '#', '- ', '* * *', '`', '**', '\r\n\r\n', '#'.repeat(500)]) blocksOf(broken);
  assert.ok(blocksOf('- a\n'.repeat(100_000)).length >= 1);
});

test('pages of detectors are read whole', () => {
  const folder = new URL('../../../crates/engine/src/detect/', import.meta.url);
  const pages = readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith('.md'));
  assert.ok(pages.length > 3);
  for (const page of pages) {
    const blocks = blocksOf(readFileSync(new URL(String(page), folder), 'utf8'));
    assert.ok(blocks.filter((block) => block.kind === 'heading').length >= 3, String(page));
  }
});
