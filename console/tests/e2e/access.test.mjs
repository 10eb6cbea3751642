// Who may come in, and who may do what: the first start, log in and out, roles, a session that
// ends during work.

import { after, test } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { axe, closeBrowser, logIn, serve, shot, until, visit } from './harness.mjs'
import { pcap, udpFrame } from './made.mjs'

const PASSWORD = 'correct horse battery'
// Root could watch an interface of this machine; what is tested here needs none.
const UNPRIVILEGED = process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-net_raw,-net_admin'] : []
const REFUSED = /40[013] \((Bad Request|Unauthorized|Forbidden)\)/
const stops = []

after(async () => {
  await closeBrowser()
  for (const stop of stops) await stop()
})

async function started(...args) {
  const server = await serve(...args)
  stops.push(server.stop)
  return server
}

test('the first start asks for an administrator, once', async (t) => {
  const server = await started('run', [], UNPRIVILEGED)
  const visitor = await visit(server, { login: false })
  const { page, go } = visitor
  visitor.expected.push(REFUSED)
  const title = page.getByRole('heading', { level: 1, name: 'Set up Anomalyzer' })

  await t.test('every page leads to the set-up', async () => {
    for (const path of ['/', '/alerts', '/settings/users']) {
      await go(path)
      await title.waitFor()
    }
    await page.getByText('The set-up link is needed').waitFor()
  })
  await t.test('a weak password is refused with words', async () => {
    await page.goto(server.link)
    await title.waitFor()
    const start = page.getByRole('button', { name: 'Start' })
    await page.getByLabel('Name', { exact: true }).fill('ada')
    await page.getByLabel('Password', { exact: true }).fill('short')
    await page.getByText('Too short: at least 10 characters.').waitFor()
    assert.ok(await start.isDisabled())
    await page.getByLabel('Password', { exact: true }).fill('password123')
    await page.getByText('Easy to guess.').waitFor()
    assert.ok(await start.isDisabled())
    await axe(page, 'set-up')
    await shot(page, 'set-up')
  })
  await t.test('the link makes the administrator and logs in', async () => {
    await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await page.getByRole('button', { name: 'Start' }).click()
    await page.waitForURL((url) => url.pathname === '/')
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    await page.getByText('Anomalyzer may not capture').waitFor()
    await page.getByText(/^Watching \S+ needs the right CAP_NET_(RAW|ADMIN)/).waitFor()
    const line = page.locator('main code').filter({ hasText: /^sudo setcap cap_net_raw,cap_net_admin=eip \S+$/ })
    await line.waitFor()
    assert.equal(await page.getByText('network is silent').count(), 0)
    assert.equal(await page.getByText('not-permitted').count(), 0, 'the raw word of the API is not shown')
    await axe(page, 'no right to capture')
    await shot(page, 'no-right-to-capture')
  })
  await t.test('the link works once', async () => {
    const token = new URL(server.link).hash.split('token=')[1]
    const body = JSON.stringify({ token, name: 'eve', password: PASSWORD, interfaces: [] })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${server.url}/api/v1/setup`, { method: 'POST', headers, body })
    assert.equal(answer.status, 409)
    assert.match((await answer.json()).detail, /set up already/)
    await page.goto(server.link)
    await page.getByText('Set-up is done').waitFor()
  })
  await t.test('log out, a wrong password, log in', async () => {
    await go('/')
    await page.getByRole('button', { name: 'Account of ada' }).click()
    await page.getByRole('menuitem', { name: 'Log out' }).click()
    await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
    await axe(page, 'log in')
    await logIn(page, { name: 'ada', password: 'something else' })
    await page.getByText('Name or password is wrong.').waitFor()
    await logIn(page, { name: 'ada', password: PASSWORD })
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  })
  await t.test('the log-in leads to the page that was wanted, with its source', async () => {
    await go('/flows?source=1&filter=dport%3A53')
    await page.getByRole('button', { name: 'Account of ada' }).click()
    await page.getByRole('menuitem', { name: 'Log out' }).click()
    await page.getByRole('heading', { level: 1, name: 'Log in' }).waitFor()
    await logIn(page, { name: 'ada', password: PASSWORD })
    await page.getByRole('heading', { level: 1, name: 'Flows' }).waitFor()
    const { pathname, searchParams } = new URL(page.url())
    assert.deepEqual([pathname, searchParams.get('source'), searchParams.get('filter')], ['/flows', '1', 'dport:53'])
    await page.goto(`${server.url}/login?source=1&next=%2F%2Fother.example%2F`)
    await logIn(page, { name: 'ada', password: PASSWORD })
    await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
    assert.equal(new URL(page.url()).origin, server.url)
  })
  visitor.clean()
  await visitor.close()
})

test('the set-up of a replay offers no interfaces', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anomalyzer-e2e-'))
  const file = join(folder, 'one.pcap')
  await writeFile(file, pcap([udpFrame({ from: [10, 0, 0, 1], to: [10, 0, 0, 2], port: 40_000 })]))
  const server = await started('run', ['--pcap', file])
  const visitor = await visit(server, { login: false })
  const { page } = visitor
  await page.goto(server.link)
  await page.getByRole('heading', { level: 1, name: 'Set up Anomalyzer' }).waitFor()
  await page.getByText('This run replays a capture').waitFor()
  assert.equal(await page.getByRole('checkbox').count(), 0)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Start' }).click()
  await page.getByRole('heading', { level: 1, name: 'Overview' }).waitFor()
  await page.goto(`${server.url}/settings/capture`)
  await page.getByText('This run replays a capture').waitFor()
  await axe(page, 'capture of a replay')
  visitor.clean()
  await visitor.close()
  await rm(folder, { recursive: true, force: true })
})

test('roles', async (t) => {
  const server = await started('demo')
  const one = async () => {
    const { items } = await server.api('/api/v1/alerts?severity=medium&limit=100')
    for (const each of items) {
      const packets = await server.api(`/api/v1/alerts/${each.id}/packets`)
      if (packets.items.length > 0) return each
    }
    return undefined
  }
  const alert = await until(one, 20_000, 'the demonstration shows an alert with packets')
  for (const [name, role] of [['vera', 'viewer'], ['ana', 'analyst'], ['ada', 'admin']]) server.addUser(name, role, PASSWORD)
  await t.test('a viewer looks, and sees why nothing else', () => viewer(server, alert))
  await t.test('a refusal is shown as one', () => refused(server))
  await t.test('a session that ends during work', () => sessionEnds(server, alert))
})

async function viewer(server, alert) {
  const visitor = await visit(server, { login: { name: 'vera', password: PASSWORD } })
  const { page, go } = visitor
  await go(`/alerts?item=${alert.id}`)
  const acknowledge = page.locator('.detail').getByRole('button', { name: 'Acknowledge' })
  await acknowledge.waitFor()
  assert.ok(await acknowledge.isDisabled())
  assert.match(await acknowledge.getAttribute('title'), /needs the role analyst/)
  await page.keyboard.press('j')
  await page.keyboard.press('a')
  // The key moved on to another one, which may have no packets.
  await go(`/alerts?item=${alert.id}`)
  await page.getByRole('button', { name: 'Show packets' }).click()
  await page.getByText('Payload is for the role analyst and above.').waitFor()
  assert.equal(await page.getByRole('group', { name: /^Bytes of the packet/ }).count(), 0)
  await shot(page, 'viewer')
  await axe(page, 'viewer', 'main .list')
  await go('/settings/detectors/port-scan')
  await page.getByText('Changing this needs the role administrator.').waitFor()
  assert.ok(await page.getByLabel('ports', { exact: true }).isDisabled())
  assert.equal((await server.api(`/api/v1/alerts/${alert.id}`)).state, 'open')
  visitor.clean()
  await visitor.close()
}

/** What a viewer asks for by hand is refused by the server, not by the page alone. */
async function refused(server) {
  const visitor = await visit(server, { login: { name: 'vera', password: PASSWORD } })
  const { page, go } = visitor
  visitor.expected.push(/403 \(Forbidden\)/)
  for (const path of ['/settings/users', '/settings/audit']) {
    await go(path)
    await page.getByText(/Your role (does not allow this|may look only)/).first().waitFor()
  }
  const types = await page.evaluate(async () => {
    const { csrf } = await (await fetch('/api/v1/session')).json()
    const ask = async (method, path, body) => {
      const headers = { 'X-CSRF-Token': csrf, 'Content-Type': 'application/json' }
      const answer = await fetch(`/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) })
      return `${answer.status} ${(await answer.json()).type}`
    }
    return [
      await ask('GET', 'users'),
      await ask('POST', 'alerts/state', { source: 1, ids: ['0000000000000000'], incidents: [], state: 'closed' }),
      await ask('PATCH', 'settings', { set: [], hosts: [], version: 0 }),
    ]
  })
  assert.deepEqual(types, Array(3).fill('403 urn:anomalyzer:role'))
  visitor.clean()
  await visitor.close()
}

