// The control plane, with the SDK of the web console as its client. It sends an
// older response format, and older paths that name the project.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as sdk from '@appwrite.io/console'
import { serve, Browser, call } from './harness.mjs'

async function rejects(promise, type, code) {
  await assert.rejects(promise, (e) => {
    assert.equal(e.type, type, e.message)
    assert.equal(e.code, code, e.message)
    return true
  })
}

const email = 'olga@example.org'
const password = 'correct horse 1'

test('an owner keeps projects', async (t) => {
  const { endpoint } = await serve(t)
  const client = new sdk.Client().setEndpoint(endpoint).setProject('console')
  const account = new sdk.Account(client)
  const teams = new sdk.Teams(client)
  const projects = new sdk.Projects(client)
  const olga = new Browser()

  await olga.as(async () => {
    await rejects(account.get(), 'general_unauthorized_scope', 401)
    await account.create({ userId: sdk.ID.unique(), email, password, name: 'Olga' })
    await account.createEmailPasswordSession({ email, password })
    assert.equal((await account.get()).email, email)
    assert.equal((await account.updatePrefs({ prefs: { view: 'list' } })).prefs.view, 'list')
    assert.equal((await account.getPrefs()).view, 'list')
    const { jwt } = await account.createJWT()
    assert.equal(jwt.split('.').length, 3)
    const variables = await new sdk.Console(client).variables()
    assert.equal(typeof variables._APP_STORAGE_LIMIT, 'number')
    // What the console shows columns and queries for.
    for (const part of ['Relationships', 'Spatials', 'Operators']) assert.equal(variables['supportFor' + part], true, part)
    const versions = await (await fetch(endpoint.replace('/v1', '/versions'))).json()
    for (const name of ['server', 'client-web', 'server-nodejs', 'console-cli']) assert.equal(typeof versions[name], 'string', name)

    const team = await teams.create({ teamId: 'home', name: 'Home' })
    assert.equal(team.total, 1)
    const made = await projects.create({ projectId: 'app', name: 'App', teamId: 'home', region: 'default' })
    assert.equal(made.$id, 'app')
    assert.equal(made.authEmailPassword, true)
    assert.equal(made.serviceStatusForTeams, true)
    assert.equal(made.authDuration, 31536000)
    await rejects(projects.create({ projectId: 'app', name: 'Again', teamId: 'home' }), 'project_already_exists', 409)
    await rejects(projects.create({ projectId: 'console', name: 'No', teamId: 'home' }), 'project_reserved_project', 400)
    await rejects(projects.create({ projectId: 'Upper', name: 'No', teamId: 'home' }), 'general_argument_invalid', 400)
    assert.equal((await projects.list({ queries: [sdk.Query.equal('teamId', ['home'])] })).total, 1)
    assert.equal((await projects.get({ projectId: 'app' })).name, 'App')
    assert.equal((await projects.update({ projectId: 'app', name: 'Renamed' })).name, 'Renamed')
  })

  await t.test('settings', () =>
    olga.as(async () => {
      const projectId = 'app'
      assert.equal((await projects.updateAuthStatus({ projectId, method: 'anonymous', status: false })).authAnonymous, false)
      assert.equal((await projects.updateServiceStatus({ projectId, service: 'teams', status: false })).serviceStatusForTeams, false)
      assert.equal((await projects.updateAuthLimit({ projectId, limit: 2 })).authLimit, 2)
      assert.equal((await projects.updateAuthLimit({ projectId, limit: 0 })).authLimit, 0)
      assert.equal((await projects.updateAuthDuration({ projectId, duration: 3600 })).authDuration, 3600)
      assert.equal((await projects.updateAuthSessionsLimit({ projectId, limit: 1 })).authSessionsLimit, 1)
      assert.equal((await projects.updateAuthPasswordHistory({ projectId, limit: 5 })).authPasswordHistory, 5)
      assert.equal((await projects.updatePersonalDataCheck({ projectId, enabled: true })).authPersonalDataCheck, true)
      assert.equal((await projects.updateSessionAlerts({ projectId, alerts: true })).authSessionAlerts, true)
      assert.equal((await projects.updateMembershipsPrivacy({ projectId, userName: true, userEmail: false, mfa: true })).authMembershipsUserEmail, false)
      const guest = { 'X-Appwrite-Project': 'app' }
      assert.equal((await call(endpoint, 'POST', '/account/sessions/anonymous', { headers: guest })).json.type, 'user_auth_method_unsupported')
      await rejects(projects.createDevKey({ projectId, name: 'dev', expire: new Date(Date.now() + 1e6).toISOString() }), 'dev_key_gone', 410)
    }))

  await t.test('keys, platforms, webhooks', () =>
    olga.as(async () => {
      const projectId = 'app'
      const key = await projects.createKey({ projectId, name: 'server', scopes: ['users.read'] })
      assert.match(key.secret, /^standard_[0-9a-f]{256}$/)
      assert.equal((await projects.listKeys({ projectId })).total, 1)
      assert.deepEqual((await projects.updateKey({ projectId, keyId: key.$id, name: 'server', scopes: ['users.read', 'users.write'] })).scopes, ['users.read', 'users.write'])
      await rejects(projects.getKey({ projectId, keyId: 'none' }), 'key_not_found', 404)
      const jwt = await projects.createJWT({ projectId, scopes: ['users.read'], duration: 60 })
      const listed = await call(endpoint, 'GET', '/users', { headers: { 'X-Appwrite-Project': 'app', 'X-Appwrite-Key': jwt.jwt } })
      assert.equal(listed.status, 200, listed.text)

      const platform = await projects.createPlatform({ projectId, type: 'web', name: 'Shop', hostname: 'shop.test' })
      assert.equal(platform.hostname, 'shop.test')
      const from = (origin) => call(endpoint, 'GET', '/locale', { headers: { 'X-Appwrite-Project': 'app', Origin: origin } })
      assert.equal((await from('https://shop.test')).headers.get('access-control-allow-origin'), 'https://shop.test')
      assert.equal((await from('https://evil.test')).json.type, 'general_unknown_origin')
      await projects.deletePlatform({ projectId, platformId: platform.$id })
      assert.equal((await from('https://shop.test')).json.type, 'general_unknown_origin', 'gone at once')

      const hook = await projects.createWebhook({ projectId, name: 'hook', events: ['users.*.create'], url: 'https://example.org/hook', security: true, httpUser: 'u', httpPass: 'p' })
      assert.equal(hook.security, true)
      assert.notEqual(hook.signatureKey, '')
      assert.equal((await projects.getWebhook({ projectId, webhookId: hook.$id })).signatureKey, '')
      await rejects(projects.createWebhook({ projectId, name: 'bad', events: ['nothing.*'], url: 'https://example.org', security: true }), 'general_argument_invalid', 400)
      await projects.deleteWebhook({ projectId, webhookId: hook.$id })
    }))

  await t.test('another organization sees nothing', async () => {
    const invited = await olga.as(() => teams.createMembership({ teamId: 'home', roles: ['developer'], email: 'dan@example.org', url: 'http://localhost/invite' }))
    assert.equal(invited.confirm, false)
    const eve = new Browser()
    await eve.as(async () => {
      await rejects(account.create({ userId: sdk.ID.unique(), email: 'eve@example.org', password }), 'user_console_count_exceeded', 501)
      await rejects(projects.get({ projectId: 'app' }), 'general_unauthorized_scope', 401)
    })
  })

  await t.test('a project goes with all that it holds', async () => {
    await olga.as(async () => {
      await projects.delete({ projectId: 'app' })
      await rejects(projects.get({ projectId: 'app' }), 'project_not_found', 404)
      assert.equal((await projects.list()).total, 0)
      await projects.create({ projectId: 'app', name: 'New', teamId: 'home' })
      assert.equal((await projects.listKeys({ projectId: 'app' })).total, 0)
      await account.deleteSession({ sessionId: 'current' })
      await rejects(account.get(), 'general_unauthorized_scope', 401)
    })
  })
})
