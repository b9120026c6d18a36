// Files with the official SDKs as clients: every size at which something
// changes, parts in any order, a server that is killed on the way, and nothing
// of a file to be found in what is stored.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { serve, founder, dataDir, Browser, serverScopes, call } from './harness.mjs'

const pairs = [
  ['node-appwrite', 'appwrite'],
  ['node-appwrite-17', 'appwrite-17'],
  ['node-appwrite-12', 'appwrite-15'],
]

const part = 5 * 1024 * 1024
const md5 = (b) => createHash('md5').update(b).digest('hex')
const limit = { _APP_STORAGE_LIMIT: '200000000' }

// everything below a directory, as [path, bytes].
async function contents(dir) {
  const list = []
  for (const e of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (e.isFile()) list.push([join(e.parentPath, e.name), await readFile(join(e.parentPath, e.name))])
  }
  return list
}

for (const [nodeName, webName] of pairs) {
  test(`files with ${nodeName} and ${webName}`, async (t) => {
    const node = await import(nodeName)
    const { InputFile } = node.InputFile ? node : await import(nodeName + '/file')
    const web = await import(webName)
    const { endpoint, dir } = await serve(t, { env: limit })
    const f = await founder(endpoint, { scopes: serverScopes })
    const server = new node.Client().setEndpoint(endpoint).setProject(f.project).setKey(f.key.secret)
    const storage = new node.Storage(server)
    const { ID, Permission, Role, Query } = node
    const canary = 'canary-' + randomBytes(16).toString('hex')

    await t.test('buckets', async () => {
      const b = await storage.createBucket('pics', 'Pics', [Permission.read(Role.any()), Permission.create(Role.users())], true, true, 150000000)
      assert.equal(b.$id, 'pics')
      assert.equal(b.maximumFileSize, 150000000)
      assert.equal(b.encryption, true)
      assert.equal((await storage.updateBucket('pics', 'Pictures', [Permission.read(Role.any()), Permission.create(Role.users())], true, true, 150000000)).name, 'Pictures')
      assert.equal((await storage.listBuckets([Query.equal('name', ['Pictures'])])).total, 1)
      await assert.rejects(storage.getBucket('none'), (e) => e.type === 'storage_bucket_not_found' && e.code === 404)
    })

    const sizes = nodeName === 'node-appwrite'
      ? [0, 1, 65535, 65536, 65537, part - 1, part, part + 1, 19999999, 20000000, 20000001, 100000000]
      : [1, part, part + 1, 12000000]
    for (const size of sizes) {
      await t.test(`${size} bytes`, async () => {
        const content = randomBytes(size)
        content.write(canary)
        let seen = 0
        const file = await storage.createFile('pics', ID.unique(), InputFile.fromBuffer(content, 'data.bin'), undefined, (p) => (seen = p.progress))
        assert.equal(file.signature, md5(content))
        assert.equal(file.sizeOriginal, size)
        assert.equal(file.chunksUploaded, file.chunksTotal)
        assert.equal(file.encryption, true)
        if (size > part) assert.equal(Math.round(seen), 100)
        const back = Buffer.from(await storage.getFileDownload('pics', file.$id))
        assert.equal(md5(back), md5(content))
        assert.equal((await storage.getFile('pics', file.$id)).chunksUploaded, Math.max(1, Math.ceil(size / part)))
        await storage.deleteFile('pics', file.$id)
        await assert.rejects(storage.getFile('pics', file.$id), (e) => e.type === 'storage_file_not_found' && e.code === 404)
      })
    }

    await t.test('a user in a browser', async () => {
      const browser = new Browser()
      await browser.as(async () => {
        const client = new web.Client().setEndpoint(endpoint).setProject(f.project)
        const account = new web.Account(client)
        const files = new web.Storage(client)
        await account.create('ada', 'ada@example.org', 'correct horse 1')
        await account.createEmailPasswordSession('ada@example.org', 'correct horse 1')
        const content = randomBytes(part + 100)
        const file = await files.createFile('pics', web.ID.unique(), new File([content], 'ada.bin'))
        assert.equal(file.signature, md5(content))
        assert.deepEqual(file.$permissions, ['read("user:ada")', 'update("user:ada")', 'delete("user:ada")'])
        assert.equal((await files.updateFile('pics', file.$id, 'hers.bin')).name, 'hers.bin')
        const view = await fetch(files.getFileView('pics', file.$id).toString())
        assert.equal(md5(Buffer.from(await view.arrayBuffer())), md5(content))
        const list = await files.listFiles('pics', [web.Query.equal('name', ['hers.bin'])])
        assert.equal(list.total, 1)
        const text = await files.createFile('pics', 'note', new File([canary + ' as text'], 'note.txt'))
        assert.equal(text.mimeType, 'text/plain')
        await files.deleteFile('pics', file.$id)
      })
    })

    if (node.Tokens) {
      await t.test('tokens', async () => {
        const tokens = new node.Tokens(server)
        await storage.createBucket('private', 'Private')
        await storage.createFile('private', 'f', InputFile.fromBuffer(Buffer.from('private'), 'f.txt'))
        const token = await tokens.createFileToken('private', 'f')
        const at = `${endpoint}/storage/buckets/private/files/f/view?project=${f.project}`
        assert.equal((await fetch(at)).status, 401)
        assert.equal(await (await fetch(`${at}&token=${token.secret}`)).text(), 'private')
        assert.equal((await tokens.list('private', 'f')).total, 1)
        await tokens.update(token.$id, '2099-01-01T00:00:00.000+00:00')
        await tokens.delete(token.$id)
        assert.equal((await fetch(`${at}&token=${token.secret}`)).status, 401)
      })
    }

    await t.test('nothing of a file is in what is stored', async () => {
      for (const [path, bytes] of await contents(dir)) {
        assert.ok(!bytes.includes(canary), `${path} has what was uploaded`)
      }
    })
  })
}

