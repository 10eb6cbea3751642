// Models: the form with an error for each field; from a file to a candidate, to use and back; what
// labels teach; on a phone and in both themes.

import { after, before, test } from 'node:test'
import assert from 'node:assert/strict'
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DESK, PHONE, axe, closeBrowser, fits, serve, settledAlert, shot, until, visit } from './harness.mjs'

/** A run in a program that is not built for speed, on a machine that does other things too. */
const TRAINED_MS = 120_000
let server
let visitor
let page
let folder

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anomalyzer-e2e-'))
  server = await serve('demo')
  visitor = await visit(server)
  page = visitor.page
})

after(async () => {
  await closeBrowser()
  await server?.stop()
  if (folder) await rm(folder, { recursive: true, force: true })
})

/** The same numbers at every run. */
function dice(seed) {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Records as a file: office traffic, floods and uploads, some of them hard to tell. */
function records(count, names, seed = 7) {
  const roll = dice(seed)
  const lines = [names.join(',')]
  for (let n = 0; n < count; n += 1) {
    const inside = `192.168.${roll(4)}.${1 + roll(250)}`
    const outside = `203.0.113.${1 + roll(250)}`
    const kind = roll(10)
    const blurred = roll(40) === 0
    if (kind < 6) lines.push([inside, outside, 'TCP', 200 + roll(1200), 300 + roll(9_000), 2_000 + roll(400_000), 'ACK', blurred ? 1 : 0, blurred ? 'other' : ''].join(','))
    else if (kind < 8) lines.push([outside, inside, 'TCP', 40 + roll(40), 40 + roll(900), roll(3) * roll(60), 'SYN', blurred ? 0 : 1, blurred ? '' : 'syn-flood'].join(','))
    else lines.push([inside, outside, 'TCP', 1400, 900_000 + roll(9_000_000), 800 + roll(3_000), 'ACK', blurred ? 0 : 1, blurred ? '' : 'upload'].join(','))
  }
  return `${lines.join('\n')}\n`
}
const FORM = ['source_ip', 'destination_ip', 'protocol', 'packet_size', 'bytes_sent', 'bytes_received', 'flag', 'is_anomaly', 'kind']
/** Two columns that nobody can guess. */
const STRANGE = FORM.with(0, 'alpha').with(1, 'beta')

const tab = (name) => page.getByRole('tab', { name, exact: true })
const predict = () => page.getByRole('button', { name: 'Predict', exact: true }).click()
const fileInput = () => page.locator('.drop input[type=file]')
const models = async () => (await server.api('/api/v1/models')).items.filter((one) => one.schema === 'form')
const inUse = async () => (await models()).find((one) => one.state === 'active')?.id
const confirm = (name, button) => page.getByRole('dialog', { name }).getByRole('button', { name: button, exact: true }).click()

/** Waits for the run on top to be over, and opens its model. */
async function trained() {
  const first = page.locator('#jobs li').first()
  await first.getByText('done', { exact: true }).waitFor({ timeout: TRAINED_MS })
  await first.getByRole('link', { name: 'See the model' }).click()
  await page.locator('.detail h2').waitFor()
  return page.locator('.detail h2').innerText()
}

test('each field says what is wrong with it', async () => {
  await visitor.go('/models')
  await predict()
  const wrong = page.locator('#predict-form [aria-invalid=true]')
  assert.equal(await wrong.count(), 7)
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('name')), 'source_ip')
  await page.getByText('7 fields need another look.').waitFor()
  await axe(page, 'the form with faults')
  await shot(page, 'models-faults')
  await page.getByRole('button', { name: 'Fill example' }).click()
  assert.equal(await wrong.count(), 0)
  const cases = [
    ['Source IP', '300.1.1.1', 'This is no address.'],
    ['Destination IP', '', 'Enter an IPv4 or IPv6 address.'],
    ['Packet size', '70000', 'Too large: at most 65,535.'],
    ['Bytes sent', '-5', 'There are no fewer than 0 bytes.'],
    ['Bytes received', '1.5', 'Bytes are whole'],
  ]
  for (const [label, text, fault] of cases) {
    const field = page.getByLabel(label)
    const before = await field.inputValue()
    await field.fill(text)
    await predict()
    const id = await field.getAttribute('aria-describedby')
    assert.ok(id, `${label} is described by its fault`)
    assert.ok((await page.locator(`#${id}`).innerText()).startsWith(fault), `${label}: ${fault}`)
    await field.fill(before)
    assert.equal(await field.getAttribute('aria-invalid'), 'false', `${label} is well again at once`)
  }
  await page.getByRole('button', { name: 'Reset' }).click()
  assert.equal(await page.getByLabel('Source IP').inputValue(), '')
})

