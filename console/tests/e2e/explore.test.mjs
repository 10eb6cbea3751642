// From the chart to the flow: zoom with mouse and keyboard, choose, filter, drill down, tail, find;
// devices; what a page shows when the server is gone.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { closeBrowser, serve, shot, until, visit } from './harness.mjs'

let server
let visitor
let page

before(async () => {
  server = await serve('demo')
  const some = async () => (await server.api('/api/v1/flows?limit=20')).items.length === 20
  await until(some, 20_000, 'the demonstration shows its flows')
  visitor = await visit(server)
  page = visitor.page
})

after(async () => {
  await closeBrowser()
  await server?.stop()
})

const query = () => new URL(page.url()).searchParams
const urlHas = (text) => page.waitForFunction((t) => decodeURIComponent(location.search).includes(t), text)
const urlLacks = (text) => page.waitForFunction((t) => !location.search.includes(t), text)

test('dragging zooms, Escape and a double click restore', async () => {
  await visitor.go('/traffic')
  const over = page.locator('.plot .u-over')
  const box = await over.boundingBox()
  await page.mouse.move(box.x + 200, box.y + 100)
  await page.mouse.down()
  await page.mouse.move(box.x + 330, box.y + 110, { steps: 5 })
  await page.mouse.up()
  await urlHas('from=')
  assert.ok(Number(query().get('to')) - Number(query().get('from')) < 3600)
  await page.locator('.plot').focus()
  await page.keyboard.press('Escape')
  await urlLacks('from=')
  await page.keyboard.press('+')
  await urlHas('from=')
  await over.dblclick({ position: { x: 100, y: 50 } })
  await urlLacks('from=')
})

test('the keyboard reads and moves the chart', async () => {
  await page.locator('.plot').focus()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  assert.match(await page.locator('figure [aria-live]').first().innerText(), /bit\/s/)
  await page.keyboard.press('+')
  await urlHas('from=')
  const from = query().get('from')
  await page.keyboard.press('Shift+ArrowLeft')
  await page.waitForFunction((old) => new URLSearchParams(location.search).get('from') !== old, from)
  await page.keyboard.press('Escape')
  await urlLacks('from=')
})

test('a chart has its numbers as a table', async () => {
  await visitor.go('/traffic')
  await page.getByRole('button', { name: 'View as table' }).click()
  assert.ok((await page.locator('figure table tbody tr').count()) > 20)
  await page.getByRole('button', { name: 'View as chart' }).click()
})

test('from a line to a flow in two clicks, and back', async () => {
  await visitor.go('/traffic?by=app&from=-24h')
  await page.locator('figure li button').first().click()
  await urlHas('key=')
  await page.locator('table[aria-rowcount] tbody tr').first().click()
  await page.waitForURL((url) => url.pathname === '/flows' && url.searchParams.has('flow'))
  await page.getByRole('complementary').getByText('Community ID').waitFor()
  assert.match(query().get('filter'), /^app:/)
  await shot(page, 'flow-of-a-line')
  await page.goBack()
  await page.waitForURL((url) => url.pathname === '/traffic')
  await page.locator('figure').waitFor()
})

test('several devices make one chart with limits of their sum', async () => {
  await visitor.go('/traffic?by=device&from=-24h')
  const boxes = page.getByRole('checkbox')
  await boxes.nth(0).check()
  await boxes.nth(1).check()
  await page.getByRole('heading', { name: 'Traffic of 2 together' }).waitFor()
  await page.getByText('Expected, at most').waitFor()
  await shot(page, 'devices-together')
})

test('filters are completed, and errors are underlined', async () => {
  await visitor.go('/flows')
  const input = page.locator('#flow-filter')
  await input.pressSequentially('sta')
  await page.getByRole('option').first().waitFor()
  await page.keyboard.press('Tab')
  assert.equal(await input.inputValue(), 'state:')
  visitor.expected.push(/400 \(Bad Request\)/)
  await input.fill('app:dns colour:red')
  await page.keyboard.press('Enter')
  assert.equal(await page.locator('mark').innerText(), 'colour')
  await page.getByRole('alert').filter({ hasText: 'colour' }).waitFor()
  await input.fill('src:10.0.0.0/8 dport:443 bytes>1M not app:dns')
  await page.keyboard.press('Enter')
  await page.locator('mark').waitFor({ state: 'detached' })
})

test('a cell filters and excludes, with mouse and keyboard', async () => {
  await visitor.go('/flows?from=-24h')
  const cell = page.locator('tbody tr').first().locator('td')
  await cell.nth(1).click({ button: 'right' })
  await page.getByRole('menuitem').first().click()
  await urlHas('filter=src:')
  await visitor.go('/flows?from=-24h')
  await cell.first().focus()
  await page.keyboard.press('ArrowRight')
  await page.keyboard.press('m')
  await page.locator('[role=menuitem]:focus').waitFor()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => new URLSearchParams(location.search).get('filter')?.startsWith('not src:'))
})

test('flows come live; Space pauses, and what came is counted', async () => {
  await visitor.go('/flows?live=1')
  await page.locator('tbody tr').first().waitFor()
  await page.locator('h1').click()
  await page.keyboard.press(' ')
  await page.getByRole('button', { name: /new$/ }).click({ timeout: 20_000 })
  await page.getByRole('button', { name: /new$/ }).waitFor({ state: 'detached' })
  assert.ok((await page.locator('tbody tr').count()) <= 200)
})

test('an address in the search box goes to its page in one Enter', async () => {
  const { items } = await server.api('/api/v1/devices?limit=1')
  await visitor.go('/')
  await page.keyboard.press('/')
  await page.keyboard.type(items[0].addresses[0])
  await page.keyboard.press('Enter')
  await page.waitForURL((url) => url.pathname !== '/')
})

test('a device is named, confirmed, and that is taken back', async () => {
  await visitor.go('/devices?status=new')
  await page.locator('tbody tr').first().click()
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Name', { exact: true }).fill('<b>printer</b>')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByRole('heading', { level: 1, name: '<b>printer</b>' }).waitFor()
  await page.getByRole('button', { name: 'Confirm' }).click()
  await page.getByText('Known, ').waitFor()
  await page.getByRole('button', { name: 'Undo' }).click()
  await page.getByText('New, ').waitFor()
})

test('a server that is gone is told within 5 s', async () => {
  await visitor.go('/')
  await page.locator('.plot').waitFor()
  visitor.clean()
  server.child.kill('SIGTERM')
  await page.getByText('The connection to Anomalyzer is lost.').waitFor({ timeout: 5_000 })
  await page.getByRole('button', { name: 'Connect now' }).waitFor()
  await shot(page, 'stale')
})
