// Much to show: a table of a hundred thousand flows; names of places beside addresses.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { closeBrowser, serve, shot, until, visit } from './harness.mjs'
import { mmdb, pcap, udpFrame } from './made.mjs'

const FLOWS = 100_000
/** What a table may put into the page at once. */
const ROWS_MOST = 200
const DAY_BEFORE = 'from=1699990000&to=1700010000'

let server
let source
let visitor
let folder

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anomalyzer-e2e-'))
  const places = join(folder, 'places.mmdb')
  const here = { country: { iso_code: 'PT', names: { en: 'Portugal' } }, city: { names: { en: 'Braga' } } }
  await writeFile(places, mmdb(here, 'GeoLite2-City'))
  server = await serve('demo', ['--geo', places])
  const frames = Array.from({ length: FLOWS }, (_, n) =>
    udpFrame({ from: [10, 1, (n >> 8) & 255, n & 255], to: [203, 0, 113, 5], port: 1024 + (n >> 16) }),
  )
  const headers = { 'content-type': 'application/octet-stream' }
  source = await server.api('/api/v1/sources?name=many.pcap', { method: 'POST', headers, body: pcap(frames) })
  const all = async () => {
    const { items } = await server.api('/api/v1/sources')
    return items.find((one) => one.id === source.id && one.state === 'done')
  }
  await until(all, 180_000, 'the capture is read')
  visitor = await visit(server)
})

after(async () => {
  await closeBrowser()
  await server?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

test('a hundred thousand flows scroll smoothly', async () => {
  const { page } = visitor
  await visitor.go(`/flows?source=${source.id}&${DAY_BEFORE}`)
  await page.locator('tbody tr').first().waitFor()
  const { items } = await server.api(`/api/v1/flows/groups?source=${source.id}&${DAY_BEFORE}&by=proto`)
  assert.ok(items[0].flows >= FLOWS, `${items[0].flows} flows are kept`)
  const rows = await page.locator('tbody tr').count()
  assert.ok(rows >= 50 && rows <= ROWS_MOST, `${rows} rows are in the page`)
  const frames = await page.evaluate(async () => {
    const times = []
    let last = performance.now()
    const end = last + 2_000
    while (last < end) {
      scrollBy(0, document.documentElement.scrollTop > 1_500 ? -1_500 : 40)
      await new Promise((resolve) => requestAnimationFrame(resolve))
      const now = performance.now()
      times.push(now - last)
      last = now
    }
    return times.sort((a, b) => a - b)
  })
  const median = frames[Math.floor(frames.length / 2)]
  assert.ok(median <= 20, `a frame took ${median.toFixed(1)} ms at the median: under 50 in a second`)
  const first = await page.locator('tbody tr').first().innerText()
  for (let nth = 0; nth < 3; nth += 1) {
    const before = await page.locator('tbody tr').first().innerText()
    await page.getByRole('button', { name: 'Next page' }).click()
    await page.waitForFunction((was) => document.querySelector('tbody tr')?.innerText !== was, before)
    assert.ok((await page.locator('tbody tr').count()) <= ROWS_MOST)
  }
  assert.notEqual(await page.locator('tbody tr').first().innerText(), first)
  visitor.clean()
})

test('a table of places gives addresses their country', async () => {
  const { page } = visitor
  await visitor.go(`/flows?source=${source.id}&${DAY_BEFORE}`)
  await page.locator('tbody tr').first().click()
  await page.getByText('Portugal, Braga').first().waitFor()
  await page.evaluate(() => localStorage.setItem('language', 'de'))
  await page.reload()
  await page.getByText('Portugal, Braga').first().waitFor()
  await page.evaluate(() => localStorage.removeItem('language'))
  await shot(page, 'place')
  visitor.clean()
})