test('an upload goes on after the server was killed', async (t) => {
  const dir = await dataDir(t)
  let s = await serve(t, { dir, env: limit })
  const f = await founder(s.endpoint, { scopes: serverScopes })
  const headers = { 'X-Appwrite-Project': f.project, 'X-Appwrite-Key': f.key.secret }
  const made = await call(s.endpoint, 'POST', '/storage/buckets', { headers, body: { bucketId: 'b', name: 'B', maximumFileSize: 100000000 } })
  assert.equal(made.status, 201)
  const content = randomBytes(6 * part + 1234)
  const total = content.length
  const send = async (i, cut = false) => {
    const start = i * part
    const body = new FormData()
    body.append('fileId', 'f')
    body.append('file', new File([content.subarray(start, Math.min(start + part, total))], 'f.bin'))
    const range = `bytes ${start}-${Math.min(start + part, total) - 1}/${total}`
    const request = fetch(s.endpoint + '/storage/buckets/b/files', {
      method: 'POST', headers: { ...headers, 'Content-Range': range, ...(i ? { 'X-Appwrite-ID': 'f' } : {}) }, body,
    })
    if (cut) {
      const ended = request.then((r) => r.status, () => 0)
      await new Promise((resolve) => setTimeout(resolve, cut))
      await s.stop('SIGKILL')
      return ended
    }
    const r = await request
    return { status: r.status, file: await r.json() }
  }
  for (const [i, cut] of [[0], [1], [2, 1], [3, 5], [4, 15], [5, 0], [6, 30]]) {
    if (cut !== undefined) {
      await send(i, cut || 1)
      s = await serve(t, { dir, env: limit })
    }
    const { status, file } = await send(i)
    assert.ok(status === 201 || status === 200, `part ${i}: ${status} ${JSON.stringify(file)}`)
  }
  const file = await call(s.endpoint, 'GET', '/storage/buckets/b/files/f', { headers })
  assert.equal(file.json.signature, md5(content))
  const back = await fetch(s.endpoint + '/storage/buckets/b/files/f/download', { headers })
  assert.equal(md5(Buffer.from(await back.arrayBuffer())), md5(content))
})
