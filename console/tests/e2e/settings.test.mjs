// Changing what is looked for: a threshold that is tried before it holds, what the server refuses,
// what collides; a keyword list edited in place that finds what comes after.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { axe, closeBrowser, serve, shot, until, visit } from './harness.mjs'

const PORTS = 'detect.port-scan.ports'
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

async function valueOf(key) {
  const { version, detectors } = await server.api('/api/v1/settings')
  const all = detectors.flatMap((one) => one.settings)
  return { version, value: all.find((one) => one.key === key).value }
}
const portsField = () => page.getByLabel('ports', { exact: true })
const apply = () => page.getByRole('button', { name: 'Apply' }).click()

test('a threshold is tried before it is applied', async () => {
  await visitor.go('/settings/detectors/port-scan')
  await portsField().fill('3')
  await page.getByRole('button', { name: 'Back-test' }).click()
  const tried = page.getByRole('region', { name: 'What the change would have done' })
  await tried.getByRole('button', { name: 'Run' }).click()
  const result = tried.getByText(/^\d+ gone, \d+ new, \d+ changed/)
  await result.waitFor({ timeout: 20_000 })
  assert.ok(Number(/(\d+) new/.exec(await result.innerText())[1]) > 0)
  await tried.getByText(/^Port scan of /).first().waitFor()
  assert.equal((await valueOf(PORTS)).value, '15', 'a test changes nothing')
  await axe(page, 'back-test', '#back-test')
  await shot(page, 'back-test')
  await apply()
  await page.getByText('Applied. It holds from the next packets on.').waitFor()
  assert.equal((await valueOf(PORTS)).value, '3')
})

test('an invalid value is told at its field and cannot be applied', async () => {
  await visitor.go('/settings/detectors/port-scan')
  await portsField().fill('500')
  await page.getByText('At most 64.').waitFor()
  assert.equal(await portsField().getAttribute('aria-invalid'), 'true')
  assert.ok(await page.getByRole('button', { name: 'Apply' }).isDisabled())
  await portsField().fill('many')
  await page.getByText('This is no number.').waitFor()
  await page.getByRole('button', { name: 'Discard' }).click()
  assert.equal(await portsField().inputValue(), '3')
})

test('what the server refuses stands at its field', async () => {
  visitor.expected.push(/400 \(Bad Request\)/)
  await visitor.go('/settings/detectors/port-scan')
  // The console knows no rule about fractions of a port: the server does.
  await portsField().fill('3.5')
  await apply()
  await page.locator('.setting', { has: portsField() }).locator('.fault').waitFor()
  assert.equal((await valueOf(PORTS)).value, '3')
})

test('a change that collides with another shows both', async () => {
  visitor.expected.push(/409 \(Conflict\)/)
  await visitor.go('/settings/detectors/port-scan')
  await portsField().fill('20')
  const { version } = await valueOf(PORTS)
  const body = JSON.stringify({ set: [[PORTS, '12']], hosts: [], version })
  await server.api('/api/v1/settings', { method: 'PATCH', body })
  await apply()
  const bar = page.getByRole('region', { name: 'Changes' })
  await bar.getByText('was 3, is 12 now, you want 20').waitFor()
  await shot(page, 'conflict')
  await axe(page, 'conflict', '[aria-label="Changes"]')
  await apply()
  await page.getByText('Applied. It holds from the next packets on.').waitFor()
  assert.equal((await valueOf(PORTS)).value, '20')
})

test('a fault in a keyword list is told with its line', async () => {
  visitor.expected.push(/400 \(Bad Request\)/)
  await visitor.go('/settings/keywords')
  await page.getByRole('button', { name: 'New keyword list' }).click()
  const dialog = page.getByRole('dialog', { name: 'New keyword list' })
  await dialog.getByLabel('Name').fill('houses')
  await axe(page, 'new list')
  await dialog.getByRole('button', { name: 'Write it' }).click()
  const text = page.getByLabel('Text of the list houses')
  await text.fill(listOf('purple'))
  await page.getByRole('button', { name: 'Save' }).click()
  const line = page.getByRole('button', { name: 'Line 8' })
  await line.click()
  const marked = await text.evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd))
  assert.equal(marked, 'severity = "purple"')
  await shot(page, 'keyword-fault')
})

const listOf = (severity) => `[list]
name = "houses"
about = "Names of a test."

[[pattern]]
name = "name"
text = "example"
severity = "${severity}"
`

test('a saved list finds what comes after, and the alert shows live', async () => {
  const inbox = await visitor.context.newPage()
  await inbox.goto(`${server.url}/alerts?detector=keyword&text=houses`)
  await inbox.getByText('Nothing fits the filter').waitFor()
  const saved = Date.now()
  await page.getByLabel('Text of the list houses').fill(listOf('medium'))
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('houses is saved: 1 entry.').waitFor()
  const found = async () => {
    const { items } = await server.api('/api/v1/alerts?detector=keyword&text=houses')
    return items[0]
  }
  const alert = await until(found, 40_000, 'the traffic of the demonstration holds the word')
  await inbox.locator(`.rows a[href*="item="]`).first().waitFor({ timeout: 2_000 })
  assert.match(alert.title, /Keyword name of list houses/)
  assert.ok(Date.parse(alert.first) > saved - 2_000, 'from traffic after it was saved')
  await inbox.close()
})

test('a list that somebody else saved meanwhile is not written over unasked', async () => {
  visitor.expected.push(/409 \(Conflict\)/)
  await visitor.go('/settings/keywords/houses')
  const text = page.getByLabel('Text of the list houses')
  await text.fill(`${listOf('low')}# mine\n`)
  const { info } = await server.api('/api/v1/keywords/houses')
  const body = JSON.stringify({ text: `${listOf('high')}# theirs\n`, version: info.version })
  await server.api('/api/v1/keywords/houses', { method: 'PUT', body })
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Somebody else has saved this list meanwhile.').waitFor()
  assert.match(await text.inputValue(), /# mine/)
  await page.getByRole('button', { name: 'Show theirs' }).click()
  await page.waitForFunction(() => document.querySelector('.code textarea')?.value.includes('# theirs'))
})

test('nothing happened that must not', () => visitor.clean())
