// Makes the picture of the README: the overview of a demonstration that has run for a while.
// `npm run picture`, after the program was built.

import { fileURLToPath } from 'node:url'
import { stat } from 'node:fs/promises'
import { DESK, closeBrowser, serve, settledAlert, visit } from './e2e/harness.mjs'

const FILE = fileURLToPath(new URL('../../docs/console.png', import.meta.url))
/** Attacks come one a minute: some of the last ten minutes shall be of now. */
const WAIT_MS = 90_000
const BYTES_MOST = 300_000

const server = await serve('demo')
try {
  await settledAlert(server)
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS))
  const { page, go, clean } = await visit(server, { viewport: DESK, scheme: 'light' })
  await go('/')
  await page.waitForSelector('[aria-busy="true"]', { state: 'detached' })
  await page.waitForTimeout(3_000)
  // Room for a scroll bar that no picture shows.
  await page.evaluate(() => document.documentElement.style.setProperty('scrollbar-gutter', 'auto'))
  await page.waitForTimeout(500)
  await page.screenshot({ path: FILE })
  clean()
  const { size } = await stat(FILE)
  if (size > BYTES_MOST) throw new Error(`the picture has ${size} bytes, of at most ${BYTES_MOST}`)
  console.log(`docs/console.png: ${Math.round(size / 1000)} kB`)
} finally {
  await closeBrowser()
  await server.stop()
}
