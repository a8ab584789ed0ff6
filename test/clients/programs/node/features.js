'use strict'
// The features of mysql2 and mariadb; the driver's name is the only argument.
// ../../README.md says how programs work.

const fs = require('node:fs')
const path = require('node:path')
const { runAll, check, poll, show, NotOffered } = require('./script')

const driver = require(`./${process.argv[2]}`)
const { connect, run } = driver
const MIB = 1 << 20
const BIG = "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000"
const { env } = process

const rows = async (c, sql) => (await run(c, sql)).rows
const one = async (c, sql) => (await rows(c, sql))[0][0]
const prepared = async (c, sql, values) => (await driver.execute(c, sql, values)).rows
const again = c => env.CORE ? run(c, `select library ${env.CORE}`) : null

async function refused (options, want) {
  let got = 'no error'
  await connect(options).then(c => c.end(), error => { got = `${error.errno} ${error.sqlState}` })
  check(got, want)
}

async function withOptions (options, work) {
  const c = await connect(options)
  try {
    return await work(c)
  } finally {
    await c.end()
  }
}

async function charset (name, text, table, hex) {
  await withOptions({ charset: driver.charset(name) }, async c => {
    await driver.query(c, `INSERT INTO ${table} VALUES (?)`, [text])
    check(await rows(c, `SELECT name, HEX(name) FROM ${table}`), [[text, hex]])
  })
}

