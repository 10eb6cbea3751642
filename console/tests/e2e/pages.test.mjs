// Every page, on both screens, in both themes: it shows something, fits, is accessible, and
// nothing happens that must not.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { DESK, PHONE, axe, closeBrowser, fits, serve, shot, until, visit } from './harness.mjs'

const PAGES = [
  ['overview', '/'],
  ['traffic', '/traffic?by=app'],
  ['flows', '/flows'],
  ['devices', '/devices'],
  ['alerts', '/alerts'],
  ['models', '/models'],
  ['models-training', '/models?tab=training'],
  ['models-list', '/models?tab=models'],
  ['reports', '/reports'],
  ['settings-detectors', '/settings/detectors'],
  ['settings-detector', '/settings/detectors/port-scan'],
  ['settings-keywords', '/settings/keywords'],
  ['settings-threats', '/settings/threats'],
  ['settings-suppressions', '/settings/suppressions'],
  ['settings-capture', '/settings/capture'],
  ['settings-retention', '/settings/retention'],
  ['settings-users', '/settings/users'],
  ['settings-tokens', '/settings/tokens'],
  ['settings-audit', '/settings/audit'],
  ['settings-account', '/settings/account'],
  ['settings-about', '/settings/about'],
]

let server

before(async () => {
  server = await serve('demo')
  const three = async () => {
    const { items } = await server.api('/api/v1/alerts?severity=medium&limit=100')
    return items.length >= 3
  }
  await until(three, 10_000, 'three attacks are shown within 8 s of the start')
})

after(async () => {
  await closeBrowser()
  await server?.stop()
})

for (const [screen, viewport] of [['desk', DESK], ['phone', PHONE]]) {
  for (const scheme of ['light', 'dark']) {
    test(`every page on a ${screen}, ${scheme}`, async (t) => {
      const visitor = await visit(server, { viewport, scheme })
      for (const [name, path] of PAGES) {
        await t.test(name, async () => {
          await visitor.go(path)
          // What a page loads comes within a moment; skeletons are gone then.
          await visitor.page.waitForSelector('[aria-busy="true"]', { state: 'detached' })
          const title = await visitor.page.title()
          const heading = (await visitor.page.locator('h1').first().innerText()).trim()
          assert.ok(heading && title.includes(heading), `title "${title}", heading "${heading}"`)
          await shot(visitor.page, `${name}-${screen}-${scheme}`)
          await fits(visitor.page, name)
          await axe(visitor.page, name)
        })
      }
      visitor.clean()
      await visitor.close()
    })
  }
}
