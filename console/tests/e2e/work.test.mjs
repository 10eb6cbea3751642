// The inbox without a mouse: walk, open, handle, take back, mute, doubt; what a link holds; an
// alert that comes while one looks.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { axe, closeBrowser, serve, settledAlert, shot, tabTo, until, visit } from './harness.mjs'

let server
let visitor
let page
let alert

before(async () => {
  server = await serve('demo')
  await until(async () => (await incidents()).length > 0, 20_000, 'the demonstration shows an incident')
  alert = await settledAlert(server)
  visitor = await visit(server)
  page = visitor.page
})

after(async () => {
  await closeBrowser()
  await server?.stop()
})

const press = (key) => page.keyboard.press(key)
const cursor = () =>
  page.evaluate(() => {
    const link = document.querySelector('li[data-cursor=true] a')
    return link && new URL(link.href).searchParams.get('item')
  })
const alertOf = (id) => server.api(`/api/v1/alerts/${id}`)
const incidentOf = (id) => server.api(`/api/v1/incidents/${id}`)
const toast = (text) => page.locator('.toasts').getByText(text).last().waitFor()
const becomes = (look, wanted, what) => until(async () => (await look()) === wanted, 3_000, `${what} becomes ${wanted}`)

async function incidents() {
  const { items } = await server.api('/api/v1/inbox?limit=100')
  return items.filter((one) => one.kind === 'incident').map((one) => one.incident)
}

/** Walks with j and k until the cursor is on the row. */
async function walkTo(id) {
  let way = 'j'
  for (let n = 0; n < 60; n += 1) {
    const at = await cursor()
    if (at === id) return
    await press(way)
    if (at !== null && (await cursor()) === at) way = way === 'j' ? 'k' : 'j'
  }
  assert.fail(`${id} is not reached with j and k`)
}

test('j and k walk, Enter opens, and the URL is the whole state', async () => {
  await visitor.go('/alerts')
  await page.locator('.rows li').nth(1).waitFor()
  await press('j')
  const first = await cursor()
  await press('j')
  assert.notEqual(await cursor(), first)
  await press('k')
  assert.equal(await cursor(), first)
  await press('Enter')
  await page.waitForURL((url) => url.searchParams.get('item') === first)
  const title = await page.locator('.detail h2').innerText()
  const other = await visitor.context.newPage()
  await other.goto(page.url())
  assert.equal(await other.locator('.detail h2').innerText(), title)
  await other.close()
  await press('Escape')
  await page.waitForURL((url) => !url.searchParams.has('item'))
})

test('an incident tells its story; its alerts follow what is done with it', async () => {
  const incident = (await incidents()).at(-1)
  await visitor.go('/alerts')
  await page.locator('.rows li').first().waitFor()
  await walkTo(incident.id)
  await press('Enter')
  await page.getByRole('heading', { name: 'Story' }).waitFor()
  const { story } = await incidentOf(incident.id)
  assert.ok((await page.locator('.detail ol li').count()) >= Math.min(2, story.length))
  await page.getByRole('heading', { name: 'What to do' }).waitFor()
  assert.ok((await page.locator('.detail').getByText(/^T1\d{3}/).count()) > 0, 'names a technique')
  await shot(page, 'incident')
  await press('a')
  await toast('Acknowledged.')
  await becomes(async () => (await incidentOf(incident.id)).state, 'acknowledged', 'the incident')
  await press('u')
  await toast('Undone.')
  await becomes(async () => (await incidentOf(incident.id)).state, 'open', 'the incident')
})

