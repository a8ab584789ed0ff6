<?php
// What is PDO's own in the features.

function connect(array $options = []): PDO
{
    $dsn = sprintf('mysql:host=%s;port=%d;dbname=%s;charset=%s', getenv('DB_HOST'), getenv('DB_PORT'), $options['database'] ?? getenv('DB_NAME'), $options['charset'] ?? 'utf8mb4');
    $c = new PDO($dsn, getenv('DB_USER'), $options['password'] ?? getenv('DB_PASSWORD'), ($options['set'] ?? []) + [
        PDO::MYSQL_ATTR_LOCAL_INFILE => true,
        PDO::ATTR_EMULATE_PREPARES => false,
        PDO::ATTR_TIMEOUT => 10,
        PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_NUM,
    ]);
    if (getenv('CORE')) {
        $c->exec('select library ' . getenv('CORE'));
    }
    return $c;
}

function errorOf(Exception $e): string
{
    [$state, $number] = ($e instanceof PDOException && $e->errorInfo) ? $e->errorInfo : [$e->getCode(), 0];
    return "$number $state";
}

function run(PDO $c, string $sql): array
{
    $s = $c->query($sql);
    return ['rows' => $s->columnCount() ? $s->fetchAll() : [], 'says' => [(string) $s->rowCount(), $c->lastInsertId()]];
}

function prepared(PDO $c, string $sql, array $values): array
{
    $s = $c->prepare($sql);
    foreach ($values as $i => $v) {
        $s->bindValue($i + 1, $v, is_int($v) ? PDO::PARAM_INT : PDO::PARAM_STR);
    }
    $s->execute();
    return $s->columnCount() ? $s->fetchAll() : [];
}

function quote(PDO $c, string $text): string { return $c->quote($text); }

function threadId(PDO $c): int { return (int) one($c, 'SELECT CONNECTION_ID()'); }

$native = [
    'server-version' => fn ($c) => $c->getAttribute(PDO::ATTR_SERVER_VERSION),
    'statistics' => fn ($c) => check(substr($c->getAttribute(PDO::ATTR_SERVER_INFO), 0, 8), 'Uptime: '),
    'tls' => fn ($c) => check(one(connect(['set' => [PDO::MYSQL_ATTR_SSL_CIPHER => 'DEFAULT', PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT => false]]), 'SELECT 1'), 1),
    'compression' => fn ($c) => check(strlen(one(connect(['set' => [PDO::MYSQL_ATTR_COMPRESS => true]]), "SELECT REPEAT('z', 1000000)")), 1000000),
    'prepared-reexecute' => function ($c) {
        $s = $c->prepare('SELECT ?');
        $got = [];
        foreach ([41, 'text', null, 2.5, 42] as $v) {
            $s->bindValue(1, $v, is_int($v) ? PDO::PARAM_INT : PDO::PARAM_STR);
            $s->execute();
            $got[] = $s->fetchAll()[0][0];
        }
        check(array_map(fn ($v) => $v === null ? null : (string) $v, $got), ['41', 'text', null, '2.5', '42']);
    },
    'found-rows-flag' => function ($c) {
        check(run($c, 'UPDATE matched SET n = n')['says'][0], '0');
        check(run(connect(['set' => [PDO::MYSQL_ATTR_FOUND_ROWS => true]]), 'UPDATE matched SET n = n')['says'][0], '2');
    },
    'multi-statements' => function ($c) {
        $d = connect(['set' => [PDO::ATTR_EMULATE_PREPARES => true]]);
        $s = $d->query("SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'");
        check((int) $s->fetchAll()[0][0], 1);
        $s->nextRowset();
        check($s->rowCount(), 2);
        $s->nextRowset();
        check((int) $s->fetchAll()[0][0], 2);
    },
    'procedure-results' => function ($c) {
        $s = $c->query('CALL sets_of(4)');
        check($s->fetchAll(), [[4, 5]]);
        $s->nextRowset();
        check($s->fetchAll(), [['x'], ['y']]);
        while ($s->nextRowset()) {
        }
        check((int) one($c, 'SELECT n FROM called'), 4);
    },
    'transaction-api' => function ($c) {
        foreach ([1 => 'rollBack', 2 => 'commit'] as $id => $end) {
            $c->beginTransaction();
            run($c, "INSERT INTO api VALUES ($id)");
            check($c->inTransaction(), true);
            $c->$end();
            check($c->inTransaction(), false);
        }
        check(rows($c, 'SELECT id FROM api'), [[2]]);
    },
    'large-statement' => fn ($c) => check((int) prepared($c, 'SELECT LENGTH(?)', [str_repeat('x', 20 * MIB)])[0][0], 20 * MIB),
    'streamed-result' => function ($c) {
        $d = connect(['set' => [PDO::MYSQL_ATTR_USE_BUFFERED_QUERY => false]]);
        $sum = 0;
        foreach ($d->query(BIG) as $row) {
            $sum += $row[0];
        }
        check($sum, 5000050000);
    },
];
