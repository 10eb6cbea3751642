// What the tests in the browser share: a server of their own, a browser that notices everything
// that must not happen, checks of accessibility, pictures.

import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const here = dirname(fileURLToPath(import.meta.url))
const root = join(here, '../../..')
const shots = join(here, '../../test-results')
const require = createRequire(import.meta.url)
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target')

/** The program under test. */
export const program = process.env.ANOMALYZER_BIN ?? join(target, 'debug/anomalyzer')

/** Sizes of the two screens that every page is looked at on. */
export const DESK = { width: 1440, height: 900 }
export const PHONE = { width: 390, height: 844 }

/**
 * Starts the program (`demo` or `run`) on a free port with a data directory of its own.
 * Gives its address, the link that it printed, a token, and `stop`.
 */
export async function serve(command = 'demo', args = [], wrap = []) {
  const data = await mkdtemp(join(tmpdir(), 'anomalyzer-e2e-'))
  const tokenFile = join(data, 'token')
  const all = [...wrap, program, command, '--listen', '127.0.0.1:0', '--data', join(data, 'data')]
  const [first, ...rest] = [...all, '--print-token', tokenFile, ...args]
  const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  child.stdout.on('data', (chunk) => (said += chunk))
  child.stderr.on('data', (chunk) => (said += chunk))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const link = await until(() => said.match(/https?:\/\/\S+/)?.[0], 20_000, () => `no link: ${said}`)
  const token = await until(
    () => readFile(tokenFile, 'utf8').then((text) => text.trim() || undefined, () => undefined),
    10_000,
    () => `no token: ${said}`,
  )
  const url = new URL(link).origin
  const stop = async () => {
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 8_000)
    await ended
    clearTimeout(late)
    await rm(data, { recursive: true, force: true })
  }
  const api = async (path, init = {}) => {
    const headers = { authorization: `Bearer ${token}`, ...init.headers }
    if (init.body) headers['content-type'] ??= 'application/json'
    const answer = await fetch(`${url}${path}`, { ...init, headers })
    assert.ok(answer.ok, `${path}: ${answer.status} ${await answer.clone().text()}`)
    return answer.status === 204 ? undefined : answer.json()
  }
  const addUser = (name, role, password) =>
    execFileSync(program, ['user', 'add', name, '--role', role, '--data', join(data, 'data')], {
      input: `${password}\n`,
      stdio: ['pipe', 'ignore', 'inherit'],
    })
  return { url, link, token, api, addUser, stop, child, said: () => said }
}

/** Waits until `look` gives something, at most `ms`. */
export async function until(look, ms, why) {
  const end = Date.now() + ms
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) assert.fail(typeof why === 'function' ? why() : why)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/**
 * The oldest alert of the demonstration's past that belongs to no incident: what happens now
 * changes nothing about it. The past is there when it stays the same for a while: until then alerts
 * may still become steps of incidents.
 */
export async function settledAlert(server) {
  const past = async () => {
    const { items } = await server.api('/api/v1/inbox?limit=100')
    const before = Date.now() - 300_000
    return items.filter((one) => Date.parse(one[one.kind].last) < before)
  }
  let seen = ''
  const look = async () => {
    const items = await past()
    const same = JSON.stringify(items) === seen
    seen = JSON.stringify(items)
    if (!same) await new Promise((resolve) => setTimeout(resolve, 2_000))
    return same ? items.findLast((one) => one.kind === 'alert')?.alert : undefined
  }
  return until(look, 30_000, () => `no settled alert: ${seen}`)
}

/**
 * With `CONSOLE_DIST=dist` the pages come from what was built last, not from the program: for work
 * on the console without building the program each time. All answers of the API stay the program's.
 */
async function fromDist(context, url) {
  const dist = process.env.CONSOLE_DIST
  if (!dist) return
  const types = { js: 'text/javascript', css: 'text/css', svg: 'image/svg+xml', html: 'text/html' }
  const isPage = (at) => at.origin === url && !/^\/(api|healthz|readyz|metrics|predict)\b/.test(at.pathname)
  await context.route(isPage, async (route) => {
    const path = new URL(route.request().url()).pathname
    const file = /\.\w+$/.test(path) ? path : '/index.html'
    const head = file === '/index.html' ? (await route.fetch()).headers() : {}
    delete head['content-encoding']
    const body = await readFile(join(dist, file))
    await route.fulfill({ status: 200, headers: { ...head, 'content-type': types[file.split('.').pop()] }, body })
  })
}

