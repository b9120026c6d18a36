// What rows can do beyond being kept: operators, transactions and search, with
// the official SDK in both of its vocabularies.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import * as node from 'node-appwrite'
import { serve, founder, serverScopes } from './harness.mjs'

const { Operator, Condition, Query, ID } = node

async function rejects(promise, type, code) {
  await assert.rejects(promise, (e) => {
    assert.equal(e.type, type, e.message)
    assert.equal(e.code, code, e.message)
    return true
  })
}

// Both vocabularies, as one: what differs is what things are called.
function tongues(client) {
  const t = new node.TablesDB(client)
  const d = new node.Databases(client)
  return [
    {
      name: 'tables', api: t, table: 'tableId', row: 'rowId', column: 'column', list: 'rows', errors: 'row', many: 'column',
      createDatabase: (id) => t.create(id, id), createTable: (db) => t.createTable(db, 't', 'T'),
      string: (db, k) => t.createStringColumn(db, 't', k, 255, false), integer: (db, k, array) => t.createIntegerColumn(db, 't', k, false, undefined, undefined, undefined, array),
      boolean: (db, k) => t.createBooleanColumn(db, 't', k, false), datetime: (db, k) => t.createDatetimeColumn(db, 't', k, false),
      create: (...a) => t.createRow(...a), get: (...a) => t.getRow(...a), rows: (...a) => t.listRows(...a), update: (...a) => t.updateRow(...a),
      upsert: (...a) => t.upsertRow(...a), remove: (...a) => t.deleteRow(...a), updateMany: (...a) => t.updateRows(...a),
      increment: (...a) => t.incrementRowColumn(...a),
    },
    {
      name: 'collections', api: d, table: 'collectionId', row: 'documentId', column: 'attribute', list: 'documents', errors: 'document', many: 'attribute',
      createDatabase: (id) => d.create(id, id), createTable: (db) => d.createCollection(db, 't', 'T'),
      string: (db, k) => d.createStringAttribute(db, 't', k, 255, false), integer: (db, k, array) => d.createIntegerAttribute(db, 't', k, false, undefined, undefined, undefined, array),
      boolean: (db, k) => d.createBooleanAttribute(db, 't', k, false), datetime: (db, k) => d.createDatetimeAttribute(db, 't', k, false),
      create: (...a) => d.createDocument(...a), get: (...a) => d.getDocument(...a), rows: (...a) => d.listDocuments(...a), update: (...a) => d.updateDocument(...a),
      upsert: (...a) => d.upsertDocument(...a), remove: (...a) => d.deleteDocument(...a), updateMany: (...a) => d.updateDocuments(...a),
      increment: (...a) => d.incrementDocumentAttribute(...a),
    },
  ]
}

