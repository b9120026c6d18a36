// Prints which calls of the official SDKs the program has an endpoint for, by
// service. Usage: node compat.mjs [-v]; with -v, those that it has not.
import { execFileSync } from 'node:child_process'

const binary = process.env.MOORFAST ?? '../../bin/moorfast'
const verbose = process.argv.includes('-v')
const holes = (path) => path.replace(/\{[^}]+\}/g, '{}')

const document = JSON.parse(execFileSync(binary, ['openapi'], { maxBuffer: 64 << 20 }))
const endpoints = new Set()
for (const [path, operations] of Object.entries(document.paths)) {
  for (const method of Object.keys(operations)) endpoints.add(method + ' ' + holes(path.replace(/^\/v1/, '')))
}

// calls reads what a service's methods send from their text.
function calls(service) {
  const list = []
  for (const name of Object.getOwnPropertyNames(service.prototype)) {
    if (name === 'constructor') continue
    const text = String(service.prototype[name])
    const path = text.match(/apiPath = ["'`]([^"'`]+)["'`]/)
    const method = text.match(/client\.(?:call|chunkedUpload)\(\s*["'](\w+)["']/)
    if (path) list.push({ name, key: (method?.[1] ?? 'get') + ' ' + holes(path[1]) })
  }
  return list
}

const seen = new Map()
for (const sdk of ['node-appwrite', 'appwrite', '@appwrite.io/console']) {
  for (const [service, type] of Object.entries(await import(sdk))) {
    if (typeof type !== 'function' || !type.prototype) continue
    for (const { name, key } of calls(type)) {
      const methods = seen.get(service) ?? seen.set(service, new Map()).get(service)
      if (!methods.get(name)) methods.set(name, endpoints.has(key) ? '' : key)
    }
  }
}
let have = 0
let all = 0
for (const [service, methods] of [...seen].sort(([a], [b]) => a.localeCompare(b))) {
  const missing = [...methods].filter(([, key]) => key)
  const n = methods.size - missing.length
  have += n
  all += methods.size
  console.log(`${service.padEnd(20)} ${String(n).padStart(4)} of ${String(methods.size).padStart(4)}${missing.length ? '' : '  complete'}`)
  if (verbose) for (const [name, key] of missing) console.log(`    ${name}: ${key}`)
}
console.log(`${'all'.padEnd(20)} ${String(have).padStart(4)} of ${String(all).padStart(4)}`)