/** An administrator gives a new password: who worked with the old one logs in and goes on. */
async function sessionEnds(server, alert) {
  const worker = await visit(server, { login: { name: 'ana', password: PASSWORD } })
  worker.expected.push(/401 \(Unauthorized\)/)
  await worker.go(`/alerts?item=${alert.id}`)
  const acknowledge = worker.page.locator('.detail').getByRole('button', { name: 'Acknowledge' })
  await acknowledge.waitFor()
  const admin = await visit(server, { login: { name: 'ada', password: PASSWORD } })
  await setPassword(admin, 'ana', 'a new pass phrase')
  // What comes by itself, as news of the alert, may find out first that the session has ended.
  const clicked = await acknowledge.click({ timeout: 1_500 }).then(() => true, () => false)
  const overlay = worker.page.getByRole('dialog', { name: 'Your session has ended' })
  await overlay.waitFor()
  await axe(worker.page, 'session has ended')
  await shot(worker.page, 'session-ended')
  await logIn(overlay, { name: 'ana', password: 'a new pass phrase' })
  await overlay.waitFor({ state: 'detached' })
  if (!clicked) await acknowledge.click()
  const state = async () => (await server.api(`/api/v1/alerts/${alert.id}`)).state === 'acknowledged'
  await until(state, 3_000, 'the action goes on after the log-in')
  await worker.page.locator('.toasts').getByText('Acknowledged.').waitFor()
  for (const visitor of [worker, admin]) {
    visitor.clean()
    await visitor.close()
  }
}

async function setPassword({ page, go }, name, password) {
  await go('/settings/users')
  const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })
  await row.getByRole('button', { name: 'Password' }).click()
  const dialog = page.getByRole('dialog', { name: `Password of ${name}` })
  await dialog.getByLabel('New password').fill(password)
  await axe(page, 'new password')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await page.getByText(`${name} is changed.`).waitFor()
}
