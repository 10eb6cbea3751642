import { test } from 'node:test';
import assert from 'node:assert/strict';
import { load } from '../load.js';

const { country, placeName } = await load('lib/place.ts');

test('countries are named in the language of the reader', () => {
  const check = (place, language, expected) => assert.equal(country(place, language), expected);
  check({ country: 'DE', country_name: 'Germany' }, 'en', 'Germany');
  check({ country: 'DE', country_name: 'Germany' }, 'de', 'Deutschland');
  check({ country: 'ZZZ', country_name: 'Nowhere' }, 'en', 'Nowhere');
  check({ country: null, country_name: null }, 'en', '');
  check(null, 'en', '');
});

test('what is not known is left out', () => {
  assert.equal(placeName({ country: 'FR', country_name: 'France', city: 'Lyon', network: 'AS64500 Example' }, 'en'), 'France, Lyon, AS64500 Example');
  assert.equal(placeName({ network: 'AS64500 Example' }, 'en'), 'AS64500 Example');
});
