# frozen_string_literal: true

# The features of the mysql2 gem; ../../README.md says how programs work.

require 'mysql2'
require_relative 'script'

MIB = 1 << 20
BIG = "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000"

def connect(**options)
  c = Mysql2::Client.new(host: ENV['DB_HOST'], port: ENV['DB_PORT'].to_i, username: ENV['DB_USER'], password: ENV['DB_PASSWORD'],
                         database: ENV['DB_NAME'], encoding: 'utf8mb4', local_infile: true, connect_timeout: 30, as: :array,
                         flags: ['-FOUND_ROWS'], cast_booleans: false, database_timezone: :utc, **options)
  c.query("select library #{ENV['CORE']}") if ENV['CORE'].to_s != ''
  c
end

def run(c, sql)
  result = c.query(sql)
  [result ? result.to_a : [], [c.affected_rows, c.last_id]]
end

def rows(c, sql) = run(c, sql)[0]
def one(c, sql) = rows(c, sql)[0][0]

def refused(want, **options)
  connect(**options)
  check('no error', want)
rescue Mysql2::Error => e
  check("#{e.error_number} #{e.sql_state}", want)
end

def charset(name, text, table, hex)
  c = connect(encoding: name)
  text = text.encode(c.query_options[:encoding] == 'gbk' ? 'GBK' : 'UTF-8') if name == 'gbk'
  c.query("INSERT INTO #{table} VALUES ('#{c.escape(text)}')")
  check(rows(c, "SELECT name, HEX(name) FROM #{table}").map { |n, h| [n.encode('UTF-8'), h] }, [[text.encode('UTF-8'), hex]])
end

