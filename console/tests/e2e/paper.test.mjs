// The report on paper: few pages, always light, whatever the theme of the screen.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { closeBrowser, serve, settledAlert, until, visit } from './harness.mjs'

/** U-40. */
const PAGES_MOST = 6
let server

before(async () => {
  server = await serve('demo')
  // With its past, the demonstration fills every part of a report.
  await settledAlert(server)
})

after(async () => {
  await closeBrowser()
  await server?.stop()
})

/** Pages of a PDF: one object of the type Page for each. */
const pagesOf = (pdf) => (pdf.toString('latin1').match(/\/Type\s*\/Page\b(?!s)/g) ?? []).length

/** Lightness of what is written and of what is behind it, 0 to 255. */
const lightness = (page) =>
  page.evaluate(() => {
    const light = (colour) => {
      const [r, g, b, seen = 1] = colour.match(/[\d.]+/g).map(Number)
      // What is clear lets the paper through.
      return seen === 0 ? 255 : 0.2126 * r + 0.7152 * g + 0.0722 * b
    }
    const seen = (element, what) => light(getComputedStyle(element)[what])
    const words = [...document.querySelectorAll('h1, h2, h3, p, td, th, dt, dd')].filter((one) => one.offsetParent && one.innerText.trim())
    return {
      ground: seen(document.documentElement, 'backgroundColor'),
      lightest: Math.max(...words.map((one) => seen(one, 'color'))),
      words: words.length,
    }
  })

for (const scheme of ['light', 'dark']) {
  test(`the report of a month on paper, ${scheme} screen`, async () => {
    const visitor = await visit(server, { scheme })
    const { page, go } = visitor
    await go('/reports?from=-30d')
    await page.locator('.report').waitFor()
    await onPaper(page, 'the page Reports')
    await page.goto(`${server.url}/api/v1/report.html?from=-30d`)
    await onPaper(page, 'report.html')
    visitor.clean()
    await visitor.close()
  })
}

test('what is painted turns light for paper, and back', async () => {
  const visitor = await visit(server, { scheme: 'dark' })
  const { page, go } = visitor
  // The test itself reads the canvas back.
  visitor.expected.push(/Canvas2D: Multiple readback/)
  await go('/traffic')
  await page.locator('.plot canvas').waitFor()
  const theme = () => page.evaluate(() => document.documentElement.dataset.theme)
  // Colours of the labels of the axes in both themes (tokens.css, text-3).
  const [dark, light] = [[0x8f, 0x9b, 0xa8], [0x5a, 0x65, 0x72]]
  const ink = (colour) => page.evaluate(dotsOf, colour)
  const screen = await ink(dark)
  assert.ok(screen > 50, 'the labels have the ink of the dark theme')
  await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
  assert.equal(await theme(), 'light')
  await until(async () => (await ink(light)) > 50, 2_000, 'the labels have the ink of the light theme')
  const left = await ink(dark)
  assert.ok(left < screen / 4, `${left} of ${screen} dots are left in the ink of the dark theme`)
  await page.evaluate(() => dispatchEvent(new Event('afterprint')))
  assert.equal(await theme(), undefined)
  visitor.clean()
  await visitor.close()
})

async function onPaper(page, name) {
  await page.emulateMedia({ media: 'print' })
  const { ground, lightest, words } = await lightness(page)
  assert.ok(words > 20, `${name}: ${words} pieces of text`)
  assert.ok(ground > 250, `${name}: the paper is white, not ${ground}`)
  assert.ok(lightest < 140, `${name}: the lightest text is ${lightest}`)
  const pdf = await page.pdf({ format: 'A4', preferCSSPageSize: true, printBackground: true })
  const pages = pagesOf(pdf)
  assert.ok(pages >= 1 && pages <= PAGES_MOST, `${name}: ${pages} pages`)
  console.log(`# ${name}: ${pages} pages, ${Math.round(pdf.length / 1000)} kB`)
}

/** Dots of the first chart in a colour, as good as opaque. */
function dotsOf(colour) {
  const canvas = document.querySelector('.plot canvas')
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
  let dots = 0
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] > 200 && colour.every((part, nth) => Math.abs(data[at + nth] - part) < 8)) dots += 1
  }
  return dots
}