test('the program finds the same faults, field by field', async () => {
  const headers = { authorization: `Bearer ${server.token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ source_ip: 'x', packet_size: '-1', protocol: 'SCTP' })
  const answer = await fetch(`${server.url}/predict`, { method: 'POST', headers, body })
  // Without a model in use there is nothing to ask: that is said first.
  if (answer.status === 409) return
  assert.equal(answer.status, 422)
  const { errors } = await answer.json()
  assert.deepEqual(errors.map((one) => one.field).sort(), ['bytes_received', 'bytes_sent', 'destination_ip', 'flag', 'packet_size', 'protocol', 'source_ip'])
})

test('files that are no use are refused with words', async () => {
  visitor.expected.push(/400 \(Bad Request\)/)
  await tab('Training').click()
  const refused = page.locator('.drop ~ [role=alert]')
  await fileInput().setInputFiles({ name: 'nothing.csv', mimeType: 'text/csv', buffer: Buffer.alloc(0) })
  await refused.getByText('nothing.csv is empty.').waitFor()
  const huge = join(folder, 'huge.csv')
  const file = await open(huge, 'w')
  await file.truncate(300 << 20)
  await file.close()
  await fileInput().setInputFiles(huge)
  await refused.getByText('huge.csv has 315 MB; at most 256 MiB are taken.').waitFor()
  const sent = await server.api('/api/v1/models/jobs')
  assert.ok(sent.items.length >= 0)
  await rm(huge)
})

test('a file becomes a candidate, is put to use and predicts', async () => {
  const path = join(folder, 'office.csv')
  const text = records(4_000, STRANGE).replace(/^(([^,\n]*,){4})\d+/m, '$1many')
  await writeFile(path, text)
  await tab('Training').click()
  await fileInput().setInputFiles(path)
  await page.getByText('4,001 lines, 9 columns').waitFor()
  await page.getByLabel('Kind of records').selectOption('form')
  await page.getByText('2 fields have no column yet.').waitFor()
  const train = page.getByRole('button', { name: 'Train', exact: true })
  assert.ok(await train.isDisabled())
  await page.getByLabel('Column for source_ip').selectOption('alpha')
  await page.getByLabel('Column for destination_ip').selectOption('beta')
  await page.getByText(/^All \d+ fields have their column\.$/).waitFor()
  await page.getByText('First rows').click()
  assert.ok((await page.getByRole('region', { name: 'First rows' }).locator('tbody tr').count()) >= 10)
  await axe(page, 'training')
  await shot(page, 'models-training')
  await page.getByLabel('False alarms wanted').fill('0')
  await page.getByText('Enter a share above 0').waitFor()
  assert.ok(await train.isDisabled())
  await page.getByLabel('False alarms wanted').fill('5')
  await page.getByLabel('Algorithm').selectOption('gbdt')
  await train.click()
  const id = await trained()
  const model = await server.api(`/api/v1/models/${id}`)
  assert.equal(model.state, 'candidate')
  await page.getByRole('heading', { name: 'Found of each kind of attack' }).waitFor()
  assert.equal(await page.locator('.detail svg[role=img]').count(), 2, 'both curves are drawn')
  const { confusion } = model.metrics
  const said = (await page.locator('.detail figure table').first().innerText()).replaceAll(',', '')
  for (const count of Object.values(confusion)) assert.ok(said.includes(String(count)), `the matrix shows ${count}`)
  await page.getByText('syn-flood', { exact: true }).waitFor()
  await axe(page, 'a candidate')
  await shot(page, 'models-candidate')
  await page.getByRole('button', { name: 'Promote' }).click()
  await confirm(`Put model ${id} to use?`, 'Promote')
  await until(async () => (await inUse()) === id, 5_000, 'the candidate is in use')
  await predictBoth(id)
})

async function predictBoth(id) {
  await visitor.go('/models')
  const verdict = page.locator('.verdict .word')
  for (const expected of ['Normal traffic', 'Anomaly detected!']) {
    await page.getByRole('button', { name: 'Fill example' }).click()
    const began = Date.now()
    await predict()
    await verdict.getByText(expected).waitFor()
    assert.ok(Date.now() - began < 2_000, `${expected} within 2 s`)
  }
  await page.getByRole('img', { name: /^Probability of an anomaly \d/ }).waitFor()
  assert.ok((await page.locator('.reasons li').count()) >= 1, 'says why')
  assert.match(await page.locator('.reasons li').first().innerText(), /[+-]\d/)
  await page.getByRole('link', { name: `by model ${id}` }).waitFor()
  await page.locator('.submitted').getByText('203.0.113.77').waitFor()
  const history = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Your latest predictions' }) })
  await history.getByText('Anomaly detected!').first().waitFor()
  await axe(page, 'a prediction')
  await shot(page, 'models-prediction')
  await history.getByRole('button', { name: 'Into the form' }).last().click()
  assert.equal(await page.getByLabel('Source IP').inputValue(), '192.168.1.10')
}

test('another model, by drag and drop, beside the one in use; one step leads back', async () => {
  const first = await inUse()
  await tab('Training').click()
  const text = records(3_000, FORM, 11)
  const data = await page.evaluateHandle((csv) => {
    const transfer = new DataTransfer()
    transfer.items.add(new File([csv], 'again.csv', { type: 'text/csv' }))
    return transfer
  }, text)
  await page.locator('.drop').dispatchEvent('drop', { dataTransfer: data })
  await page.getByText('3,001 lines').waitFor()
  assert.equal(await page.getByLabel('Kind of records').inputValue(), 'form', 'its columns say what it is')
  await page.getByLabel('Algorithm').selectOption('forest')
  await page.getByRole('button', { name: 'Train', exact: true }).click()
  const second = await trained()
  assert.notEqual(second, first)
  const compare = page.locator('.compare')
  await compare.getByText(/records, which were held out\.$/).waitFor()
  const told = await server.api(`/api/v1/models/${second}/compare`)
  await compare.getByText(told.better ? 'Better' : 'Not better').waitFor()
  assert.ok((await compare.locator('tbody tr').count()) >= 6)
  await shot(page, 'models-compare')
  await page.getByRole('button', { name: 'Promote' }).click()
  await confirm(`Put model ${second} to use?`, 'Promote')
  await until(async () => (await inUse()) === second, 5_000, 'the second is in use')
  await page.locator('.detail').getByRole('button', { name: 'Roll back' }).click()
  await confirm('Go back to the model before?', 'Roll back')
  await until(async () => (await inUse()) === first, 5_000, 'the first is in use again')
  await page.locator('.toasts').getByText(`Model ${first} is in use again.`).waitFor()
})

test('a model goes out as a file and comes in again; other files are refused', async () => {
  visitor.expected.push(/40[09] \((Bad Request|Conflict)\)/)
  const id = (await models()).find((one) => one.state !== 'active').id
  await visitor.go(`/models?tab=models&model=${id}`)
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download' }).click()])
  const bytes = await readFile(await download.path())
  assert.ok(bytes.length > 500)
  await page.getByRole('button', { name: `Remove model ${id}` }).click()
  await confirm(`Remove model ${id}`, 'Remove')
  await until(async () => !(await models()).some((one) => one.id === id), 5_000, 'it is removed')
  const chooser = page.locator('input[type=file][aria-label^="Import"]')
  await chooser.setInputFiles({ name: 'model.pkl', mimeType: 'application/octet-stream', buffer: Buffer.from('\x80\x04\x95sklearn', 'latin1') })
  await page.locator('.toasts').getByText(/pickle/i).waitFor()
  await chooser.setInputFiles({ name: 'cut.model', mimeType: 'application/octet-stream', buffer: bytes.subarray(0, bytes.length / 2) })
  await until(async () => (await page.locator('.toasts li, .toasts [role=alert], .toasts > *').count()) >= 2, 5_000, 'a cut file is refused')
  await chooser.setInputFiles({ name: 'model.model', mimeType: 'application/octet-stream', buffer: bytes })
  await page.locator('.toasts').getByText(`Model ${id} is here as a candidate.`).waitFor()
  assert.equal((await server.api(`/api/v1/models/${id}`)).origin, 'imported')
})

test('a run is stopped', async () => {
  await visitor.go('/models?tab=training')
  const path = join(folder, 'long.csv')
  await writeFile(path, records(60_000, FORM, 3))
  await fileInput().setInputFiles(path)
  await page.getByText('60,001 lines').waitFor()
  await page.getByRole('button', { name: 'Train', exact: true }).click()
  const run = page.locator('#jobs li').first()
  await run.getByRole('progressbar').waitFor()
  await shot(page, 'models-progress')
  await run.getByRole('button', { name: 'Cancel' }).click()
  await run.getByText('cancelled', { exact: true }).waitFor({ timeout: 10_000 })
})

test('flows of an alert are labelled for training', async () => {
  const alert = await settledAlert(server)
  const before = await server.api('/api/v1/labels/summary')
  await visitor.go(`/alerts?item=${alert.id}&severity=info`)
  const part = page.locator('.detail section').filter({ has: page.getByRole('heading', { name: 'For training' }) })
  await part.getByRole('button', { name: 'Attack' }).click()
  await page.locator('.toasts').getByText('Its flows are labelled as an attack.').waitFor()
  const now = await server.api('/api/v1/labels/summary')
  assert.ok(now.attack > before.attack, `${now.attack} flows are labelled`)
  await part.getByRole('link', { name: 'Train on labels' }).click()
  await page.getByRole('tab', { name: 'Labelled flows', selected: true }).waitFor()
  await page.getByText(now.attack.toLocaleString('en'), { exact: true }).waitFor()
})

test('a viewer predicts, and sees why nothing else', async () => {
  server.addUser('vera', 'viewer', 'correct horse battery')
  const other = await visit(server, { login: { name: 'vera', password: 'correct horse battery' } })
  await other.go('/models')
  await other.page.getByRole('button', { name: 'Fill example' }).click()
  await other.page.getByRole('button', { name: 'Predict', exact: true }).click()
  await other.page.locator('.verdict').waitFor()
  await other.page.getByText('What you predict is listed here').waitFor({ state: 'detached' })
  assert.equal((await other.page.locator('.sheet tbody tr').count()), 1, 'the history is one\'s own')
  await other.go('/models?tab=training')
  await other.page.getByText('Training needs the role analyst.').waitFor()
  assert.ok(await other.page.getByRole('button', { name: 'Choose a file…' }).isDisabled())
  await other.go('/models?tab=models')
  await other.page.locator('.detail').waitFor()
  assert.ok(await other.page.locator('.detail').getByRole('button', { name: 'Roll back' }).isDisabled())
  other.clean()
  await other.close()
})

for (const [name, viewport] of [['desk', DESK], ['phone', PHONE]]) {
  for (const scheme of ['light', 'dark']) {
    test(`every tab on a ${name}, ${scheme}`, async () => {
      const other = await visit(server, { viewport, scheme })
      const id = await inUse()
      for (const [part, path] of [['predict', '/models'], ['training', '/models?tab=training'], ['models', `/models?tab=models&model=${id}`]]) {
        await other.go(path)
        await other.page.waitForSelector('[aria-busy="true"]', { state: 'detached' })
        await fits(other.page, part)
        await axe(other.page, `${part}, ${name}, ${scheme}`)
        await shot(other.page, `models-${part}-${name}-${scheme}`)
      }
      other.clean()
      await other.close()
    })
  }
}

test('nothing happened that must not', () => visitor.clean())
