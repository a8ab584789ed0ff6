'use strict'
// Reads ../statements.txt and runs what the environment asks for.

const fs = require('node:fs')
const { isDeepStrictEqual } = require('node:util')

const PATIENCE = 20000 // milliseconds that a condition may take to come true

class NotOffered extends Error {}
class Failed extends Error {}

const show = value => JSON.stringify(value, (_, v) => typeof v === 'bigint' ? String(v) : v)

function check (got, want) {
  if (!isDeepStrictEqual(got, want)) throw new Failed(`got ${show(got)} want ${show(want)}`)
}

async function poll (look, want) {
  for (const end = Date.now() + PATIENCE; ;) {
    const got = await look()
    if (isDeepStrictEqual(got, want)) return
    if (Date.now() > end) check(got, want)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

function read () {
  const features = new Map()
  const content = fs.readFileSync(process.env.STATEMENTS, 'utf8').replaceAll('${DB_NAME}', process.env.DB_NAME)
  let feature
  for (const line of content.split('\n')) {
    const at = line.indexOf(' ')
    const word = at < 0 ? line : line.slice(0, at)
    const rest = line.slice(at + 1)
    const last = feature?.steps.at(-1)
    if (word === '=' || word === '+') features.set(rest, feature = { whole: word === '=', steps: [] })
    else if (/^[12]\??$/.test(word)) feature.steps.push({ on: word[0], until: word.length > 1, sql: rest, rows: [] })
    else if (word === '>') last.rows.push(rest.split('\t').map(v => v === '\\N' ? null : v))
    else if (word === '!') last.error = rest
    else if (word === '~') last.says = rest.split(' ')
  }
  return features
}

const asText = rows => rows.map(row => row.map(v => v === null ? null : Buffer.isBuffer(v) ? v.toString() : String(v)))

async function execute (run, connection, step) {
  let answer
  try {
    answer = await run(connection, step.sql)
  } catch (error) {
    if (!step.error) throw error
    check(`${error.errno} ${error.sqlState}`, step.error)
    return
  }
  if (step.error) check('no error', step.error)
  check(asText(answer.rows), step.rows)
  const [affected, id] = step.says ?? ['-', '-']
  if (affected !== '-') check(String(answer.affected), affected)
  if (id !== '-') check(String(answer.id), id)
}

async function script (connect, run, first, steps) {
  const connections = { 1: first }
  try {
    for (const step of steps) {
      const c = connections[step.on] ??= await connect()
      if (step.until) await poll(async () => asText((await run(c, step.sql)).rows), step.rows)
      else await execute(run, c, step)
    }
  } finally {
    await connections[2]?.end()
  }
}

// runAll checks every feature on a connection of its own. run resolves to
// {rows, affected, id}; native holds what is not in the file.
async function runAll (connect, run, native) {
  const scripts = read()
  for (const name of process.env.FEATURES.split(' ')) {
    let line = `ok ${name}`
    let connection
    try {
      const given = scripts.get(name)
      if (!native[name] && !given?.whole) throw new NotOffered('the driver has nothing of the kind')
      connection = await connect()
      if (given) await script(connect, run, connection, given.steps)
      const seen = await native[name]?.(connection)
      if (seen) line += `: ${seen}`
    } catch (error) {
      line = error instanceof NotOffered ? `n/a ${name}: ${error.message}` : `FAIL ${name}: ${error.errno ?? ''} ${error.message}`
    }
    console.log(line.replaceAll('\n', ' '))
    if (connection?.end) await Promise.race([connection.end(), new Promise(resolve => setTimeout(resolve, 1000))]).catch(() => {})
  }
  process.exit(0)
}

module.exports = { runAll, check, poll, show, NotOffered }