def killed(c, kill)
  ended = Thread.new { run(c, 'SELECT SLEEP(30)') && 'no error' rescue $!.error_number }
  d = connect
  poll(1) { one(d, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info = 'SELECT SLEEP(30)'") }
  d.query("#{kill} #{c.thread_id}")
  ended.value
end

NATIVE = {
  'server-version' => ->(c) { c.server_info[:version] },
  'thread-id' => ->(c) { check(one(c, 'SELECT CONNECTION_ID()'), c.thread_id) },
  'connect-attributes' => lambda { |_|
    check(rows(connect(connect_attrs: { program_name: 'features' }), "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = CONNECTION_ID() AND attr_name = 'program_name'"), [['features']])
  },
  'access-denied' => ->(_) { refused('1045 28000', password: 'wrong') },
  'unknown-database' => ->(_) { refused('1049 42000', database: 'no_such_database') },
  'ping' => ->(c) { check(c.ping, true) },
  'init-db' => lambda { |c|
    c.select_db('information_schema')
    check(one(c, 'SELECT DATABASE()'), 'information_schema')
  },
  'tls' => ->(_) { check(connect(sslcipher: 'ALL', sslverify: false).ssl_cipher.to_s.empty?, false) },
  'compression' => ->(_) { check(one(connect(flags: %w[COMPRESS -FOUND_ROWS]), "SELECT REPEAT('z', 1000000)").length, 1_000_000) },
  'latin1' => ->(_) { charset('latin1', "ÿ\\'é", 'western', 'C3BF5C27C3A9') },
  'gbk' => ->(_) { raise NotOffered, 'the gem does not know the encoding gbk' },
  'text-types' => ->(c) { rows(c, 'SELECT * FROM kinds ORDER BY id').inspect },
  'prepared-types' => lambda { |c|
    c.prepare('INSERT INTO bound VALUES (?, ?, ?, ?, ?, ?, ?, ?)').execute(10, -9_007_199_254_740_991, 2.5, BigDecimal('12345.678'), Time.utc(2024, 2, 29, 12, 34, 56), 'Käthe 😀', "\0\xFF\\'".b, nil)
    check(rows(c, "SELECT CONCAT_WS('|', id, i64, d, dc, ts, tx, HEX(bl), nu IS NULL) FROM bound"), [['10|-9007199254740991|2.5|12345.67800|2024-02-29 12:34:56|Käthe 😀|00FF5C27|1']])
    c.prepare('SELECT * FROM bound WHERE id = ?').execute(10, as: :array).to_a.inspect
  },
  'prepared-reexecute' => lambda { |c|
    s = c.prepare('SELECT ?')
    got = [41, 'text', nil, 2.5, 42].map { |v| s.execute(v, as: :array).to_a[0][0]&.to_s }
    check(got, ['41', 'text', nil, '2.5', '42'])
  },
  'prepared-many-parameters' => ->(c) { check(c.prepare("SELECT COUNT(*) FROM seq_1_to_5000 WHERE seq IN (?#{',?' * 1999})").execute(*1..2000, as: :array).to_a, [[2000]]) },
  'found-rows-flag' => lambda { |c|
    check(run(c, 'UPDATE matched SET n = n')[1][0], 0)
    check(run(connect(flags: 'FOUND_ROWS'), 'UPDATE matched SET n = n')[1][0], 2)
  },
  'warning-count' => lambda { |c|
    run(c, 'SELECT 1/0')
    check(c.warning_count, 1)
  },
  'multi-statements' => lambda { |_|
    d = connect(flags: %w[MULTI_STATEMENTS -FOUND_ROWS])
    check(d.query("SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'; nonsense").to_a, [[1]])
    d.next_result
    check(d.affected_rows, 2)
    d.next_result
    check(d.store_result.to_a, [[2, 'b']])
    got = begin
      d.next_result
    rescue Mysql2::Error => e
      e.error_number
    end
    check(got, 1064)
  },
  'procedure-results' => lambda { |_|
    d = connect(flags: %w[MULTI_STATEMENTS -FOUND_ROWS])
    check(d.query('CALL sets_of(4)').to_a, [[4, 5]])
    d.next_result
    check(d.store_result.to_a, [['x'], ['y']])
    d.next_result
    check(d.more_results?, false)
    check(rows(d, 'SELECT n FROM called'), [[4]])
  },
  'quoting' => ->(c) { check(one(c, "SELECT '#{c.escape("a\\b'c")}'"), "a\\b'c") },
  'local-infile' => lambda { |c|
    file = File.join(ENV['WORK'], 'ruby-infile')
    File.write(file, (0...20_000).map { |n| "#{n}\tname #{n}\n" }.join)
    run(c, "LOAD DATA LOCAL INFILE '#{file}' INTO TABLE loaded")
    check(rows(c, "SELECT COUNT(*), SUM(id) FROM loaded WHERE name = CONCAT('name ', id)")[0].map(&:to_i), [20_000, 199_990_000])
  },
  'large-statement' => lambda { |c|
    check(one(c, "SELECT LENGTH('#{'x' * (20 * MIB)}')"), 20 * MIB)
    check(c.prepare('SELECT LENGTH(?)').execute('x' * (20 * MIB), as: :array).to_a, [[20 * MIB]])
  },
  'large-row' => lambda { |c|
    text, five = rows(c, "SELECT REPEAT('y', 20971520), 5")[0]
    check([text.length, text[-1], five], [20 * MIB, 'y', 5])
  },
  'large-result' => lambda { |c|
    got = rows(c, BIG)
    check([got.length, got.sum { |r| r[0] }], [100_000, 5_000_050_000])
  },
  'streamed-result' => lambda { |c|
    sum = 0
    c.query(BIG, stream: true, cache_rows: false).each { |r| sum += r[0] }
    check(sum, 5_000_050_000)
  },
  'kill-query' => lambda { |c|
    check(killed(c, 'KILL QUERY'), 1317)
    check(one(c, 'SELECT 1'), 1)
  },
  'kill-connection' => lambda { |c|
    check(killed(c, 'KILL') == 'no error', false)
    lost = begin
      one(c, 'SELECT 1')
    rescue Mysql2::Error
      'lost'
    end
    check(lost, 'lost')
  },
  'query-timeout' => lambda { |_|
    got = begin
      run(connect(read_timeout: 1), 'SELECT SLEEP(31)') && 'no error'
    rescue Mysql2::Error => e
      e.class.name
    end
    check(got, 'Mysql2::Error::TimeoutError')
  },
  'abandoned-result' => lambda { |c|
    c.query(BIG, stream: true, cache_rows: false).each { |r| break check(r[0], 1) }
    c.close
    check(one(connect, 'SELECT 1'), 1)
  }
}.freeze

run_all(NATIVE) { |e| e.is_a?(Mysql2::Error) ? "#{e.error_number} #{e.sql_state}" : nil }
