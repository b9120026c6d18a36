// Places, with the server SDK that knows them, in both vocabularies.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as node from 'node-appwrite'
import { serve, founder, serverScopes } from './harness.mjs'

const { Query } = node
const square = [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]]
const ids = (rows) => rows.map((r) => r.$id).join(' ')

const families = {
  tablesDB: (client) => {
    const api = new node.TablesDB(client)
    return {
      api, table: (id) => api.createTable('main', id, id),
      point: (...a) => api.createPointColumn('main', 't', ...a), line: (...a) => api.createLineColumn('main', 't', ...a),
      polygon: (...a) => api.createPolygonColumn('main', 't', ...a), changePolygon: (...a) => api.updatePolygonColumn('main', 't', ...a),
      index: (...a) => api.createIndex('main', 't', ...a), create: (id, data) => api.createRow('main', 't', id, data),
      list: async (...queries) => (await api.listRows('main', 't', queries)).rows, get: (id) => api.getRow('main', 't', id),
      structure: 'row_invalid_structure', badIndex: 'column_index_invalid',
    }
  },
  databases: (client) => {
    const api = new node.Databases(client)
    return {
      api, table: (id) => api.createCollection('main', id, id),
      point: (...a) => api.createPointAttribute('main', 't', ...a), line: (...a) => api.createLineAttribute('main', 't', ...a),
      polygon: (...a) => api.createPolygonAttribute('main', 't', ...a), changePolygon: (...a) => api.updatePolygonAttribute('main', 't', ...a),
      index: (...a) => api.createIndex('main', 't', ...a), create: (id, data) => api.createDocument('main', 't', id, data),
      list: async (...queries) => (await api.listDocuments('main', 't', queries)).documents, get: (id) => api.getDocument('main', 't', id),
      structure: 'document_invalid_structure', badIndex: 'index_invalid',
    }
  },
}

for (const [name, family] of Object.entries(families)) {
  test(`places with ${name}`, async (t) => {
    const { endpoint } = await serve(t)
    const f = await founder(endpoint, { scopes: serverScopes })
    const db = family(new node.Client().setEndpoint(endpoint).setProject(f.project).setKey(f.key.secret))
    await db.api.create('main', 'Main')
    await db.table('t')

    await t.test('columns', async () => {
      const point = await db.point('at', true)
      assert.equal(point.type, 'point')
      assert.equal(point.required, true)
      const line = await db.line('way', false, [[1, 2], [3, 4]])
      assert.equal(line.type, 'linestring')
      assert.deepEqual(line.default, [[1, 2], [3, 4]])
      assert.equal((await db.polygon('area', false)).type, 'polygon')
      assert.deepEqual((await db.changePolygon('area', false, square)).default, square)
      assert.equal((await db.index('places', 'spatial', ['at'])).type, 'spatial')
      await assert.rejects(db.index('ways', 'spatial', ['way']), (e) => e.type === db.badIndex)
    })

    await t.test('rows and queries', async () => {
      await db.create('a', { at: [1, 1] })
      await db.create('b', { at: [3, 9], way: [[0, 0], [9, 9]], area: [[[4, 0], [8, 0], [8, 4], [4, 4], [4, 0]]] })
      const a = await db.get('a')
      assert.deepEqual([a.at, a.way, a.area], [[1, 1], [[1, 2], [3, 4]], square])
      await assert.rejects(db.create('c', { at: [1] }), (e) => e.type === db.structure && e.code === 400)
      assert.equal(ids(await db.list(Query.intersects('at', square))), 'a')
      assert.equal(ids(await db.list(Query.notIntersects('at', square))), 'b')
      assert.equal(ids(await db.list(Query.touches('area', square))), 'b')
      assert.equal(ids(await db.list(Query.notTouches('area', square))), 'a')
      assert.equal(ids(await db.list(Query.overlaps('area', [[[3, 1], [3.5, 1], [9, 2], [3, 2], [3, 1]]]))), 'a b')
      assert.equal(ids(await db.list(Query.crosses('way', square))), 'b')
      assert.equal(ids(await db.list(Query.equal('at', [[1, 1]]))), 'a')
      assert.equal(ids(await db.list(Query.contains('area', [[1, 1]]))), 'a')
      assert.equal(ids(await db.list(Query.distanceLessThan('at', [1, 1.001], 200, true))), 'a')
      assert.equal(ids(await db.list(Query.distanceGreaterThan('at', [1, 1.001], 200, true))), 'b')
      assert.equal(ids(await db.list(Query.distanceLessThan('area', [5, 0], 112000, true))), 'a b')
      assert.equal(ids(await db.list(Query.distanceGreaterThan('way', [[[10, 8], [11, 8], [11, 9], [10, 8]]], 1000, true))), 'a b')
      assert.equal(ids(await db.list(Query.distanceLessThan('way', [9, 9.001], 200, true))), 'b')
      assert.equal(ids(await db.list(Query.distanceEqual('at', [3, 5], 4, false))), 'b')
      assert.equal(ids(await db.list(Query.distanceNotEqual('at', [3, 5], 4, false))), 'a')
    })
  })
}