let browser

/** The one browser of a test file; closed by `closeBrowser`. */
async function launched() {
  browser ??= await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
  return browser
}

export async function closeBrowser() {
  await browser?.close()
  browser = undefined
}

/**
 * A fresh session of a browser that remembers what must not happen: messages on the console,
 * errors of the page, requests elsewhere, breaches of the content security policy. Logs in by the
 * link of the demonstration, through the form with `login` as `{ name, password }`, or not at all.
 */
export async function visit(server, { viewport = DESK, scheme = 'light', login = true } = {}) {
  const context = await (await launched()).newContext({
    viewport,
    colorScheme: scheme,
    locale: 'en-GB',
    timezoneId: 'UTC',
  })
  const bad = []
  // Errors that a test causes on purpose: it says so beforehand.
  const expected = []
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) =>
      console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`),
    )
  })
  await fromDist(context, server.url)
  const page = await context.newPage()
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) bad.push(`console: ${message.text()}`)
  })
  page.on('pageerror', (error) => bad.push(`page: ${error.stack ?? error}`))
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(server.url) && !/^(data|blob|about):/.test(url)) bad.push(`request: ${url}`)
  })
  const clean = () => {
    const left = bad.filter((text) => !expected.some((pattern) => pattern.test(text)))
    assert.deepEqual(left, [])
  }
  if (login?.name) {
    await page.goto(`${server.url}/login`)
    await logIn(page, login)
    await page.waitForURL((url) => url.pathname === '/')
  } else if (login) {
    const answer = await fetch(`${server.url}/api/v1/session`)
    const { demo } = await answer.json()
    assert.ok(demo, 'only the demonstration logs in by its link')
    await page.goto(server.link)
    await page.waitForURL((url) => url.pathname === '/')
  }
  const go = async (path) => {
    await page.goto(`${server.url}${path}`)
    await page.waitForSelector('h1')
  }
  return { page, context, go, clean, expected, close: () => context.close() }
}

/** Fills the form that logs in, on its page or in the dialog over the work. */
export async function logIn(where, { name, password }) {
  await where.getByLabel('Name', { exact: true }).fill(name)
  await where.getByLabel('Password', { exact: true }).fill(password)
  await where.getByRole('button', { name: 'Log in' }).click()
}

/** Presses Tab until the element has the focus: for what must work without a mouse. */
export async function tabTo(page, locator, most = 60) {
  const there = () => locator.evaluate((element) => element === document.activeElement)
  for (let n = 0; n < most; n += 1) {
    if (await there()) return
    await page.keyboard.press('Tab')
  }
  assert.ok(await there(), `${locator} is not reached with Tab`)
}

/**
 * Breaches of WCAG 2.2 A and AA, as axe finds them, on the page as it is now, or in a part of it:
 * what is half scrolled away elsewhere has too small a target for axe.
 */
export async function axe(page, name, part = 'html') {
  const source = await readFile(require.resolve('axe-core/axe.min.js'), 'utf8')
  // Evaluated through the debugger: the page's own policy stays as it is.
  await page.evaluate(source)
  const found = await page.evaluate(async (within) => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    const result = await globalThis.axe.run(within, { runOnly: { type: 'tag', values: tags } })
    return result.violations.map(
      (v) => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(' | ')}`,
    )
  }, part)
  assert.deepEqual(found, [], `axe on ${name}`)
}

/** Keeps a picture among the results of the test. */
export async function shot(page, name) {
  await mkdir(shots, { recursive: true })
  await page.screenshot({ path: join(shots, `${name}.png`) })
}

/** No page may be wider than the screen. */
export async function fits(page, name) {
  const [wide, screen] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ])
  assert.ok(wide <= screen, `${name} is ${wide} px wide on a screen of ${screen} px`)
}
