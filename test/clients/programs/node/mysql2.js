'use strict'
// What is mysql2's own in the features.

const fs = require('node:fs')
const mysql = require('mysql2/promise')
const { check } = require('./script')
const { env } = process

async function connect (options = {}) {
  const c = await mysql.createConnection({
    host: env.DB_HOST,
    port: Number(env.DB_PORT),
    user: env.DB_USER,
    password: env.DB_PASSWORD,
    database: env.DB_NAME,
    charset: 'utf8mb4',
    flags: ['-FOUND_ROWS'],
    rowsAsArray: true,
    connectTimeout: 30000,
    ...options
  })
  c.connection.on('error', () => {}) // of a connection that a feature has broken
  Object.defineProperty(c, 'threadId', { get: () => c.connection.threadId })
  if (env.CORE) await c.query(`select library ${env.CORE}`)
  return c
}

const answer = result => Array.isArray(result)
  ? { rows: result, warnings: 0 }
  : { rows: [], affected: result.affectedRows, id: result.insertId, warnings: result.warningStatus }

const run = async (c, sql) => answer((await c.query(sql))[0])

module.exports = {
  connect,
  run,
  query: async (c, sql, values) => answer((await c.query(sql, values))[0]),
  execute: async (c, sql, values) => answer((await c.execute(sql, values))[0]),
  several: async (c, sql) => (await c.query(sql))[0].map(r => Array.isArray(r) ? r.map(row => row.map(String)) : r.affectedRows),
  version: c => c.connection._handshakePacket.serverVersion,
  charset: name => name,
  foundRows: { flags: ['FOUND_ROWS'] },
  load: (c, sql, file) => c.query({ sql, infileStreamFactory: () => fs.createReadStream(file) }),
  stream: (c, sql) => c.connection.query({ sql }).stream(),
  bulk: async (c, table, rows) => (await c.query(`INSERT INTO ${table} VALUES ?`, [rows]))[0].affectedRows,
  impatient: (c, sql) => c.query({ sql, timeout: 500 }).then(() => check('no error', 'PROTOCOL_SEQUENCE_TIMEOUT'), error => {
    c.destroy()
    check(error.code, 'PROTOCOL_SEQUENCE_TIMEOUT')
  }),
  abandon: (c, sql) => new Promise((resolve, reject) => c.connection.query(sql).on('error', reject).once('result', () => resolve(c.destroy())))
}
