// An app's whole life, with the official SDKs as clients: a server that makes
// tables, people who sign up and in, and rows that only some may see. Older
// SDKs send other response formats, and must live through the same.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { serve, founder, Browser, serverScopes } from './harness.mjs'

const pairs = [
  ['node-appwrite', 'appwrite'],
  ['node-appwrite-17', 'appwrite-17'],
  ['node-appwrite-12', 'appwrite-15'],
]

async function rejects(promise, type, code) {
  await assert.rejects(promise, (e) => {
    assert.equal(e.type, type, e.message)
    assert.equal(e.code, code, e.message)
    return true
  })
}

for (const [nodeName, webName] of pairs) {
  test(`an app with ${nodeName} and ${webName}`, async (t) => {
    const node = await import(nodeName)
    const web = await import(webName)
    const { endpoint } = await serve(t)
    const f = await founder(endpoint, { scopes: serverScopes })

    const server = new node.Client().setEndpoint(endpoint).setProject(f.project).setKey(f.key.secret)
    const users = new node.Users(server)
    const db = new node.Databases(server)
    const { ID, Query, Permission, Role } = node

    await t.test('users', async () => {
      const user = await users.create('ada', 'Ada@Example.org', '+12025550143', 'correct horse 1', 'Ada')
      assert.equal(user.$id, 'ada')
      assert.equal(user.email, 'ada@example.org')
      assert.match(user.registration, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/)
      await rejects(users.create('ada', 'b@example.org', undefined, 'correct horse 1'), 'user_already_exists', 409)
      await rejects(users.create(ID.unique(), 'ada@example.org', undefined, 'correct horse 1'), 'user_already_exists', 409)
      await rejects(users.create(ID.unique(), 'no address', undefined, 'correct horse 1'), 'general_argument_invalid', 400)
      await rejects(users.get('nobody'), 'user_not_found', 404)
      assert.deepEqual((await users.updateLabels('ada', ['vip'])).labels, ['vip'])
      assert.equal((await users.updatePrefs('ada', { theme: 'dark' })).theme, 'dark')
      const list = await users.list([Query.equal('email', ['ada@example.org'])])
      assert.equal(list.total, 1)
      assert.equal(list.users[0].name, 'Ada')
    })

    await t.test('a collection', async () => {
      assert.equal((await db.create('main', 'Main')).name, 'Main')
      const c = await db.createCollection('main', 'movies', 'Movies', [Permission.create(Role.users()), Permission.read(Role.label('vip'))], true)
      assert.equal(c.documentSecurity, true)
      await db.createStringAttribute('main', 'movies', 'title', 100, true)
      await db.createIntegerAttribute('main', 'movies', 'year', false, 1888, 2100)
      await db.createFloatAttribute('main', 'movies', 'score', false)
      await db.createBooleanAttribute('main', 'movies', 'seen', false, false)
      await db.createDatetimeAttribute('main', 'movies', 'released', false)
      await db.createEnumAttribute('main', 'movies', 'genre', ['drama', 'comedy'], false)
      await db.createEmailAttribute('main', 'movies', 'contact', false)
      await db.createUrlAttribute('main', 'movies', 'site', false)
      await db.createIpAttribute('main', 'movies', 'ip', false)
      await db.createStringAttribute('main', 'movies', 'tags', 20, false, undefined, true)
      for (const a of (await db.listAttributes('main', 'movies')).attributes) assert.equal(a.status, 'available', a.key)
      const index = await db.createIndex('main', 'movies', 'by_year', 'key', ['year'], ['DESC'])
      assert.ok(['available', 'processing'].includes(index.status))
      await db.createIndex('main', 'movies', 'one_title', 'unique', ['title'])
      await rejects(db.createStringAttribute('main', 'movies', 'title', 100, true), 'attribute_already_exists', 409)
      await rejects(db.getCollection('main', 'nothing'), 'collection_not_found', 404)
      await rejects(db.createCollection('main', 'movies', 'Again'), 'collection_already_exists', 409)
    })

    await t.test('documents', async () => {
      const made = await db.createDocument('main', 'movies', 'alien', {
        title: 'Alien', year: 1979, score: 8.5, seen: true, released: '1979-05-25T00:00:00.000+00:00', genre: 'drama',
        contact: 'ripley@example.org', site: 'https://example.org', ip: '127.0.0.1', tags: ['space', 'cat'],
      }, [])
      assert.equal(made.title, 'Alien')
      assert.equal(made.released, '1979-05-25T00:00:00.000+00:00')
      assert.deepEqual(made.tags, ['space', 'cat'])
      assert.deepEqual(made.$permissions, [])
      for (let i = 0; i < 30; i++) await db.createDocument('main', 'movies', `m${i}`, { title: `Movie ${i}`, year: 1990 + i })
      await rejects(db.createDocument('main', 'movies', 'alien', { title: 'Other' }), 'document_already_exists', 409)
      await rejects(db.createDocument('main', 'movies', ID.unique(), { title: 'Alien' }), 'document_unique_constraint_violation', 409)
      await rejects(db.createDocument('main', 'movies', ID.unique(), { year: 2000 }), 'document_invalid_structure', 400)
      await rejects(db.createDocument('main', 'movies', ID.unique(), { title: 'X', year: 'two' }), 'document_invalid_structure', 400)
      await rejects(db.createDocument('main', 'movies', ID.unique(), { title: 'X', nothing: 1 }), 'document_invalid_structure', 400)
      await rejects(db.getDocument('main', 'movies', 'nothing'), 'document_not_found', 404)
      await rejects(db.listDocuments('main', 'movies', [Query.equal('nothing', 1)]), 'general_query_invalid', 400)

      const late = await db.listDocuments('main', 'movies', [Query.greaterThan('year', 2000), Query.orderDesc('year'), Query.limit(3)])
      assert.equal(late.total, 19)
      assert.deepEqual(late.documents.map((d) => d.year), [2019, 2018, 2017])
      const next = await db.listDocuments('main', 'movies', [Query.greaterThan('year', 2000), Query.orderDesc('year'), Query.limit(3), Query.cursorAfter(late.documents[2].$id)])
      assert.deepEqual(next.documents.map((d) => d.year), [2016, 2015, 2014])
      const back = await db.listDocuments('main', 'movies', [Query.greaterThan('year', 2000), Query.orderDesc('year'), Query.limit(3), Query.cursorBefore(next.documents[0].$id)])
      assert.deepEqual(back.documents.map((d) => d.year), [2019, 2018, 2017])
      assert.equal((await db.listDocuments('main', 'movies', [Query.between('year', 1995, 1999)])).total, 5)
      assert.equal((await db.listDocuments('main', 'movies', [Query.startsWith('title', 'Movie 1')])).total, 11)
      assert.equal((await db.listDocuments('main', 'movies', [Query.isNull('year')])).total, 0)
      assert.equal((await db.listDocuments('main', 'movies', [Query.equal('seen', [true])])).total, 1)

      const changed = await db.updateDocument('main', 'movies', 'm0', { year: 1989 })
      assert.equal(changed.year, 1989)
      assert.equal(changed.title, 'Movie 0')
      await db.deleteDocument('main', 'movies', 'm1')
      await rejects(db.getDocument('main', 'movies', 'm1'), 'document_not_found', 404)
    })

    await t.test('people', async () => {
      const grace = new Browser()
      const client = new web.Client().setEndpoint(endpoint).setProject(f.project)
      const account = new web.Account(client)
      const rows = new web.Databases(client)
      const signIn = (a, email) => (a.createEmailPasswordSession ?? a.createEmailSession).call(a, email, 'correct horse 1')

      await grace.as(async () => {
        await rejects(account.get(), 'general_unauthorized_scope', 401)
        await account.create('grace', 'grace@example.org', 'correct horse 1', 'Grace')
        await rejects(signIn(account, 'grace@example.com'), 'user_invalid_credentials', 401)
        const session = await signIn(account, 'grace@example.org')
        assert.equal(session.userId, 'grace')
        assert.equal((await account.get()).name, 'Grace')
        assert.equal((await account.updatePrefs({ a: 1 })).prefs.a, 1)
        assert.equal((await account.listSessions()).sessions[0].current, true)

        // She sees what is hers, and not what is not.
        const mine = await rows.createDocument('main', 'movies', 'hers', { title: 'Hers' })
        assert.deepEqual(mine.$permissions.sort(), ['delete("user:grace")', 'read("user:grace")', 'update("user:grace")'])
        const seen = await rows.listDocuments('main', 'movies')
        assert.deepEqual(seen.documents.map((d) => d.$id), ['hers'])
        assert.equal(seen.total, 1)
        await rejects(rows.getDocument('main', 'movies', 'alien'), 'document_not_found', 404)
        await rejects(rows.updateDocument('main', 'movies', 'alien', { title: 'Mine' }), 'user_unauthorized', 401)
        await rejects(rows.createDocument('main', 'movies', web.ID.unique(), { title: 'Y' }, [web.Permission.read(web.Role.user('ada'))]), 'user_unauthorized', 401)
        const shared = await rows.updateDocument('main', 'movies', 'hers', { year: 2001 }, [web.Permission.read(web.Role.any()), web.Permission.update(web.Role.user('grace'))])
        assert.equal(shared.year, 2001)
        await rejects(rows.deleteDocument('main', 'movies', 'hers'), 'user_unauthorized', 401)
        await rejects(rows.listDocuments('nothing', 'movies'), 'database_not_found', 404)
      })

      // The label makes Ada a reader of all.
      const ada = new Browser()
      await ada.as(async () => {
        await signIn(account, 'ada@example.org')
        assert.equal((await rows.listDocuments('main', 'movies', [web.Query.limit(1)])).total, 31)
        await rejects(rows.updateDocument('main', 'movies', 'hers', { year: 1 }), 'user_unauthorized', 401)
        await account.deleteSession('current')
        await rejects(account.get(), 'general_unauthorized_scope', 401)
      })

      // A guest sees what anybody may.
      await new Browser().as(async () => {
        assert.deepEqual((await rows.listDocuments('main', 'movies')).documents.map((d) => d.$id), ['hers'])
        await rejects(rows.createDocument('main', 'movies', web.ID.unique(), { title: 'Z' }), 'user_unauthorized', 401)
      })

      // Blocked is blocked, at once.
      await users.updateStatus('grace', false)
      await grace.as(() => rejects(account.get(), 'user_blocked', 403))
    })

    await t.test('anonymous, JWT, teams', async () => {
      const browser = new Browser()
      const client = new web.Client().setEndpoint(endpoint).setProject(f.project)
      const account = new web.Account(client)
      await browser.as(async () => {
        const session = await account.createAnonymousSession()
        assert.equal(session.provider, 'anonymous')
        const { jwt } = await account.createJWT()
        const byToken = new node.Account(new node.Client().setEndpoint(endpoint).setProject(f.project).setJWT(jwt))
        const me = await new Browser().as(() => byToken.get())
        assert.equal(me.$id, session.userId)
        const teams = new web.Teams(client)
        const team = await teams.create('crew', 'Crew')
        assert.equal(team.total, 1)
        assert.deepEqual((await teams.listMemberships('crew')).memberships[0].roles, ['owner'])
        await account.updateEmail('anna@example.org', 'correct horse 1')
        assert.equal((await account.get()).email, 'anna@example.org')
      })
      await new Browser().as(() => rejects(new web.Teams(client).get('crew'), 'general_unauthorized_scope', 401))
    })
  })
}

