// The OpenAPI document is what it says it is.
import { test } from 'node:test'
import assert from 'node:assert/strict'
import { Validator } from '@seriousme/openapi-schema-validator'
import { run, serve, call } from './harness.mjs'

test('the document is valid OpenAPI 3.1, and served as it is printed', async (t) => {
  const { code, out } = await run(['openapi'])
  assert.equal(code, 0, out)
  const printed = JSON.parse(out)
  const validator = new Validator()
  // The validator takes a property that is named "$id" for the keyword.
  const result = await validator.validate(JSON.parse(out.replaceAll('"$id":', '"id":')))
  assert.equal(result.valid, true, JSON.stringify(result.errors, null, 2))
  assert.equal(validator.version, '3.1')
  const { endpoint } = await serve(t)
  const served = await call(endpoint, 'GET', '/openapi.json')
  assert.equal(served.status, 200)
  assert.deepEqual(served.json, printed)
})
