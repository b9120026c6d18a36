// The promises of the security page, seen from outside: the key, the console's
// gate, and what lies on the disk.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { serve, founder, call, run, dataDir, Browser, serverScopes } from './harness.mjs'

async function files(dir) {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath ?? e.path, e.name)).sort()
}

async function digest(dir) {
  const hash = createHash('sha256')
  for (const f of await files(dir)) hash.update(f).update(await readFile(f))
  return hash.digest('hex')
}

const signUp = (endpoint, email, options = {}) =>
  call(endpoint, 'POST', '/account', { body: { userId: 'unique()', email, password: 'correct horse 1' }, ...options })

test('of 200 parallel first sign-ups exactly one succeeds', async (t) => {
  const { endpoint } = await serve(t)
  const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => signUp(endpoint, `u${i}@example.org`)))
  const count = (status) => answers.filter((a) => a.status === status).length
  assert.deepEqual([count(201), count(501)], [1, 199])
  for (const a of answers.filter((a) => a.status === 501)) assert.equal(a.json.type, 'user_console_count_exceeded')
})

test('the e-mail list guards every path of the console', async (t) => {
  const { endpoint, dir, stop } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  await stop()
  const again = await serve(t, { dir, env: { _APP_CONSOLE_WHITELIST_EMAILS: '*@ok.test', _APP_CONSOLE_WHITELIST_ROOT: 'disabled' } })
  const refused = (r) => assert.deepEqual([r.status, r.json?.type], [401, 'user_email_not_whitelisted'], r.text)
  const go = (method, path, options) => call(again.endpoint, method, path, options)
  refused(await signUp(again.endpoint, 'x@example.org'))
  assert.equal((await signUp(again.endpoint, 'x@OK.test')).status, 201)
  refused(await signUp(again.endpoint, 'x@sub.ok.test'))
  refused(await go('POST', '/account/sessions/email', { body: { email: f.email, password: f.password } }))
  for (const path of ['/account', '/teams', '/projects', '/console/variables', '/account/prefs']) refused(await go('GET', path, { browser: f.browser }))
  for (const path of ['/project', '/users', '/tablesdb']) refused(await go('GET', path, { browser: f.browser, headers: f.admin }))
  const key = { 'X-Appwrite-Project': f.project, 'X-Appwrite-Key': f.key.secret }
  assert.equal((await go('GET', '/users', { headers: key })).status, 200, 'a key of the project is not the console')
})

test('the address list guards every path of the console', async (t) => {
  const { endpoint, dir, stop } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  await stop()
  const again = await serve(t, { dir, env: { _APP_CONSOLE_WHITELIST_IPS: '10.0.0.0/8', _APP_CONSOLE_WHITELIST_ROOT: 'disabled', MOORFAST_TRUSTED_PROXIES: '192.0.2.1' } })
  const refused = (r) => assert.deepEqual([r.status, r.json?.type], [401, 'user_ip_not_whitelisted'], r.text)
  const spoof = { 'X-Forwarded-For': '10.1.2.3' }
  refused(await signUp(again.endpoint, 'x@example.org'))
  refused(await signUp(again.endpoint, 'x@example.org', { headers: spoof }))
  refused(await call(again.endpoint, 'POST', '/account/sessions/email', { body: { email: f.email, password: f.password }, headers: spoof }))
  refused(await call(again.endpoint, 'GET', '/account', { browser: f.browser, headers: spoof }))
  refused(await call(again.endpoint, 'GET', '/project', { browser: f.browser, headers: { ...f.admin, ...spoof } }))
  assert.equal((await call(again.endpoint, 'GET', '/health/version')).status, 200)
})

test('a forwarded address counts from a trusted proxy', async (t) => {
  const { endpoint } = await serve(t, { env: { _APP_CONSOLE_WHITELIST_IPS: '10.0.0.0/8' } })
  assert.equal((await signUp(endpoint, 'a@example.org', { headers: { 'X-Forwarded-For': '192.0.2.7' } })).json.type, 'user_ip_not_whitelisted')
  assert.equal((await signUp(endpoint, 'a@example.org', { headers: { 'X-Forwarded-For': '10.1.2.3, 192.0.2.7' } })).json.type, 'user_ip_not_whitelisted')
  assert.equal((await signUp(endpoint, 'a@example.org', { headers: { 'X-Forwarded-For': '192.0.2.7, 10.1.2.3' } })).status, 201)
})