test('tables, columns and rows with node-appwrite', async (t) => {
  const { Client, TablesDB, ID, Query, Permission, Role } = await import('node-appwrite')
  const { endpoint } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  const db = new TablesDB(new Client().setEndpoint(endpoint).setProject(f.project).setKey(f.key.secret))

  await db.create({ databaseId: 'main', name: 'Main' })
  const table = await db.createTable({ databaseId: 'main', tableId: 'notes', name: 'Notes', permissions: [Permission.read(Role.any())], rowSecurity: false })
  assert.equal(table.rowSecurity, false)
  await db.createVarcharColumn({ databaseId: 'main', tableId: 'notes', key: 'title', size: 64, required: true })
  await db.createTextColumn({ databaseId: 'main', tableId: 'notes', key: 'body', required: false })
  await db.createIntegerColumn({ databaseId: 'main', tableId: 'notes', key: 'stars', required: false, min: 0, max: 5, xdefault: 3 })
  const columns = await db.listColumns({ databaseId: 'main', tableId: 'notes' })
  assert.deepEqual(columns.columns.map((c) => [c.key, c.type, c.status]), [['title', 'varchar', 'available'], ['body', 'text', 'available'], ['stars', 'integer', 'available']])

  const row = await db.createRow({ databaseId: 'main', tableId: 'notes', rowId: ID.unique(), data: { title: 'One' } })
  assert.equal(row.stars, 3)
  assert.equal(row.$tableId, 'notes')
  assert.equal(row.$databaseId, 'main')
  assert.equal(row.$sequence, '1')
  const upserted = await db.upsertRow({ databaseId: 'main', tableId: 'notes', rowId: 'two', data: { title: 'Two' } })
  assert.equal(upserted.$id, 'two')
  assert.equal((await db.upsertRow({ databaseId: 'main', tableId: 'notes', rowId: 'two', data: { title: 'Zwei' } })).title, 'Zwei')
  const chosen = await db.listRows({ databaseId: 'main', tableId: 'notes', queries: [Query.select(['title']), Query.orderAsc('title')] })
  assert.deepEqual(chosen.rows.map((r) => r.title), ['One', 'Zwei'])
  assert.equal('stars' in chosen.rows[0], false)
  await rejects(db.createRow({ databaseId: 'main', tableId: 'notes', rowId: ID.unique(), data: { title: 'X', stars: 6 } }), 'row_invalid_structure', 400)
  await rejects(db.getRow({ databaseId: 'main', tableId: 'notes', rowId: 'none' }), 'row_not_found', 404)
  await rejects(db.getTable({ databaseId: 'main', tableId: 'none' }), 'table_not_found', 404)
  await db.updateVarcharColumn({ databaseId: 'main', tableId: 'notes', key: 'title', required: true, xdefault: null, newKey: 'heading' })
  assert.equal((await db.getRow({ databaseId: 'main', tableId: 'notes', rowId: 'two' })).heading, 'Zwei')
  await db.deleteColumn({ databaseId: 'main', tableId: 'notes', key: 'stars' })
  await db.deleteTable({ databaseId: 'main', tableId: 'notes' })
  await rejects(db.listRows({ databaseId: 'main', tableId: 'notes' }), 'table_not_found', 404)
})

