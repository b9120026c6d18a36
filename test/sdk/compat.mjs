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

// What an Appwrite 1.9.6 that is hosted by oneself has no route for, either: calls of
// its cloud, or of other versions. They are counted apart.
const elsewhere = [
  '/account/billing-addresses',
  '/account/consents',
  '/account/coupons',
  '/account/invoices',
  '/account/keys',
  '/account/payment-methods',
  '/account/recovery/otp',
  '/account/sessions/id-token',
  '/account/verifications/email/otp',
  '/apps',
  '/backups',
  '/console/campaigns',
  '/console/coupons',
  '/console/plans',
  '/console/programs',
  '/console/regions',
  '/console/sources',
  '/console/suggestions',
  '/domains',
  '/functions/usage',
  '/functions/{}/usage',
  '/health/console-pausing',
  '/health/queue/audits',
  '/health/queue/billing-project-aggregation',
  '/health/queue/billing-team-aggregation',
  '/health/queue/builds',
  '/health/queue/builds-priority',
  '/health/queue/certificates',
  '/health/queue/databases',
  '/health/queue/deletes',
  '/health/queue/functions',
  '/health/queue/logs',
  '/health/queue/mails',
  '/health/queue/messaging',
  '/health/queue/migrations',
  '/health/queue/region-manager',
  '/health/queue/stats-resources',
  '/health/queue/stats-usage',
  '/health/queue/threats',
  '/health/queue/webhooks',
  '/messaging/messages/{}/logs',
  '/messaging/providers/{}/logs',
  '/messaging/subscribers',
  '/messaging/topics/{}/logs',
  '/oauth2',
  '/organization/installations',
  '/organization/keys',
  '/organization/memberships',
  '/organizations',
  '/project/oauth2-server',
  '/project/policies/deny-aliased-email',
  '/project/policies/deny-corporate-email',
  '/project/policies/deny-disposable-email',
  '/project/policies/deny-free-email',
  '/project/usage',
  '/projects/{}/api',
  '/projects/{}/auth/duration',
  '/projects/{}/auth/limit',
  '/projects/{}/auth/max-sessions',
  '/projects/{}/auth/memberships-privacy',
  '/projects/{}/auth/password-dictionary',
  '/projects/{}/auth/password-history',
  '/projects/{}/auth/personal-data',
  '/projects/{}/auth/session-alerts',
  '/projects/{}/auth/session-invalidation',
  '/projects/{}/auth/{}',
  '/projects/{}/console-access',
  '/projects/{}/jwts',
  '/projects/{}/keys',
  '/projects/{}/labels',
  '/projects/{}/platforms',
  '/projects/{}/service',
  '/projects/{}/smtp',
  '/projects/{}/status',
  '/projects/{}/templates/email/{}',
  '/projects/{}/templates/sms',
  '/projects/{}/webhooks',
  '/proxy/rules/{}/verification',
  '/sites/usage',
  '/sites/{}/usage',
  '/tablesdb/specifications',
  '/tablesdb/{}/failovers',
  '/tablesdb/{}/replicas',
  '/tablesdb/{}/status',
  '/teams/{}/installations',
  '/users/usage',
]
const exactly = new Set(['delete /organization', 'put /organization', 'get /organization', 'get /projects/{}', 'delete /projects/{}'])

const isElsewhere = (key) => {
  const path = key.split(' ')[1]
  return exactly.has(key) || elsewhere.some((prefix) => path === prefix || path.startsWith(prefix + '/'))
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
  const missing = [...methods].filter(([, key]) => key && !isElsewhere(key))
  const apart = [...methods].filter(([, key]) => key && isElsewhere(key)).length
  const due = methods.size - apart
  const n = due - missing.length
  have += n
  all += due
  const note = [missing.length || !due ? '' : 'complete', apart ? `${apart} more elsewhere only` : ''].filter(Boolean).join(', ')
  console.log(`${service.padEnd(20)} ${String(n).padStart(4)} of ${String(due).padStart(4)}  ${note}`.trimEnd())
  if (verbose) for (const [name, key] of missing) console.log(`    ${name}: ${key}`)
}
console.log(`${'all'.padEnd(20)} ${String(have).padStart(4)} of ${String(all).padStart(4)}`)
