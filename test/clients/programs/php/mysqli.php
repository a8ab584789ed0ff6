<?php
// What is mysqli's own in the features.

function connect(array $options = []): mysqli
{
    $c = mysqli_init();
    $c->options(MYSQLI_OPT_LOCAL_INFILE, 1);
    $c->options(MYSQLI_OPT_CONNECT_TIMEOUT, 30);
    if (isset($options['read'])) {
        $c->options(MYSQLI_OPT_READ_TIMEOUT, $options['read']);
    }
    $c->real_connect(getenv('DB_HOST'), getenv('DB_USER'), $options['password'] ?? getenv('DB_PASSWORD'), $options['database'] ?? getenv('DB_NAME'), (int) getenv('DB_PORT'), null, $options['flags'] ?? 0);
    $c->set_charset($options['charset'] ?? 'utf8mb4');
    again($c);
    return $c;
}

function again(mysqli $c): void
{
    if (getenv('CORE')) {
        $c->query('select library ' . getenv('CORE'));
    }
}

function errorOf(Exception $e): string
{
    return $e->getCode() . ' ' . ($e instanceof mysqli_sql_exception ? $e->getSqlState() : '');
}

function run(mysqli $c, string $sql): array
{
    $result = $c->query($sql);
    return ['rows' => $result instanceof mysqli_result ? $result->fetch_all(MYSQLI_NUM) : [], 'says' => [(string) $c->affected_rows, (string) $c->insert_id]];
}

function prepared(mysqli $c, string $sql, array $values): array
{
    $result = $c->execute_query($sql, $values);
    return $result instanceof mysqli_result ? $result->fetch_all(MYSQLI_NUM) : [];
}

function quote(mysqli $c, string $text): string { return "'" . $c->real_escape_string($text) . "'"; }

function threadId(mysqli $c): int { return $c->thread_id; }

$native = [
    'server-version' => fn ($c) => $c->server_info,
    'thread-id' => fn ($c) => check((int) run($c, 'SELECT CONNECTION_ID()')['rows'][0][0], $c->thread_id),
    'ping' => fn ($c) => check($c->ping(), true),
    'statistics' => fn ($c) => check(substr($c->stat(), 0, 8), 'Uptime: '),
    'init-db' => function ($c) {
        $c->select_db('information_schema');
        check(one($c, 'SELECT DATABASE()'), 'information_schema');
    },
    'change-user' => function ($c) {
        run($c, 'SET @v = 1');
        $c->change_user(getenv('DB_USER'), getenv('DB_PASSWORD'), 'information_schema');
        again($c);
        check(rows($c, 'SELECT @v, DATABASE()'), [[null, 'information_schema']]);
    },
    'tls' => fn ($c) => check(one(connect(['flags' => MYSQLI_CLIENT_SSL | MYSQLI_CLIENT_SSL_DONT_VERIFY_SERVER_CERT]), 'SELECT 1'), '1'),
    'compression' => fn ($c) => check(strlen(one(connect(['flags' => MYSQLI_CLIENT_COMPRESS]), "SELECT REPEAT('z', 1000000)")), 1000000),
    'prepared-reexecute' => function ($c) {
        $s = $c->prepare('SELECT ?');
        $got = [];
        foreach (['i' => 41, 's' => 'text', 'd' => 2.5, 'b' => 'b'] as $type => $value) {
            foreach ([$value, null] as $v) {
                $s->bind_param($type === 'b' ? 's' : $type, $v);
                $s->execute();
                $got[] = $s->get_result()->fetch_row()[0];
            }
        }
        check(array_map(fn ($v) => $v === null ? null : (string) $v, $got), ['41', null, 'text', null, '2.5', null, 'b', null]);
    },
    'prepared-long-data' => function ($c) {
        $s = $c->prepare('SELECT LENGTH(?)');
        $nothing = null;
        $s->bind_param('b', $nothing);
        foreach ([1, 2, 3] as $_) {
            $s->send_long_data(0, str_repeat('z', MIB));
        }
        $s->execute();
        check($s->get_result()->fetch_row()[0], 3 * MIB);
    },
    'found-rows-flag' => function ($c) {
        check(run($c, 'UPDATE matched SET n = n')['says'][0], '0');
        check(run(connect(['flags' => MYSQLI_CLIENT_FOUND_ROWS]), 'UPDATE matched SET n = n')['says'][0], '2');
    },
    'warning-count' => function ($c) {
        run($c, 'SELECT 1/0');
        check($c->warning_count, 1);
    },
    'multi-statements' => function ($c) {
        $c->multi_query("SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'; nonsense");
        check($c->store_result()->fetch_all(), [['1']]);
        check($c->next_result() && $c->store_result() === false ? $c->affected_rows : null, 2);
        check($c->next_result() ? $c->store_result()->fetch_all() : null, [['2', 'b']]);
        try {
            $c->next_result();
        } catch (mysqli_sql_exception $e) {
            check(errorOf($e), '1064 42000');
            return;
        }
        check('no error', '1064 42000');
    },
    'procedure-results' => function ($c) {
        $c->multi_query('CALL sets_of(4)');
        check($c->store_result()->fetch_all(), [['4', '5']]);
        check($c->next_result() ? $c->store_result()->fetch_all() : null, [['x'], ['y']]);
        check($c->next_result() ? $c->store_result() : null, false);
        check($c->more_results(), false);
    },
    'transaction-api' => function ($c) {
        foreach ([1 => 'rollback', 2 => 'commit'] as $id => $end) {
            $c->begin_transaction();
            run($c, "INSERT INTO api VALUES ($id)");
            $c->$end();
        }
        check(rows($c, 'SELECT id FROM api'), [['2']]);
    },
    'large-statement' => function ($c) {
        $text = str_repeat('x', 20 * MIB);
        check((int) one($c, "SELECT LENGTH('$text')"), 20 * MIB);
        check((int) prepared($c, 'SELECT LENGTH(?)', [$text])[0][0], 20 * MIB);
    },
    'streamed-result' => function ($c) {
        $sum = 0;
        foreach ($c->query(BIG, MYSQLI_USE_RESULT) as $row) {
            $sum += $row['seq'];
        }
        check($sum, 5000050000);
    },
    'cursor-fetch' => function ($c) {
        $s = $c->prepare('SELECT seq FROM seq_1_to_1000');
        $s->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
        $s->execute();
        $s->bind_result($n);
        for ($sum = 0; $s->fetch();) {
            $sum += $n;
        }
        check($sum, 500500);
    },
    'query-timeout' => function ($c) {
        try {
            run(connect(['read' => 1]), 'SELECT SLEEP(31)');
        } catch (mysqli_sql_exception $e) {
            check($e->getCode(), 2006);
            return;
        }
        check('no error', 2006);
    },
    'abandoned-result' => function ($c) {
        $c->query(BIG, MYSQLI_USE_RESULT)->fetch_row();
        $c->close();
        check(one(connect(), 'SELECT 1'), '1');
    },
];
