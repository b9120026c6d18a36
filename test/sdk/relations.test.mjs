// Rows that are related, with the official server SDKs as clients: the newest in
// both vocabularies, and older ones, who see related documents without asking.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { serve, founder, serverScopes } from './harness.mjs'

// families are how each vocabulary of an SDK is called.
const families = {
  tablesDB: (node, client) => {
    const api = new node.TablesDB(client)
    return {
      api,
      createTable: (id) => api.createTable('main', id, id),
      createText: (table, key) => api.createStringColumn('main', table, key, 64, false),
      relate: (...args) => api.createRelationshipColumn('main', ...args),
      change: (table, key, onDelete, newKey) => api.updateRelationshipColumn('main', table, key, onDelete, newKey),
      column: (table, key) => api.getColumn('main', table, key),
      columns: async (table) => (await api.listColumns('main', table)).columns,
      drop: (table, key) => api.deleteColumn('main', table, key),
      create: (table, id, data) => api.createRow('main', table, id, data),
      createMany: (table, rows) => api.createRows('main', table, rows),
      update: (table, id, data) => api.updateRow('main', table, id, data),
      get: (table, id, queries) => api.getRow('main', table, id, queries),
      list: async (table, queries) => (await api.listRows('main', table, queries)).rows,
      remove: (table, id) => api.deleteRow('main', table, id),
      related: 'relatedTable', restricted: 'row_delete_restricted', exists: 'column_already_exists',
    }
  },
  databases: (node, client) => {
    const api = new node.Databases(client)
    return {
      api,
      createTable: (id) => api.createCollection('main', id, id),
      createText: (table, key) => api.createStringAttribute('main', table, key, 64, false),
      relate: (...args) => api.createRelationshipAttribute('main', ...args),
      change: (table, key, onDelete, newKey) => api.updateRelationshipAttribute('main', table, key, onDelete, newKey),
      column: (table, key) => api.getAttribute('main', table, key),
      columns: async (table) => (await api.listAttributes('main', table)).attributes,
      drop: (table, key) => api.deleteAttribute('main', table, key),
      create: (table, id, data) => api.createDocument('main', table, id, data),
      createMany: (table, rows) => api.createDocuments('main', table, rows),
      update: (table, id, data) => api.updateDocument('main', table, id, data),
      get: (table, id, queries) => api.getDocument('main', table, id, queries),
      list: async (table, queries) => (await api.listDocuments('main', table, queries)).documents,
      remove: (table, id) => api.deleteDocument('main', table, id),
      related: 'relatedCollection', restricted: 'document_delete_restricted', exists: 'attribute_already_exists',
    }
  },
}

const ids = (rows) => rows.map((r) => r.$id).join(' ')