test('acknowledge, escalate and close from the keyboard, and take each back', async () => {
  const state = async () => (await alertOf(alert.id)).state
  const escalated = async () => (await alertOf(alert.id)).escalated
  await visitor.go('/alerts')
  await page.locator('.rows li').first().waitFor()
  await walkTo(alert.id)
  await press('a')
  await toast('Acknowledged.')
  await becomes(state, 'acknowledged', 'the alert')
  await press('u')
  await becomes(state, 'open', 'the alert')
  await walkTo(alert.id)
  await press('s')
  await becomes(escalated, true, 'the mark')
  await page.locator('.rows li').first().getByText('Escalated').waitFor()
  await walkTo(alert.id)
  await press('s')
  await becomes(escalated, false, 'the mark')
  await walkTo(alert.id)
  await press('x')
  await page.getByText('1 selected').waitFor()
  await press('e')
  await toast('Closed.')
  await becomes(state, 'closed', 'the alert')
  const row = page.locator(`.rows a[href*="item=${alert.id}"]`)
  await row.waitFor({ state: 'detached' })
  await press('u')
  await becomes(state, 'open', 'the alert')
  await row.waitFor()
  const { history } = await alertOf(alert.id)
  assert.ok(history.length >= 3, 'who did what is kept')
})

test('packets of an alert and their bytes, with Tab and arrows', async () => {
  const { items } = await server.api('/api/v1/alerts?detector=keyword&limit=1')
  await visitor.go(`/alerts?item=${items[0].id}`)
  const show = page.getByRole('button', { name: 'Show packets' })
  await show.waitFor()
  await tabTo(page, show, 200)
  await press('Enter')
  await page.getByRole('list', { name: 'Packets' }).waitFor()
  const hex = page.getByRole('group', { name: /^Bytes of the packet/ })
  await hex.waitFor()
  await tabTo(page, hex, 200)
  await press('ArrowRight')
  await press('ArrowRight')
  await page.getByText(/^byte 2: [0-9a-f]{2}$/).waitFor({ state: 'attached' })
  assert.equal(await page.locator('.packet button[aria-expanded=true] strong').innerText(), 'Ethernet')
  await shot(page, 'packets')
  await axe(page, 'packets', '.packet')
})

test('a mute begins narrow, counts what it hides, and must end', async () => {
  await visitor.go('/alerts')
  await page.locator('.rows li').first().waitFor()
  await walkTo(alert.id)
  await press('m')
  const dialog = page.getByRole('dialog', { name: 'Mute alerts' })
  await dialog.getByText(/^Would have hidden [1-9]\d* alerts? of the past 7 days/).waitFor()
  assert.ok(await dialog.getByLabel('Detector').isChecked())
  const boxes = dialog.getByRole('checkbox')
  const ticked = await boxes.evaluateAll((all) => all.filter((one) => one.checked).length)
  assert.ok(ticked >= 3, `${ticked} parts are ticked`)
  const mute = dialog.getByRole('button', { name: 'Mute', exact: true })
  assert.ok(await mute.isDisabled(), 'a reason is needed')
  await axe(page, 'mute dialog')
  await shot(page, 'mute')
  await mutedFrom(dialog)
  const { items } = await server.api('/api/v1/suppressions')
  const { id, rule } = items.find((one) => one.rule.reason === 'our own test')
  assert.equal(rule.scope.detector, alert.detector)
  assert.ok(rule.expires_ns / 1e6 < Date.now() + 86_400_000, 'it ends within the day')
  await visitor.go('/settings/suppressions')
  await page.getByText('our own test').waitFor()
  await server.api(`/api/v1/suppressions/${id}`, { method: 'DELETE' })
})

/** No end is refused; eight hours are taken. All with the keyboard. */
async function mutedFrom(dialog) {
  const end = dialog.locator('select')
  await tabTo(page, end)
  await press('End')
  await dialog.locator('input[type=datetime-local]').fill('')
  await dialog.getByText('Choose an end. No rule hides alerts for ever.').waitFor()
  await end.focus()
  await press('Home')
  await press('ArrowDown')
  assert.equal(await end.inputValue(), '8h')
  await tabTo(page, dialog.getByLabel('Reason'))
  await page.keyboard.type('our own test')
  await press('Enter')
  await toast(/^Muted until /)
  await dialog.waitFor({ state: 'detached' })
}