test('known keys are refused, and make no file', async (t) => {
  for (const key of ['your-secret-key', 'changeme', '']) {
    const dir = join(await dataDir(t), 'data')
    const { code, out } = await run(['serve', '--data', dir, '--listen', '127.0.0.1:0'], { _APP_OPENSSL_KEY_V1: key })
    assert.equal(code, 78, out)
    assert.match(out, /_APP_OPENSSL_KEY_V1/)
    await assert.rejects(stat(dir), { code: 'ENOENT' })
  }
})

test('a wrong key stops the start, and nothing is touched', async (t) => {
  const A = randomBytes(32).toString('hex')
  const B = randomBytes(32).toString('hex')
  const { endpoint, dir, stop } = await serve(t, { env: { _APP_OPENSSL_KEY_V1: A } })
  await founder(endpoint, { scopes: serverScopes })
  await stop()
  const before = await digest(dir)
  for (const env of [{ _APP_OPENSSL_KEY_V1: B }, {}]) {
    const started = Date.now()
    const { code, out } = await run(['serve', '--data', dir, '--listen', '127.0.0.1:0'], env)
    assert.equal(code, 78, out)
    assert.ok(Date.now() - started < 2000, 'within two seconds')
    if (env._APP_OPENSSL_KEY_V1) assert.equal(new Set(out.match(/mfk1:[A-Z2-7-]{19}/g)).size, 2, out)
    assert.equal(await digest(dir), before)
  }
  await serve(t, { dir, env: { _APP_OPENSSL_KEY_V1: A } })
})

test('the made key is private, and is printed nowhere', async (t) => {
  const { dir, output } = await serve(t)
  const path = join(dir, 'keys', 'master.key')
  assert.equal((await stat(path)).mode & 0o777, 0o600)
  assert.equal((await stat(join(dir, 'keys'))).mode & 0o777, 0o700)
  const key = (await readFile(path, 'utf8')).trim()
  assert.equal(output().includes(key), false)
  assert.match(output(), /mfk1:/)
})

test('no secret lies on the disk as text', async (t) => {
  const { endpoint, dir, stop } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  const secret = (name) => `canary-${name}-${randomBytes(12).toString('hex')}`
  const canaries = { password: secret('password'), webhook: secret('webhook'), signature: secret('signature'), key: f.key.secret }
  await f.must('POST', '/webhooks', {
    webhookId: 'unique()', name: 'hook', url: 'https://example.org/hook', events: ['users.*.create'],
    authUsername: 'user', authPassword: canaries.webhook, secret: canaries.signature,
  }, f.admin)
  await f.must('POST', '/users', { userId: 'eve', email: 'eve@example.org', password: canaries.password }, f.admin)
  const eve = new Browser()
  const project = { 'X-Appwrite-Project': f.project }
  const session = await call(endpoint, 'POST', '/account/sessions/email', { body: { email: 'eve@example.org', password: canaries.password }, headers: project, browser: eve })
  assert.equal(session.status, 201, session.text)
  for (const [name, value] of [...eve.cookies, ...f.browser.cookies]) {
    canaries[name] = JSON.parse(Buffer.from(decodeURIComponent(value), 'base64').toString()).secret
  }
  const token = await f.must('POST', '/users/eve/tokens', { length: 64 }, f.admin)
  canaries.token = token.secret
  const search = async () => {
    for (const path of await files(dir)) {
      const content = await readFile(path)
      for (const [name, value] of Object.entries(canaries)) {
        assert.equal(content.includes(value), false, `${name} is in ${path}`)
        assert.equal(content.includes(Buffer.from(value, 'utf16le')), false, `${name} is in ${path}`)
      }
      assert.equal(content.includes('$argon2'), false, `a password hash is in ${path}`)
    }
  }
  await search()
  await stop('SIGKILL')
  await search()
})

test('an API key is shown once', async (t) => {
  const { endpoint } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  const again = await f.must('GET', `/project/keys/${f.key.$id}`, undefined, f.admin)
  assert.notEqual(again.secret, '')
  assert.notEqual(again.secret, f.key.secret)
  assert.ok(again.secret.endsWith(f.key.secret.slice(-4)))
  const headers = (key) => ({ 'X-Appwrite-Project': f.project, 'X-Appwrite-Key': key })
  assert.equal((await call(endpoint, 'GET', '/users', { headers: headers(f.key.secret) })).status, 200)
  assert.equal((await call(endpoint, 'GET', '/users', { headers: { 'X-Appwrite-Project': f.project, 'X-Appwrite-Key': 'standard_' + '0'.repeat(256) } })).status, 401)
  await f.must('DELETE', `/project/keys/${f.key.$id}`, undefined, f.admin)
  assert.equal((await call(endpoint, 'GET', '/users', { headers: headers(f.key.secret) })).status, 401, 'revoked at once')
})