for (const [sdk, family, shown] of [
  ['node-appwrite', 'tablesDB', false],
  ['node-appwrite', 'databases', false],
  ['node-appwrite-17', 'databases', true],
  ['node-appwrite-12', 'databases', true],
]) {
  test(`relations with ${sdk}, ${family}`, async (t) => {
    const node = await import(sdk)
    const { endpoint } = await serve(t)
    const f = await founder(endpoint, { scopes: serverScopes })
    const client = new node.Client().setEndpoint(endpoint).setProject(f.project).setKey(f.key.secret)
    const { Query } = node
    const db = families[family](node, client)
    await db.api.create('main', 'Main')
    for (const table of ['books', 'people', 'tags']) {
      await db.createTable(table)
      await db.createText(table, 'name')
    }

    await t.test('columns', async () => {
      const renames = sdk !== 'node-appwrite-12' // which knows no other key for what is there
      const author = await db.relate('books', 'people', 'manyToOne', true, renames ? 'writer' : 'author', 'works', 'restrict')
      assert.equal(author.key, renames ? 'writer' : 'author')
      assert.equal(author.type, 'relationship')
      assert.equal(author[db.related], 'people')
      assert.equal(author.relationType, 'manyToOne')
      assert.equal(author.twoWay, true)
      assert.equal(author.twoWayKey, 'works')
      assert.equal(author.onDelete, 'restrict')
      assert.equal(author.side, 'parent')
      const works = await db.column('people', 'works')
      assert.equal(works.status, 'available')
      assert.equal(works.side, 'child')
      assert.equal(works[db.related], 'books')
      if (renames) assert.equal((await db.change('books', 'writer', 'restrict', 'author')).key, 'author')
      assert.equal((await db.column('people', 'works')).twoWayKey, 'author')
      await db.relate('books', 'tags', 'manyToMany', false, undefined, undefined, 'setNull')
      assert.deepEqual((await db.columns('books')).map((c) => c.key), ['name', 'author', 'tags'])
      assert.deepEqual((await db.columns('tags')).map((c) => c.key), ['name'])
      await assert.rejects(db.relate('books', 'tags', 'manyToMany', false, 'more'), (e) => e.type === db.exists && e.code === 409)
    })

    await t.test('rows in rows', async () => {
      const made = await db.create('books', 'b1', { name: 'One', author: { $id: 'p1', name: 'Ann' }, tags: [{ $id: 't1', name: 'red' }, { name: 'blue' }] })
      assert.equal(made.author.name, 'Ann')
      assert.equal(made.tags.length, 2)
      await db.create('books', 'b2', { name: 'Two', author: 'p1', tags: ['t1'] })
      await db.create('books', 'b3', { name: 'Three' })
      await db.update('books', 'b2', { author: { $id: 'p1', name: 'Anna' } })
      await assert.rejects(db.update('books', 'b3', { author: ['p1'] }), (e) => e.type === 'relationship_value_invalid' && e.code === 400)
    })

    await t.test('reading', async () => {
      const plain = await db.get('books', 'b1')
      const list = await db.list('books', [Query.limit(2)])
      if (shown) {
        assert.equal(plain.author.name, 'Anna')
        assert.equal(plain.tags[0].name, 'red')
        assert.equal(list[1].author.name, 'Anna')
      } else {
        assert.equal(plain.author, undefined)
        assert.equal(list[1].author, undefined)
        const asked = await db.get('books', 'b1', [Query.select(['*', 'author.*', 'tags.name'])])
        assert.equal(asked.author.name, 'Anna')
        assert.equal(asked.author.$createdAt.length, 29)
        assert.equal(asked.tags[0].name, 'red')
        assert.equal(asked.tags[0].$createdAt, undefined)
        const listed = await db.list('books', [Query.select(['name', 'author.works.name'])])
        assert.deepEqual(listed.map((r) => r.author?.works.length), [2, 2, undefined])
        assert.equal(ids(await db.list('books', [Query.equal('author.name', ['anna']), Query.orderDesc('name')])), 'b2 b1')
        assert.equal(ids(await db.list('people', [Query.equal('works.name', ['Two'])])), 'p1')
      }
      assert.equal(ids(await db.list('books', [Query.equal('author', ['p1'])])), 'b1 b2')
      assert.equal((await db.list('books', [Query.select(['name'])]))[0].author, undefined)
    })

    await t.test('what goes with a row', async () => {
      await assert.rejects(db.remove('people', 'p1'), (e) => e.type === db.restricted && e.code === 403)
      await db.change('books', 'author', 'setNull')
      await db.remove('people', 'p1')
      const left = await db.get('books', 'b1', shown ? undefined : [Query.select(['*', 'author.*'])])
      assert.equal(left.author, null)
      await db.update('books', 'b1', { author: { $id: 'p2', name: 'Bob' } })
      await db.change('books', 'author', 'cascade')
      await db.remove('people', 'p2')
      await assert.rejects(db.get('books', 'b1'), (e) => e.code === 404)
      await db.get('books', 'b2')
    })

    await t.test('not in bulk', async () => {
      if (sdk === 'node-appwrite') {
        await assert.rejects(db.createMany('books', [{ $id: 'x', name: 'x' }]), (e) => e.type === 'general_bad_request' &&
          e.message === `Bulk create is not supported for ${family} with relationship attributes`)
      }
    })

    await t.test('the end of a relation', async () => {
      await db.drop('people', 'works')
      assert.deepEqual((await db.columns('books')).map((c) => c.key), ['name', 'tags'])
    })
  })
}
