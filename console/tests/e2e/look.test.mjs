// Language and theme without reload, no words that are not looked up, and a thumb on a phone.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { PHONE, axe, closeBrowser, fits, serve, settledAlert, shot, until, visit } from './harness.mjs'

const PAGES = [
  '/', '/traffic?by=app', '/flows', '/devices', '/alerts', '/models', '/models?tab=training', '/models?tab=models', '/reports', '/settings/detectors', '/settings/detectors/port-scan',
  '/settings/keywords', '/settings/threats', '/settings/suppressions', '/settings/capture', '/settings/retention', '/settings/general',
  '/settings/users', '/settings/tokens', '/settings/audit', '/settings/account', '/settings/about',
]
let server

before(async () => {
  server = await serve('demo')
})

after(async () => {
  await closeBrowser()
  await server?.stop()
})

test('language and theme change without reload, and stay', async () => {
  const visitor = await visit(server)
  const { page, go } = visitor
  await go('/alerts')
  await page.evaluate(() => (globalThis.sameDocument = true))
  await page.getByRole('button', { name: 'Language' }).click()
  await page.getByRole('menuitem', { name: 'Deutsch' }).click()
  await page.getByRole('heading', { level: 1, name: 'Alarme' }).waitFor()
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de')
  await page.getByRole('button', { name: 'Farben' }).click()
  await page.getByRole('menuitem', { name: 'Dunkel' }).click()
  await page.waitForFunction(() => document.documentElement.dataset.theme === 'dark')
  assert.ok(await page.evaluate(() => globalThis.sameDocument))
  await shot(page, 'german-dark')
  await axe(page, 'German, dark')
  await go('/')
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'de')
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'dark')
  visitor.clean()
  await visitor.close()
})

test('every word of a page is looked up', async () => {
  const visitor = await visit(server)
  const { page, go } = visitor
  await page.evaluate(() => localStorage.setItem('language', 'xx'))
  const found = []
  for (const path of PAGES) {
    await go(path)
    await page.locator('main [aria-busy=true], main .skeleton').first().waitFor({ state: 'detached' })
    for (const text of await plainWords(page)) found.push(`${path}: ${text}`)
    await fits(page, `${path} in a longer language`)
  }
  await shot(page, 'pseudo')
  assert.deepEqual(found, [])
  visitor.clean()
  await visitor.close()
})

/**
 * Words in labels, headings, buttons and hints that are not of the strange language. Data (names of
 * hosts, titles of alerts, all that says it is English) is no text of the console.
 */
function plainWords(page) {
  return page.evaluate(() => {
    const UI = 'h1, h2, h3, h4, legend, button, label, th, dt, summary, nav a, option, [role=tab], p.dim, p.faint'
    const DATA = '[lang=en], [lang=de], .mono, code, kbd, pre, td, li, th[scope=row], .brand, strong, time, .setting [role=switch]'
    const texts = []
    for (const element of document.querySelectorAll(UI)) {
      if (element.closest(DATA) || element.querySelector(DATA)) continue
      const said = [element.innerText, element.getAttribute('aria-label'), element.getAttribute('title'), element.getAttribute('placeholder')]
      texts.push(...said.filter(Boolean))
    }
    const plain = (text) => /[A-Za-z]{4,}/.test(text.replace('Anomalyzer', '')) && !text.includes('~')
    return [...new Set(texts.filter(plain).map((text) => text.trim()))]
  })
}

test('an alert is handled with the thumb', async () => {
  const wanted = await settledAlert(server)
  const visitor = await visit(server, { viewport: PHONE })
  const { page, go } = visitor
  await go('/alerts')
  await page.locator(`.rows a[href*="item=${wanted.id}"]`).click()
  const detail = page.locator('.detail')
  const close = detail.getByRole('button', { name: 'Close', exact: true })
  const box = await close.boundingBox()
  assert.ok(box.width >= 24 && box.height >= 24 && box.y + box.height < PHONE.height, 'within reach, and large enough')
  await fits(page, 'the alert')
  await shot(page, 'alert-phone')
  await detail.getByRole('button', { name: /^Mute/ }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Mute alerts' })
  await dialog.getByText(/^Would have hidden/).waitFor()
  await fits(page, 'the mute dialog')
  await axe(page, 'mute dialog on a phone')
  await shot(page, 'mute-phone')
  await dialog.getByRole('button', { name: 'Cancel' }).click()
  await close.click()
  const state = async () => (await server.api(`/api/v1/alerts/${wanted.id}`)).state
  await until(async () => (await state()) === 'closed', 3_000, 'the alert is closed')
  await page.getByRole('button', { name: 'Undo' }).click()
  await until(async () => (await state()) === 'open', 3_000, 'the alert is open again')
  visitor.clean()
  await visitor.close()
})
