// Files that would run in a browser, opened in one: none of them does. A page
// that we serve ourselves, without the program between, shows that they would.
//
// The browser is what MOORFAST_TEST_BROWSER names, such as
// chromium-headless-shell; without it, the test is left out, and make test says so.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { serve, founder, serverScopes } from './harness.mjs'

const browser = process.env.MOORFAST_TEST_BROWSER
const run = promisify(execFile)

// look opens an address, and returns what the document became: nothing, where
// the browser would save the file.
async function look(url) {
  const args = ['--no-sandbox', '--disable-gpu', '--virtual-time-budget=1500', '--timeout=8000', '--dump-dom', url]
  try {
    return (await run(browser, args, { timeout: 30_000, maxBuffer: 16 << 20 })).stdout
  } catch (e) {
    if (e.stderr?.includes('net::ERR_ABORTED')) return ''
    throw e
  }
}

const mark = 'ran' + '-in-the-browser'
// Written in two halves, so that the source of a script is no sign of its having run.
const js = `document.documentElement.setAttribute('data-x','ran'+'-in-the-browser');document.title='ran'+'-in-the-browser'`
const script = `<script>${js}</script>`
const html = `<!doctype html><html><head><title>x</title></head><body>${script}</body></html>`
const svg = (inner, attributes = '') => `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="10" height="10" ${attributes}>${inner}</svg>`
const pdf = `%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\);${js.replaceAll('(', '\\(').replaceAll(')', '\\)')})>>>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>endobj
trailer<</Root 1 0 R>>
%%EOF`

// hostile are names and contents. Those with live run where nothing keeps them
// from it, as the type that stands there.
const hostile = [
  ['page.html', html, 'text/html'],
  ['page.htm', `<body onload="${js}">`, 'text/html'],
  ['image.html', `<img src=x onerror="${js}">`, 'text/html'],
  ['svg.html', `<svg onload="${js}">`, 'text/html'],
  ['details.html', `<details open ontoggle="${js}">`, 'text/html'],
  ['page.xhtml', `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>${script}</body></html>`, 'application/xhtml+xml'],
  ['onload.svg', svg('', `onload="${js}"`), 'image/svg+xml'],
  ['script.svg', svg(script), 'image/svg+xml'],
  ['prolog.svg', `<?xml version="1.0" encoding="UTF-8"?><!-- x -->${svg(script)}`, 'image/svg+xml'],
  ['animate.svg', svg(`<rect width="9" height="9"><animate attributeName="x" dur="1ms" onbegin="${js}"/></rect>`), 'image/svg+xml'],
  ['foreign.svg', svg(`<foreignObject width="9" height="9"><body xmlns="http://www.w3.org/1999/xhtml"><img src="x" onerror="${js}"/></body></foreignObject>`), 'image/svg+xml'],
  ['style.xml', `<?xml version="1.0"?><x xmlns:h="http://www.w3.org/1999/xhtml"><h:script>${js}</h:script></x>`, 'text/xml'],
  ['feed.rss', `<?xml version="1.0"?><rss><channel><h:script xmlns:h="http://www.w3.org/1999/xhtml">${js}</h:script></channel></rss>`],
  ['entity.xml', `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "<h:script xmlns:h='http://www.w3.org/1999/xhtml'>${js.replaceAll("'", '&#39;')}</h:script>">]><x>&e;</x>`],
  ['form.pdf', pdf],
  ['page.png', html],
  ['page.jpg', html],
  ['gif.gif', `GIF89a/*${html}*/=1;`],
  ['png.png', '\x89PNG\r\n\x1a\n' + html],
  ['jpeg.jpg', '\xff\xd8\xff\xfe' + html],
  ['bmp.bmp', 'BM' + html],
  ['riff.webp', 'RIFF\x00\x00\x00\x00WEBP' + html],
  ['page.txt', html],
  ['bom.txt', '\ufeff' + html],
  ['utf7.txt', '+/v8-+ADw-script+AD4-' + js + '+ADw-/script+AD4-'],
  ['space.txt', ' \n\t\r' + html],
  ['late.txt', ' '.repeat(2000) + html],
  ['script.js', js],
  ['data.json', JSON.stringify({ x: script })],
  ['mail.eml', `MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n${html}`],
  ['page.mht', `From: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n${html}\r\n--b--`],
  ['calendar.ics', `BEGIN:VCALENDAR\r\nX:${script}\r\nEND:VCALENDAR`],
  ['sub.vtt', `WEBVTT\n\n00:00.000 --> 00:01.000\n${script}`],
  ['style.css', `body{background:url("javascript:${js}")} ${script}`],
  ['table.csv', `a,b\n${script},1`],
  ['mp4.mp4', '\x00\x00\x00\x18ftypisom' + html],
  ['noname', html],
  ['page.html;.png', html],
  ['unicode\u202egnp.html', html],
  ['page.php', `<?php ?>${html}`],
  ['page.shtml', html],
]

test('no file runs in a browser', { skip: browser ? false : 'MOORFAST_TEST_BROWSER is not set', timeout: 300_000 }, async (t) => {
  const { endpoint } = await serve(t)
  const f = await founder(endpoint, { scopes: serverScopes })
  const headers = { 'X-Appwrite-Project': f.project, 'X-Appwrite-Key': f.key.secret }
  const bucket = await fetch(endpoint + '/storage/buckets', {
    method: 'POST', headers: { ...headers, 'Content-Type': 'application/json' },
    body: JSON.stringify({ bucketId: 'b', name: 'B', permissions: ['read("any")'] }),
  })
  assert.equal(bucket.status, 201)

  const control = createServer((request, response) => {
    const [, content, type] = hostile[Number(request.url.slice(1))] ?? []
    response.writeHead(200, { 'Content-Type': type ?? 'text/plain' }).end(Buffer.from(content ?? '', 'utf8'))
  }).listen(0, '127.0.0.1')
  t.after(() => control.close())
  await new Promise((resolve) => control.once('listening', resolve))

  const failed = []
  const one = async (i) => {
    const [name, content, live] = hostile[i]
    const body = new FormData()
    body.append('fileId', 'f' + i)
    body.append('file', new File([Buffer.from(content, /[\x80-\xff]/.test(content) && !/[\u0100-\uffff]/.test(content) ? 'latin1' : 'utf8')], name))
    const up = await fetch(endpoint + '/storage/buckets/b/files', { method: 'POST', headers, body })
    assert.equal(up.status, 201, `${name}: ${up.status} ${await up.clone().text()}`)
    if (live && !(await look(`http://127.0.0.1:${control.address().port}/${i}`)).includes(mark)) failed.push(`${name} does not run anywhere`)
    const view = `${endpoint}/storage/buckets/b/files/f${i}/view?project=${f.project}`
    if ((await look(view)).includes(mark)) failed.push(`${name} ran`)
  }
  const queue = hostile.keys()
  await Promise.all([0, 1].map(async () => {
    for (const i of queue) await one(i)
  }))
  assert.deepEqual(failed, [])
})
