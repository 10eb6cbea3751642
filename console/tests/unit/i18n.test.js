// Every language has every text, with the same places for values; and no text stands in the code.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { parse } from 'svelte/compiler';
import { load } from '../load.js';

const SRC = new URL('../../src/', import.meta.url);
const { en } = await load('lib/i18n/en.ts');
const { pseudo } = await load('lib/i18n/pseudo.ts');
const languages = readdirSync(new URL('lib/i18n/', SRC)).filter((name) => /^[a-z]{2}\.ts$/.test(name) && name !== 'en.ts' && name !== 'xx.ts');
const files = readdirSync(SRC, { recursive: true }).map(String);
const source = (name) => readFileSync(new URL(name, SRC), 'utf8');

const places = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

for (const name of languages) {
  const { default: texts } = await load(`lib/i18n/${name}`);
  test(`${name} has the keys of English, no more and no fewer`, () => {
    assert.deepEqual(Object.keys(en).filter((key) => !(key in texts)), [], 'missing');
    assert.deepEqual(Object.keys(texts).filter((key) => !(key in en)), [], 'without meaning');
  });
  test(`${name} has values at the places of English`, () => {
    for (const [key, text] of Object.entries(texts)) {
      assert.deepEqual([...new Set(places(text))], [...new Set(places(en[key]))], key);
      assert.equal(text === '', en[key] === '', key);
    }
  });
}

test('there is a second language', () => assert.ok(languages.includes('de.ts')));

test('plural keys come in pairs', () => {
  for (const [key, text] of Object.entries(en)) {
    if (key.endsWith('.one') && text.includes('{n}')) assert.ok(`${key.slice(0, -4)}.other` in en, key);
  }
});

/** Keys in the code: `t('…')`, `tn('…')`, `title: 'nav.…'`; those that are put together as patterns. */
function keysIn(text) {
  const exact = [...text.matchAll(/\b(t|tn|tOr)\(\s*'([^']+)'/g)].map(([, how, key]) => [how, key]);
  const made = [...text.matchAll(/\b(t|tn|tOr)\(\s*`([^`]+)`/g)].map(([, how, key]) => [how, key]);
  return [...exact, ...made];
}

test('every key in the code has a text', () => {
  const known = Object.keys(en);
  for (const name of files.filter((file) => /\.(svelte|ts)$/.test(file) && !file.includes('i18n/'))) {
    for (const [how, key] of keysIn(source(name))) {
      const pattern = key.split(/\$\{[^}]*\}+/).map((part) => part.replace(/[.*+?^$()|[\]\\{}]/g, '\\$&')).join('.+');
      const wanted = new RegExp(`^${pattern}${how === 'tn' ? '\\.other' : ''}$`);
      assert.ok(known.some((one) => wanted.test(one)), `${name}: ${how}(${key})`);
    }
  }
});

/** Words that are the same in every language: names, units, examples of input. */
const SAME = /^(src:10\.0\.0\.0.*|Anomalyzer|Esc|TCP|UDP|ICMP|ARP|IPv[46]|MAC|JSON|CSV|NDJSON|pcapng|Community ID|Authorization: Bearer TOKEN|curl -H .*|\/api\/v1\/alerts|[A-Z0-9]{1,4})$/;
const SAID = new Set(['title', 'label', 'placeholder', 'aria-label', 'alt', 'text', 'summary', 'note']);
const isWords = (text) => /\p{L}{3,}/u.test(text) && !SAME.test(text.trim());

function* textsOf(node) {
  if (node === null || typeof node !== 'object') return;
  if (Array.isArray(node)) {
    for (const one of node) yield* textsOf(one);
    return;
  }
  if (node.type === 'Text' && typeof node.data === 'string') yield node.data;
  if (node.type === 'StyleDirective') return;
  if (node.type === 'Attribute') {
    const parts = Array.isArray(node.value) ? node.value : [];
    if (SAID.has(node.name)) for (const part of parts) if (part.type === 'Text') yield part.data;
    return;
  }
  for (const [key, value] of Object.entries(node)) {
    if (!['type', 'start', 'end', 'name', 'css', 'instance', 'module', 'metadata', 'comments'].includes(key)) yield* textsOf(value);
  }
}

test('no words for people stand in components', () => {
  for (const name of files.filter((file) => file.endsWith('.svelte'))) {
    const tree = parse(source(name), { modern: true, filename: name });
    for (const text of textsOf(tree.fragment)) assert.ok(!isWords(text), `${name}: ${JSON.stringify(text.trim())}`);
  }
});

test('no text becomes HTML, and no style stands in elements', () => {
  for (const name of files.filter((file) => /\.(svelte|ts)$/.test(file))) {
    const text = source(name);
    assert.ok(!/\{@html|innerHTML|insertAdjacentHTML|document\.write/.test(text), name);
    if (name.endsWith('.svelte')) assert.ok(!/\sstyle="[^"{]+"/.test(text), `${name}: style attribute`);
  }
});

test('the pseudo-locale changes every text and keeps its places', () => {
  for (const [key, text] of Object.entries(en)) {
    const strange = pseudo(text);
    assert.deepEqual(places(strange), places(text), key);
    if (/\p{L}/u.test(text.replace(/\{\w+\}/g, ''))) assert.notEqual(strange, text, key);
  }
});