test('another project is another world', async (t) => {
  const { endpoint } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  await f.must('POST', '/organization/projects', { projectId: 'other', name: 'Other' }, { 'X-Appwrite-Organization': 'home' })
  await f.must('POST', '/users', { userId: 'eve', email: 'eve@example.org', password: 'correct horse 1' }, f.admin)
  const eve = new Browser()
  const go = (method, path, project, body) => call(endpoint, method, path, { body, headers: { 'X-Appwrite-Project': project }, browser: eve })
  assert.equal((await go('POST', '/account/sessions/email', f.project, { email: 'eve@example.org', password: 'correct horse 1' })).status, 201)
  const { jwt } = (await go('POST', '/account/jwts', f.project, {})).json
  assert.equal((await go('GET', '/account', f.project)).status, 200)
  assert.equal((await go('GET', '/account', 'other')).status, 401)
  for (const headers of [{ 'X-Appwrite-Project': 'other' }, { 'X-Appwrite-Project': 'console' }, { 'X-Appwrite-Project': f.project, 'X-Appwrite-Mode': 'admin' }]) {
    const r = await call(endpoint, 'GET', '/account', { headers: { ...headers, 'X-Appwrite-JWT': jwt } })
    assert.deepEqual([r.status, r.json.type], [401, 'user_jwt_invalid'], r.text)
  }
  const key = await call(endpoint, 'GET', '/users', { headers: { 'X-Appwrite-Project': 'other', 'X-Appwrite-Key': f.key.secret } })
  assert.deepEqual([key.status, key.json.type], [401, 'general_unauthorized_scope'])
  assert.equal((await go('GET', '/account', 'nothing')).json.type, 'project_not_found')
})

test('deleting the last account does not reopen the sign-up', async (t) => {
  const { endpoint } = await serve(t)
  const browser = new Browser()
  await signUp(endpoint, 'a@example.org')
  await call(endpoint, 'POST', '/account/sessions/email', { body: { email: 'a@example.org', password: 'correct horse 1' }, browser })
  assert.equal((await call(endpoint, 'DELETE', '/account', { browser })).status, 204)
  assert.equal((await signUp(endpoint, 'b@example.org')).json.type, 'user_console_count_exceeded')
})

test('settings that cannot be are all named at once', async (t) => {
  const dir = await dataDir(t)
  const { code, out } = await run(['serve', '--data', dir], {
    _APP_CONSOLE_WHITELIST_ROOT: 'yes', _APP_CONSOLE_WHITELIST_IPS: '10.0.0.0/33', MOORFAST_LISTN: 'x',
  })
  assert.equal(code, 78)
  for (const name of ['_APP_CONSOLE_WHITELIST_ROOT', '10.0.0.0/33', 'MOORFAST_LISTEN']) assert.ok(out.includes(name), out)
  assert.deepEqual(await readdir(dir), [])
})

test('metrics are for who has the token, and name nobody', async (t) => {
  const { createServer } = await import('node:net')
  const port = await new Promise((resolve) => {
    const s = createServer().listen(0, '127.0.0.1', () => {
      const { port } = s.address()
      s.close(() => resolve(port))
    })
  })
  const { endpoint } = await serve(t, { env: { MOORFAST_METRICS_LISTEN: `127.0.0.1:${port}`, MOORFAST_METRICS_TOKEN: 'a token of some length' } })
  await founder(endpoint, { scopes: [] })
  await call(endpoint, 'POST', '/account/sessions/email', { body: { email: 'founder@example.org', password: 'a wrong password' } })
  const at = `http://127.0.0.1:${port}/metrics`
  assert.equal((await fetch(at)).status, 401)
  const text = await (await fetch(at, { headers: { Authorization: 'Bearer a token of some length' } })).text()
  assert.match(text, /moorfast_auth_attempts_total\{method="password",result="refused"\} 1/)
  assert.match(text, /moorfast_key_age_seconds\{purpose="root"\} \d/)
  assert.ok(!text.includes('example.org'))
  const { code, out } = await run(['serve', '--data', await dataDir(t), '--listen', '127.0.0.1:0'], { MOORFAST_METRICS_LISTEN: '0.0.0.0:0' })
  assert.equal(code, 78)
  assert.match(out, /need a token/)
})