test('what was acknowledged is there after kill -9', async (t) => {
  const { Client, TablesDB } = await import('node-appwrite')
  const first = await serve(t)
  const f = await founder(first.endpoint, { scopes: serverScopes })
  const connect = (endpoint) => new TablesDB(new Client().setEndpoint(endpoint).setProject(f.project).setKey(f.key.secret))
  let db = connect(first.endpoint)
  await db.create({ databaseId: 'main', name: 'Main' })
  await db.createTable({ databaseId: 'main', tableId: 't', name: 'T' })
  await db.createIntegerColumn({ databaseId: 'main', tableId: 't', key: 'n', required: true })
  const acknowledged = []
  let stopped = false
  const writers = Array.from({ length: 8 }, async (_, w) => {
    for (let i = 0; !stopped; i++) {
      try {
        await db.createRow({ databaseId: 'main', tableId: 't', rowId: `w${w}-${i}`, data: { n: i } })
        acknowledged.push(`w${w}-${i}`)
      } catch {
        return
      }
    }
  })
  while (acknowledged.length < 200) await new Promise((r) => setTimeout(r, 5))
  await first.stop('SIGKILL')
  stopped = true
  await Promise.all(writers)

  const second = await serve(t, { dir: first.dir })
  db = connect(second.endpoint)
  const { rows } = await db.listRows({ databaseId: 'main', tableId: 't', queries: [JSON.stringify({ method: 'limit', values: [100000] })] })
  const there = new Set(rows.map((r) => r.$id))
  assert.deepEqual(acknowledged.filter((id) => !there.has(id)), [])
})
