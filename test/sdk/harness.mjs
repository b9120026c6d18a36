// Starts the program, as a user would, and talks to it as a browser would.
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { once } from 'node:events'

const binary = process.env.MOORFAST ?? '../../bin/moorfast'

export async function dataDir(t) {
  const dir = await mkdtemp(join(tmpdir(), 'moorfast-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

// run starts the program and waits for its end.
export async function run(args, env = {}) {
  const child = spawn(binary, args, { env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env } })
  let out = ''
  child.stdout.on('data', (d) => (out += d))
  child.stderr.on('data', (d) => (out += d))
  const [code] = await once(child, 'close')
  return { code, out }
}

// serve starts the program on a port of its own, and waits until it answers.
export async function serve(t, { dir, env = {}, args = [] } = {}) {
  dir ??= await dataDir(t)
  const child = spawn(binary, ['serve', '--data', dir, '--listen', '127.0.0.1:0', ...args], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, _APP_OPTIONS_ABUSE: 'disabled', ...env },
  })
  let out = ''
  const endpoint = await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no start within 20 s:\n' + out)), 20_000)
    const look = (data) => {
      out += data
      const match = out.match(/API:\s+(http:\/\/[\d.:]+\/v1)/)
      if (match) {
        clearTimeout(timer)
        resolve(match[1])
      }
    }
    child.stdout.on('data', look)
    child.stderr.on('data', look)
    child.on('exit', (code) => reject(new Error(`ended with ${code}:\n${out}`)))
  })
  const ended = once(child, 'exit')
  const stop = async (signal = 'SIGTERM') => {
    if (child.exitCode === null) child.kill(signal)
    await ended
  }
  t.after(() => stop('SIGKILL'))
  return { endpoint, dir, stop, output: () => out }
}

// Browser is what a web SDK finds around it: cookies, and an origin.
export class Browser {
  cookies = new Map()
  constructor(origin = 'http://localhost') {
    this.origin = origin
  }
  fetch = async (url, init = {}) => {
    const headers = new Headers(init.headers)
    headers.set('Origin', this.origin)
    if (this.cookies.size) headers.set('Cookie', [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; '))
    const response = await realFetch(url, { ...init, headers })
    for (const line of response.headers.getSetCookie()) {
      const [pair] = line.split(';')
      const i = pair.indexOf('=')
      if (pair.slice(i + 1)) this.cookies.set(pair.slice(0, i), pair.slice(i + 1))
      else this.cookies.delete(pair.slice(0, i))
    }
    return response
  }
  // as runs fn with this browser around the SDK, whose fetch is the global one.
  async as(fn) {
    const before = globalThis.fetch
    globalThis.fetch = this.fetch
    try {
      return await fn()
    } finally {
      globalThis.fetch = before
    }
  }
}

const realFetch = globalThis.fetch

// call is a request without an SDK.
export async function call(endpoint, method, path, { body, headers = {}, browser } = {}) {
  const init = { method, headers: { 'Content-Type': 'application/json', ...headers } }
  if (body !== undefined) init.body = typeof body === 'string' ? body : JSON.stringify(body)
  const response = await (browser ? browser.fetch : realFetch)(endpoint + path, init)
  const text = await response.text()
  let json
  try {
    json = JSON.parse(text)
  } catch {
    json = undefined
  }
  return { status: response.status, json, text, headers: response.headers }
}

// founder signs up the first console account, and makes an organization, a
// project, and a key with the scopes.
export async function founder(endpoint, { project = 'app', scopes }) {
  const browser = new Browser()
  const must = async (method, path, body, headers) => {
    const r = await call(endpoint, method, path, { body, headers, browser })
    if (r.status >= 300) throw new Error(`${method} ${path}: ${r.status} ${r.text}`)
    return r.json
  }
  const email = 'founder@example.org'
  const password = 'correct horse 1'
  await must('POST', '/account', { userId: 'unique()', email, password, name: 'Founder' })
  await must('POST', '/account/sessions/email', { email, password })
  await must('POST', '/teams', { teamId: 'home', name: 'Home' })
  await must('POST', '/organization/projects', { projectId: project, name: 'App' }, { 'X-Appwrite-Organization': 'home' })
  const admin = { 'X-Appwrite-Project': project, 'X-Appwrite-Mode': 'admin' }
  const key = await must('POST', '/project/keys', { keyId: 'unique()', name: 'server', scopes }, admin)
  return { browser, admin, key, project, email, password, must }
}

export const serverScopes = [
  'buckets.read', 'buckets.write', 'files.read', 'files.write', 'tokens.read', 'tokens.write',
  'users.read', 'users.write', 'sessions.write', 'teams.read', 'teams.write', 'databases.read', 'databases.write',
  'tables.read', 'tables.write', 'columns.read', 'columns.write', 'indexes.read', 'indexes.write', 'rows.read', 'rows.write',
  'collections.read', 'collections.write', 'attributes.read', 'attributes.write', 'documents.read', 'documents.write',
  'health.read', 'locale.read', 'project.read', 'keys.read', 'platforms.read', 'platforms.write', 'webhooks.read', 'webhooks.write',
]