test('rows', async (t) => {
  const { endpoint } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  const client = new node.Client().setEndpoint(endpoint).setProject(f.project).setKey(f.key.secret)
  for (const w of tongues(client)) {
    const db = w.name
    await w.createDatabase(db)
    await w.createTable(db)
    await w.string(db, 'title')
    await w.integer(db, 'n')
    await w.integer(db, 'list', true)
    await w.boolean(db, 'seen')
    await w.datetime(db, 'at')

    await t.test(`${w.name}: operators`, async () => {
      await w.create(db, 't', 'a', { title: 'Du', n: 5, list: [1, 2, 2], seen: false, at: '2026-03-01T00:00:00.000+00:00' })
      const row = await w.update(db, 't', 'a', {
        title: Operator.stringConcat('ne'), n: Operator.increment(2), list: Operator.arrayUnique(), seen: Operator.toggle(), at: Operator.dateAddDays(1),
      })
      assert.equal(row.title, 'Dune')
      assert.equal(row.n, 7)
      assert.deepEqual(row.list, [1, 2])
      assert.equal(row.seen, true)
      assert.equal(row.at, '2026-03-02T00:00:00.000+00:00')
      const steps = [
        [{ n: Operator.increment(100, 10) }, 'n', 10], [{ n: Operator.decrement(100, 0) }, 'n', 0], [{ n: Operator.increment() }, 'n', 1],
        [{ n: Operator.multiply(12) }, 'n', 12], [{ n: Operator.divide(4) }, 'n', 3], [{ n: Operator.power(3) }, 'n', 27], [{ n: Operator.modulo(10) }, 'n', 7],
        [{ list: Operator.arrayAppend([3, 4]) }, 'list', [1, 2, 3, 4]], [{ list: Operator.arrayPrepend([0]) }, 'list', [0, 1, 2, 3, 4]],
        [{ list: Operator.arrayInsert(1, 9) }, 'list', [0, 9, 1, 2, 3, 4]], [{ list: Operator.arrayRemove(9) }, 'list', [0, 1, 2, 3, 4]],
        [{ list: Operator.arrayFilter(Condition.GreaterThan, 1) }, 'list', [2, 3, 4]], [{ list: Operator.arrayIntersect([2, 4, 6]) }, 'list', [2, 4]],
        [{ list: Operator.arrayDiff([4]) }, 'list', [2]], [{ title: Operator.stringReplace('ne', 'al') }, 'title', 'Dual'],
        [{ at: Operator.dateSubDays(2) }, 'at', '2026-02-28T00:00:00.000+00:00'],
      ]
      for (const [data, key, want] of steps) assert.deepEqual((await w.update(db, 't', 'a', data))[key], want, JSON.stringify(data))
      const now = (await w.update(db, 't', 'a', { at: Operator.dateSetNow() })).at
      assert.ok(Math.abs(Date.parse(now) - Date.now()) < 60_000, now)
      assert.equal((await w.upsert(db, 't', 'b', { n: Operator.increment(3) })).n, 3)
      assert.equal((await w.updateMany(db, 't', { n: Operator.increment(1) }, [Query.lessThan('n', 8)])).total, 2)
      assert.equal((await w.get(db, 't', 'b')).n, 4)
      await rejects(w.update(db, 't', 'a', { title: Operator.increment(1) }), `${w.errors}_invalid_structure`, 400)
    })

    await t.test(`${w.name}: no increment is lost`, async () => {
      await w.create(db, 't', 'count', { n: 0 })
      await Promise.all(Array.from({ length: 64 }, () => w.update(db, 't', 'count', { n: Operator.increment(1) })))
      assert.equal((await w.get(db, 't', 'count')).n, 64)
    })

    await t.test(`${w.name}: transactions`, async () => {
      const tx = await w.api.createTransaction()
      assert.equal(tx.status, 'pending')
      assert.equal(tx.operations, 0)
      assert.equal((await w.create(db, 't', 'x', { title: 'X', n: 1 }, undefined, tx.$id)).$id, 'x')
      assert.equal((await w.update(db, 't', 'x', { n: 2 }, undefined, tx.$id)).n, 2)
      assert.equal((await w.increment(db, 't', 'x', 'n', 5, undefined, tx.$id)).n, 7)
      const op = (action, row, data) => ({ databaseId: db, [w.table]: 't', ...(row && { [w.row]: row }), action, data })
      const staged = await w.api.createOperations(tx.$id, [
        op('create', 'y', { title: 'Y', n: 1 }),
        op('decrement', 'y', { [w.column]: 'n', value: 4, min: -5 }),
        op('bulkUpdate', undefined, { queries: [Query.equal('title', 'Y')], data: { seen: true } }),
        op('delete', 'b'),
      ])
      assert.equal(staged.operations, 7)
      await rejects(w.get(db, 't', 'x'), `${w.errors}_not_found`, 404)
      assert.equal((await w.get(db, 't', 'x', undefined, tx.$id)).n, 7)
      assert.equal((await w.rows(db, 't', [Query.equal('seen', true), Query.equal('title', 'Y')], tx.$id)).total, 1)
      assert.equal((await w.api.updateTransaction(tx.$id, true)).status, 'committed')
      assert.equal((await w.get(db, 't', 'x')).n, 7)
      assert.equal((await w.get(db, 't', 'y')).n, -3)
      await rejects(w.get(db, 't', 'b'), `${w.errors}_not_found`, 404)
      await rejects(w.api.updateTransaction(tx.$id, true), 'transaction_not_ready', 400)

      const late = await w.api.createTransaction(60)
      await w.update(db, 't', 'x', { n: 100 }, undefined, late.$id)
      await w.create(db, 't', 'z', { title: 'Z' }, undefined, late.$id)
      await w.update(db, 't', 'x', { n: 50 })
      await rejects(w.api.updateTransaction(late.$id, true), 'transaction_conflict', 409)
      await rejects(w.get(db, 't', 'z'), `${w.errors}_not_found`, 404)
      assert.equal((await w.api.getTransaction(late.$id)).status, 'failed')

      const back = await w.api.createTransaction()
      await w.remove(db, 't', 'x', back.$id)
      assert.equal((await w.api.updateTransaction(back.$id, false, true)).status, 'rolledBack')
      assert.equal((await w.get(db, 't', 'x')).n, 50)
      assert.ok((await w.api.listTransactions([Query.equal('status', 'committed')])).total >= 1)
      await w.api.deleteTransaction(back.$id)
      await rejects(w.api.getTransaction(back.$id), 'transaction_not_found', 404)
    })

    await t.test(`${w.name}: search`, async () => {
      for (const title of ['Dune Messiah', 'The Spice of Life']) await w.create(db, 't', ID.unique(), { title })
      await rejects(w.rows(db, 't', [Query.search('title', 'dune')]), 'general_query_invalid', 400)
      assert.equal((await w.api.createIndex(db, 't', 'words', 'fulltext', ['title'])).status, 'available')
      const titles = async (...queries) => (await w.rows(db, 't', queries))[w.list].map((r) => r.title)
      assert.deepEqual(await titles(Query.search('title', 'mess')), ['Dune Messiah'])
      assert.deepEqual(await titles(Query.search('title', '"spice of"')), ['The Spice of Life'])
      assert.equal((await w.rows(db, 't', [Query.notSearch('title', 'dune')])).total, 5)
      assert.deepEqual(await titles(Query.regex('title', '^the .* life$')), ['The Spice of Life'])
      assert.deepEqual(await titles(Query.createdAfter('2020-01-01'), Query.updatedBefore('2100-01-01'), Query.createdBetween('2020-01-01', '2100-01-01'), Query.search('title', 'dune')), ['Dune Messiah'])
      assert.deepEqual(await titles(Query.exists(['title']), Query.search('title', 'dune')), ['Dune Messiah'])
      await rejects(w.rows(db, 't', [Query.elemMatch('title', [Query.equal('a', 1)])]), 'general_query_invalid', 400)
      await rejects(w.rows(db, 't', [Query.regex('title', '(')]), 'general_query_invalid', 400)
    })
  }
})
