'use strict'
// A program of a mysql2 user; ../README.md says what it does.

const assert = require('node:assert/strict')
const mysql = require('mysql2/promise')

const { TABLE, CORE, NEW_CORE, DB_HOST, DB_PORT, DB_USER, DB_PASSWORD, DB_NAME } = process.env
const DIGITS = `${TABLE}_digits`
const BIG = `SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n, REPEAT('x', 40) AS x
  FROM ${DIGITS} a, ${DIGITS} b, ${DIGITS} c, ${DIGITS} e, ${DIGITS} f WHERE f.d < 5`

async function connect () {
  const connection = await mysql.createConnection({
    host: DB_HOST,
    port: Number(DB_PORT),
    user: DB_USER,
    password: DB_PASSWORD,
    database: DB_NAME,
    connectTimeout: 10000
  })
  await connection.query(`select library ${CORE}`)
  return connection
}

async function main () {
  let connection = await connect()
  await connection.query(`CREATE TABLE ${TABLE} (id INT PRIMARY KEY, name VARCHAR(40)) CHARACTER SET utf8mb4`)
  await connection.query(`CREATE TABLE ${DIGITS} (d INT PRIMARY KEY)`)
  await connection.query(`INSERT INTO ${DIGITS} VALUES ?`, [[...Array(10).keys()].map(d => [d])])
  await connection.execute(`INSERT INTO ${TABLE} VALUES (?, ?)`, [1, 'Käthe'])

  const [rows] = await connection.execute(`SELECT name FROM ${TABLE} WHERE id = ?`, [1])
  assert.deepEqual(rows.map(r => r.name), ['Käthe'], 'selected row')

  await connection.beginTransaction()
  await connection.execute(`INSERT INTO ${TABLE} VALUES (?, ?)`, [2, 'gone'])
  await connection.rollback()
  const [[{ n }]] = await connection.query(`SELECT COUNT(*) AS n FROM ${TABLE}`)
  assert.equal(n, 1, 'rows after the rollback')

  await assert.rejects(connection.query(`SELECT * FROM ${TABLE}_missing`), { errno: 1146 })

  for (const read of ['query', 'execute']) { // text and binary rows
    const [large] = await connection[read](BIG)
    assert.equal(large.length, 50000, `rows of the large result (${read})`)
    assert.equal(large.reduce((sum, row) => sum + row.n, 0), 49999 * 25000, `their sum (${read})`)
  }
  await connection.end()

  connection = await connect()
  const [again] = await connection.query(`SELECT name FROM ${TABLE} WHERE id = 1`)
  assert.deepEqual(again.map(r => r.name), ['Käthe'], 'row after connecting again')
  await connection.execute('select library ?', [NEW_CORE])
  await connection.end()
  console.log('ok')
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