test('a false alarm needs a reason, which stays with the alert', async () => {
  await visitor.go('/alerts')
  await page.locator('.rows li').first().waitFor()
  await walkTo(alert.id)
  await press('f')
  const dialog = page.getByRole('dialog', { name: 'A false alarm?' })
  await dialog.waitFor()
  await axe(page, 'false alarm dialog')
  assert.ok(await dialog.getByRole('button', { name: 'False alarm', exact: true }).isDisabled())
  await page.keyboard.type('the scanner of the house')
  await tabTo(page, dialog.getByRole('button', { name: 'False alarm', exact: true }))
  await press('Enter')
  await toast('Marked as a false alarm.')
  await becomes(async () => (await alertOf(alert.id)).state, 'false-alarm', 'the alert')
  assert.equal((await alertOf(alert.id)).note, 'the scanner of the house')
  await visitor.go(`/alerts?item=${alert.id}`)
  await page.locator('.detail').getByText('the scanner of the house').first().waitFor()
  await page.locator('.detail').getByRole('button', { name: 'Reopen' }).click()
  await becomes(async () => (await alertOf(alert.id)).state, 'open', 'the alert')
})

test('? lists the keys, and gives the focus back', async () => {
  await visitor.go('/alerts')
  const box = page.getByRole('checkbox', { name: 'Select all' })
  await box.focus()
  await press('?')
  const dialog = page.getByRole('dialog', { name: 'Keys' })
  await dialog.waitFor()
  const keys = await dialog.locator('kbd').allInnerTexts()
  for (const key of ['j', 'k', 'Enter', 'x', 'a', 'e', 's', 'm', 'f', 'u', '?']) assert.ok(keys.includes(key), key)
  await axe(page, 'keys')
  await press('Escape')
  await dialog.waitFor({ state: 'hidden' })
  assert.ok(await box.evaluate((element) => element === document.activeElement))
})

test('an alert that comes is on the page within 2 s of the API, without reload', async () => {
  await visitor.go('/alerts?severity=info')
  await page.locator('.rows li').first().waitFor()
  await page.evaluate(() => (globalThis.sameDocument = true))
  const ids = async () => {
    const { items } = await server.api('/api/v1/inbox?severity=info&limit=100')
    return items.map((one) => one[one.kind].id)
  }
  const before = new Set(await ids())
  // All names of the demonstration end with this word.
  const text = '[list]\nname = "names"\n\n[[pattern]]\nname = "name"\ntext = "example"\n'
  await server.api('/api/v1/keywords/names', { method: 'PUT', body: JSON.stringify({ text, version: null }) })
  const fresh = await until(async () => (await ids()).find((id) => !before.has(id)), 40_000, 'an alert comes')
  await page.locator(`.rows a[href*="item=${fresh}"]`).waitFor({ timeout: 2_000 })
  assert.ok(await page.evaluate(() => globalThis.sameDocument))
})

test('nothing happened that must not', () => visitor.clean())

test('beside a short list the page stands still, and buttons stay below the bar', async () => {
  const { title } = await alertOf(alert.id)
  await visitor.go(`/alerts?text=${encodeURIComponent(title)}&severity=info&item=${alert.id}`)
  await page.locator('.detail').getByRole('heading', { name: 'What to do' }).waitFor()
  await page.mouse.move(300, 600)
  await page.mouse.wheel(0, 4_000)
  const seen = await page.evaluate(() => {
    scrollTo(0, document.documentElement.scrollHeight)
    const edge = (selector, side) => document.querySelector(selector).getBoundingClientRect()[side]
    return { bar: edge('header.bar', 'bottom'), deeds: edge('.detail .deeds', 'top'), end: edge('.detail', 'bottom'), screen: innerHeight, y: scrollY }
  })
  assert.ok(seen.deeds >= seen.bar, `the buttons at ${seen.deeds} are under the bar, which ends at ${seen.bar}`)
  assert.ok(seen.end <= seen.screen, `the detail ends at ${seen.end} of ${seen.screen}`)
  assert.ok(seen.y <= 1, `the page was scrolled by ${seen.y}`)
})
