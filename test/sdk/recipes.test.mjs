// What an operator does to an installation, and what must hold then, told by
// commands alone. The recipes that need no command are in security.test.mjs.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { cp, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { once } from 'node:events'
import { serve, founder, call, run, dataDir, serverScopes } from './harness.mjs'

const binary = process.env.MOORFAST ?? '../../bin/moorfast'

// fill makes users, whose passwords are sealed, and returns how to ask for them.
async function fill(endpoint, f, from, to) {
  const headers = { 'X-Appwrite-Project': f.project, 'X-Appwrite-Key': f.key.secret }
  for (let i = from; i < to; i++) {
    const r = await call(endpoint, 'POST', '/users', { headers, body: { userId: `u${i}`, email: `u${i}@example.org`, password: `correct horse ${i}` } })
    assert.equal(r.status, 201, r.text)
  }
}

// signsIn has a user show the password, which has to be opened for that.
async function signsIn(endpoint, f, i) {
  const r = await call(endpoint, 'POST', '/account/sessions/email', {
    headers: { 'X-Appwrite-Project': f.project }, body: { email: `u${i}@example.org`, password: `correct horse ${i}` },
  })
  assert.equal(r.status, 201, r.text)
}

async function exits(code, dir, args, env = {}) {
  const r = await run([...args, '--data', dir], env)
  assert.equal(r.code, code, `moorfast ${args.join(' ')}: ${r.code}, not ${code}\n${r.out}`)
  return r.out
}

test('the root key is changed under load, and the old one opens nothing then', async (t) => {
  const next = join(await dataDir(t), 'b.key')
  const { endpoint, dir, stop } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  await fill(endpoint, f, 0, 4)
  let on = true
  const load = (async () => {
    let i = 4
    for (; on; i++) await fill(endpoint, f, i, i + 1)
    return i
  })()
  await exits(0, dir, ['key', 'rotate', '--to', `file:${next}`])
  await exits(0, dir, ['key', 'rotate', '--data-keys'])
  on = false
  const users = await load
  assert.match(await exits(0, dir, ['key', 'status', '--json']), /"state": "grace"/)
  await exits(3, dir, ['key', 'finalize', '--yes']) // the settings name the old one
  await stop()
  const again = await serve(t, { dir, env: { MOORFAST_KEY: `file:${next}` } })
  await exits(0, dir, ['key', 'finalize', '--yes'], { MOORFAST_KEY: `file:${next}` })
  for (const i of [0, 3, users - 1]) await signsIn(again.endpoint, f, i)
  await again.stop()
  assert.match(await exits(78, dir, ['serve']), /expected mfk1:.* given mfk1:/)
  await exits(0, dir, ['key', 'verify'], { MOORFAST_KEY: `file:${next}` })
  await exits(0, dir, ['audit', 'verify'], { MOORFAST_KEY: `file:${next}` })
})

test('a change of the data keys that is killed anywhere loses nothing', async (t) => {
  const { endpoint, dir, stop } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  await fill(endpoint, f, 0, 8)
  await stop()
  for (const after of [5, 20, 40, 60, 80, 120]) {
    const child = spawn(binary, ['key', 'rotate', '--data-keys', '--data', dir], { stdio: 'ignore', env: { PATH: process.env.PATH, HOME: process.env.HOME } })
    const timer = setTimeout(() => child.kill('SIGKILL'), after)
    await once(child, 'close')
    clearTimeout(timer)
    await exits(0, dir, ['key', 'verify'])
  }
  await exits(0, dir, ['key', 'rotate', '--data-keys'])
  const again = await serve(t, { dir })
  for (let i = 0; i < 8; i++) await signsIn(again.endpoint, f, i)
  await again.stop()
  await exits(0, dir, ['audit', 'verify'])
})

// A socket can not be copied, and is made anew by each server.
const copy = { recursive: true, filter: (path) => !path.endsWith('.sock') }

// tamper changes a text in the files of a database, at the same length, and
// returns how often it was there.
async function tamper(dir, from, to) {
  assert.equal(from.length, to.length)
  let n = 0
  for (const e of await readdir(dir, { recursive: true, withFileTypes: true })) {
    const path = join(e.parentPath ?? e.path, e.name)
    if (!e.isFile() || !e.name.endsWith('.db')) continue
    const text = await readFile(path)
    const file = await open(path, 'r+')
    for (let at = text.indexOf(from); at >= 0; at = text.indexOf(from, at + 1), n++) await file.write(to, at)
    await file.close()
  }
  return n
}

test('an audit log that was changed, or put back, is found', async (t) => {
  const { endpoint, dir, stop } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  await fill(endpoint, f, 0, 2)
  await stop()
  const witness = await dataDir(t)
  const before = join(await dataDir(t), 'before')
  await cp(dir, before, copy)
  await exits(0, dir, ['audit', 'verify'])
  await exits(0, dir, ['audit', 'checkpoint', 'publish', witness])

  const changed = join(await dataDir(t), 'changed')
  await cp(dir, changed, copy)
  assert.ok(await tamper(changed, '"event":"user.create"', '"event":"user.delete"'), 'no record was found to be changed')
  assert.match(await exits(1, changed, ['audit', 'verify']), /FAIL .*record \d+: it was changed/)

  const again = await serve(t, { dir })
  await fill(again.endpoint, f, 2, 4)
  await again.stop()
  await exits(0, dir, ['audit', 'checkpoint', 'publish', witness])
  await exits(0, dir, ['audit', 'verify', '--checkpoint', witness])
  await exits(0, before, ['audit', 'verify']) // by itself it is whole,
  assert.match(await exits(1, before, ['audit', 'verify', '--checkpoint', witness]), /before the saved checkpoint/)
  assert.match(await exits(1, before, ['audit', 'checkpoint', 'publish', witness]), /forked, or put back/)
})

test('keys that were lost come back from a backup', async (t) => {
  const { endpoint, dir, stop } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  await fill(endpoint, f, 0, 2)
  await stop()
  const away = await dataDir(t)
  const pass = join(away, 'passphrase')
  await writeFile(pass, 'a passphrase of many bytes', { mode: 0o600 })
  const backup = join(away, 'keys.age')
  await exits(0, dir, ['key', 'export', '--out', backup, '--passphrase', `file:${pass}`])
  await rm(join(dir, 'keys'), { recursive: true })
  await exits(78, dir, ['serve'])
  await mkdir(join(dir, 'keys'), { mode: 0o700 })
  await exits(0, dir, ['key', 'import', backup, '--passphrase', `file:${pass}`])
  const again = await serve(t, { dir })
  await signsIn(again.endpoint, f, 1)
  await again.stop()
  const log = await exits(0, dir, ['audit', 'search', '--project', 'console'])
  for (const event of ['key.export', 'key.import', 'server.start', 'server.stop']) assert.match(log, new RegExp(`  ${event}  `))
})
