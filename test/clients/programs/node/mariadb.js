'use strict'
// What is the MariaDB connector's own in the features.

const mariadb = require('mariadb')
const { check } = require('./script')
const { env } = process

// The connector leaves a promise of its own rejected when the SET NAMES fails that
// it sends after the login. Whoever asked for the connection has been told.
process.on('unhandledRejection', error => {
  if (!error.sql?.startsWith('SET NAMES ')) throw error
})

async function connect (options = {}) {
  const c = await mariadb.createConnection({
    host: env.DB_HOST,
    port: Number(env.DB_PORT),
    user: env.DB_USER,
    password: env.DB_PASSWORD,
    database: env.DB_NAME,
    foundRows: false,
    rowsAsArray: true,
    permitLocalInfile: true,
    maxAllowedPacket: 128 << 20,
    connectTimeout: 30000,
    ...options
  })
  c.on('error', () => {}) // of a connection that a feature has broken
  if (env.CORE) await c.query(`select library ${env.CORE}`)
  return c
}

const answer = result => Array.isArray(result)
  ? { rows: [...result], warnings: 0 }
  : { rows: [], affected: result.affectedRows, id: result.insertId, warnings: result.warningStatus }

const run = async (c, sql) => answer(await c.query(sql))

module.exports = {
  connect,
  run,
  query: async (c, sql, values) => answer(await c.query(sql, values)),
  execute: async (c, sql, values) => answer(await c.execute(sql, values)),
  several: async (c, sql) => (await c.query(sql)).map(r => Array.isArray(r) ? r.map(row => row.map(String)) : r.affectedRows),
  version: c => c.serverVersion(),
  charset: name => name,
  foundRows: { foundRows: true },
  load: (c, sql) => c.query(sql),
  stream: (c, sql) => c.queryStream(sql),
  bulk: async (c, table, rows) => (await c.batch(`INSERT INTO ${table} VALUES (?, ?)`, rows)).affectedRows,
  impatient: (c, sql) => c.query({ sql, timeout: 500 }).then(() => check('no error', 1969), error => check(error.errno, 1969)),
  abandon: async (c, sql) => {
    for await (const row of c.queryStream(sql)) {
      check(Number(row[0]), 1)
      c.destroy()
      break
    }
  }
}
