<?php
// The features of mysqli and PDO (both mysqlnd); the interface's name is the only
// argument. ../../README.md says how programs work.

mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
require __DIR__ . '/script.php';
require __DIR__ . "/$argv[1].php";

const MIB = 1 << 20;
const BIG = "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000";
const ATTRIBUTE = "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = CONNECTION_ID() AND attr_name = 'program_name'";

function rows($c, string $sql): array { return run($c, $sql)['rows']; }
function one($c, string $sql) { return rows($c, $sql)[0][0]; }

function refused(array $options, string $want): void
{
    try {
        connect($options);
    } catch (Exception $e) {
        check(explode(' ', errorOf($e))[0], $want); // SQLSTATE is not shown of a refused connection
        return;
    }
    check('no error', $want);
}

function charset(string $name, string $text, string $table, string $hex): void
{
    $c = connect(['charset' => $name]);
    run($c, "INSERT INTO $table VALUES (" . quote($c, $text) . ')');
    check(rows($c, "SELECT name, HEX(name) FROM $table"), [[$text, $hex]]);
}

// Kills a sleeping statement from a second process' connection by its id.
function killed($c, string $kill): string
{
    $id = (int) threadId($c);
    $process = proc_open([PHP_BINARY, __DIR__ . '/kill.php', $kill, (string) $id], [1 => ['pipe', 'w'], 2 => ['redirect', 1]], $pipes);
    try {
        run($c, 'SELECT SLEEP(30)');
        $got = 'no error';
    } catch (Exception $e) {
        $got = errorOf($e);
    }
    $said = stream_get_contents($pipes[1]);
    proc_close($process);
    check($said, '');
    return $got;
}

function infile(): string
{
    $file = getenv('WORK') . '/php-infile';
    file_put_contents($file, implode('', array_map(fn ($n) => "$n\tname $n\n", range(0, 19999))));
    return $file;
}

runAll($native + [
    'access-denied' => fn ($c) => refused(['password' => 'wrong'], '1045'),
    'unknown-database' => fn ($c) => refused(['database' => 'no_such_database'], '1049'),
    'latin1' => fn ($c) => charset('latin1', "\xff\\'\xe9", 'western', 'C3BF5C27C3A9'),
    'gbk' => fn ($c) => charset('gbk', "\xd5\x5c'\xd5\x5c", 'chinese', 'E8AAA027E8AAA0'),
    'text-types' => fn ($c) => json_encode(rows($c, 'SELECT * FROM kinds ORDER BY id'), JSON_INVALID_UTF8_SUBSTITUTE | JSON_UNESCAPED_UNICODE),
    'quoting' => fn ($c) => check(one($c, 'SELECT ' . quote($c, "a\\b'c")), "a\\b'c"),
    'local-infile' => function ($c) {
        run($c, "LOAD DATA LOCAL INFILE '" . infile() . "' INTO TABLE loaded");
        check(array_map('intval', rows($c, "SELECT COUNT(*), SUM(id) FROM loaded WHERE name = CONCAT('name ', id)")[0]), [20000, 199990000]);
    },
    'large-row' => function ($c) {
        [[$text, $five]] = rows($c, "SELECT REPEAT('y', 20971520), 5");
        check([strlen($text), $text[-1], (int) $five], [20 * MIB, 'y', 5]);
    },
    'large-result' => function ($c) {
        $got = rows($c, BIG);
        check([count($got), array_sum(array_column($got, 0))], [100000, 5000050000]);
    },
    'kill-query' => function ($c) {
        check(killed($c, 'KILL QUERY'), '1317 70100');
        check((int) one($c, 'SELECT 1'), 1);
    },
    'kill-connection' => function ($c) {
        if (killed($c, 'KILL') === 'no error') {
            check('no error', 'a lost connection');
        }
        try {
            run($c, 'SELECT 1');
        } catch (Exception) {
            return;
        }
        check('no error', 'a lost connection');
    },
    'prepared-many-parameters' => fn ($c) => check((int) prepared($c, 'SELECT COUNT(*) FROM seq_1_to_5000 WHERE seq IN (?' . str_repeat(',?', 1999) . ')', range(1, 2000))[0][0], 2000),
    'prepared-types' => function ($c) {
        prepared($c, 'INSERT INTO bound VALUES (?, ?, ?, ?, ?, ?, ?, ?)', [10, -9007199254740991, 2.5, '12345.678', '2024-02-29 12:34:56', 'Käthe 😀', "\0\xff\\'", null]);
        check(rows($c, "SELECT CONCAT_WS('|', id, i64, d, dc, ts, tx, HEX(bl), nu IS NULL) FROM bound"), [['10|-9007199254740991|2.5|12345.67800|2024-02-29 12:34:56|Käthe 😀|00FF5C27|1']]);
        return json_encode(prepared($c, 'SELECT id, i64, d, dc, ts, tx, nu FROM bound WHERE id = ?', [10]), JSON_UNESCAPED_UNICODE);
    },
    'bulk-insert' => function ($c) {
        $values = implode(',', array_map(fn ($n) => "($n, 'ä')", range(0, 19999)));
        check(run($c, "INSERT INTO bulk VALUES $values")['says'][0], '20000');
    },
]);