// killed runs a long statement and ends it with what end says of the greeting's id.
async function killed (c, kill) {
  const ended = run(c, 'SELECT SLEEP(30)').then(() => 'no error', error => error.errno ?? error.code)
  await withOptions({}, async d => {
    await poll(async () => Number(await one(d, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info = 'SELECT SLEEP(30)'")), 1)
    await run(d, `${kill} ${c.threadId}`)
  })
  return await ended
}

const native = {
  'server-version': async c => driver.version(c),
  'thread-id': async c => check(Number(await one(c, 'SELECT CONNECTION_ID()')), c.threadId),
  'connect-attributes': () => withOptions({ connectAttributes: { program_name: 'features' } }, async c => check(
    await rows(c, "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = CONNECTION_ID() AND attr_name = 'program_name'"), [['features']])),
  'access-denied': () => refused({ password: 'wrong' }, '1045 28000'),
  'unknown-database': () => refused({ database: 'no_such_database' }, '1049 42000'),
  ping: c => c.ping(),
  'change-user': async c => {
    await run(c, 'SET @v = 1')
    await c.changeUser({ user: env.DB_USER, password: env.DB_PASSWORD, database: 'information_schema' })
    await again(c)
    check(await rows(c, 'SELECT @v, DATABASE()'), [[null, 'information_schema']])
  },
  'reset-connection': async c => {
    await run(c, 'SET @v = 1')
    if (!c.reset) throw new NotOffered('mysql2 has no such call')
    await c.reset()
    await again(c)
    check(await rows(c, 'SELECT @v'), [[null]])
  },
  tls: () => withOptions({ ssl: { rejectUnauthorized: false } }, async c => check(Number(await one(c, 'SELECT 1')), 1)),
  compression: () => withOptions({ compress: true }, async c => check((await one(c, "SELECT REPEAT('z', 1000000)")).length, 1000000)),
  latin1: () => charset('latin1', "ÿ\\'é", 'western', 'C3BF5C27C3A9'),
  gbk: () => charset('gbk', "誠'誠", 'chinese', 'E8AAA027E8AAA0'),
  'text-types': async c => show(await rows(c, 'SELECT * FROM kinds ORDER BY id')),
  'prepared-types': async c => {
    await driver.execute(c, 'INSERT INTO bound VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      [10, -9007199254740991, 2.5, '12345.678', new Date(2024, 1, 29, 12, 34, 56), 'Käthe 😀', Buffer.from([0, 255, 92, 39]), null])
    check(await rows(c, "SELECT CONCAT_WS('|', id, i64, d, dc, ts, tx, HEX(bl), nu IS NULL) FROM bound"),
      [['10|-9007199254740991|2.5|12345.67800|2024-02-29 12:34:56|Käthe 😀|00FF5C27|1']])
    return show(await prepared(c, 'SELECT * FROM bound WHERE id = ?', [10]))
  },
  'prepared-reexecute': async c => {
    const got = []
    for (const value of [41, 42, 'text', null, 2.5, Buffer.from('b'), 7]) {
      const [[v]] = await prepared(c, 'SELECT ?', [value])
      got.push(v === null ? null : String(v))
    }
    check(got, ['41', '42', 'text', null, '2.5', 'b', '7'])
  },
  'prepared-many-parameters': async c => {
    const values = Array.from({ length: 2000 }, (_, i) => i + 1)
    check(Number((await prepared(c, `SELECT COUNT(*) FROM seq_1_to_5000 WHERE seq IN (${values.map(() => '?')})`, values))[0][0]), 2000)
  },
  'found-rows-flag': async c => {
    check((await run(c, 'UPDATE matched SET n = n')).affected, 0)
    await withOptions(driver.foundRows, async d => check((await run(d, 'UPDATE matched SET n = n')).affected, 2))
  },
  'warning-count': async c => {
    check((await run(c, 'DROP TABLE IF EXISTS never_there')).warnings, 1)
  },
  'multi-statements': () => withOptions({ multipleStatements: true }, async c => {
    check(await driver.several(c, "SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'"), [[['1']], 2, [['2', 'b']]])
    await run(c, 'SELECT 1; nonsense').then(() => check('no error', 1064), error => check(error.errno, 1064))
  }),
  'procedure-results': async c => {
    check((await driver.several(c, 'CALL sets_of(4)')).slice(0, 2), [[['4', '5']], [['x'], ['y']]])
    check(await rows(c, 'SELECT n FROM called'), [[4]])
  },
  'transaction-api': async c => {
    await c.beginTransaction()
    await run(c, 'INSERT INTO api VALUES (1)')
    await c.rollback()
    await c.beginTransaction()
    await run(c, 'INSERT INTO api VALUES (2)')
    await c.commit()
    check(await rows(c, 'SELECT id FROM api'), [[2]])
  },
  quoting: () => { throw new NotOffered('the driver escapes without looking at the mode') },
  'local-infile': async c => {
    const file = path.join(env.WORK, `${process.argv[2]}-infile`)
    fs.writeFileSync(file, Array.from({ length: 20000 }, (_, n) => `${n}\tname ${n}\n`).join(''))
    await driver.load(c, `LOAD DATA LOCAL INFILE '${file}' INTO TABLE loaded`, file)
    check((await rows(c, "SELECT COUNT(*), SUM(id) FROM loaded WHERE name = CONCAT('name ', id)"))[0].map(String), ['20000', '199990000'])
  },
  'large-statement': async c => {
    check(Number((await driver.query(c, 'SELECT LENGTH(?)', ['x'.repeat(20 * MIB)])).rows[0][0]), 20 * MIB)
    check(Number((await prepared(c, 'SELECT LENGTH(?)', ['x'.repeat(20 * MIB)]))[0][0]), 20 * MIB)
  },
  'large-row': async c => {
    const [[text, five]] = await rows(c, "SELECT REPEAT('y', 20971520), 5")
    check([text.length, text.at(-1), Number(five)], [20 * MIB, 'y', 5])
  },
  'large-result': async c => {
    const got = await rows(c, BIG)
    check([got.length, got.reduce((sum, row) => sum + Number(row[0]), 0)], [100000, 5000050000])
  },
  'streamed-result': async c => {
    let sum = 0
    for await (const row of driver.stream(c, BIG)) sum += Number(Object.values(row)[0])
    check(sum, 5000050000)
  },
  'bulk-insert': async c => {
    check(await driver.bulk(c, 'bulk', Array.from({ length: 20000 }, (_, n) => [n, 'ä'])), 20000)
    check((await rows(c, "SELECT COUNT(*), SUM(id) FROM bulk WHERE name = 'ä'"))[0].map(String), ['20000', '199990000'])
  },
  pipelining: async c => { // both queue: mariadb sends without waiting for answers
    const answers = await Promise.all(Array.from({ length: 500 }, (_, n) => [run(c, `INSERT INTO pipelined VALUES (${n}, 1)`), one(c, `SELECT ${n}`)]).flat())
    check(answers.filter((_, i) => i % 2).map(Number), Array.from({ length: 500 }, (_, n) => n))
    check(Number(await one(c, 'SELECT COUNT(*) FROM pipelined')), 500)
  },
  'kill-query': async c => {
    check(await killed(c, 'KILL QUERY'), 1317)
    check(Number(await one(c, 'SELECT 1')), 1)
  },
  'kill-connection': async c => {
    const got = await killed(c, 'KILL')
    if (got === 'no error') check(got, 'a lost connection')
    await one(c, 'SELECT 1').then(() => check('no error', 'a lost connection'), () => {})
  },
  'query-timeout': async () => {
    const c = await connect()
    await driver.impatient(c, 'SELECT SLEEP(31)')
  },
  'abandoned-result': async c => {
    await driver.abandon(c, BIG)
    await withOptions({}, async d => check(Number(await one(d, 'SELECT 1')), 1))
  }
}

runAll(connect, run, native)
