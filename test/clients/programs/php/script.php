<?php
// Reads ../statements.txt and runs what the environment asks for.

const PATIENCE = 20; // seconds that a condition may take to come true

class NotOffered extends Exception {}

function check($got, $want): void
{
    if ($got !== $want) {
        throw new Exception('got ' . var_export($got, true) . ' want ' . var_export($want, true));
    }
}

function poll(callable $look, $want): void
{
    for ($end = microtime(true) + PATIENCE; ($got = $look()) !== $want; usleep(20000)) {
        if (microtime(true) > $end) {
            check($got, $want);
        }
    }
}

function readScripts(): array
{
    $features = [];
    $name = $at = null;
    foreach (explode("\n", str_replace('${DB_NAME}', getenv('DB_NAME'), file_get_contents(getenv('STATEMENTS')))) as $line) {
        [$word, $rest] = explode(' ', $line, 2) + [1 => ''];
        if ($word === '=' || $word === '+') {
            $features[$name = $rest] = ['whole' => $word === '=', 'steps' => []];
            $at = -1;
        } elseif (preg_match('/^[12]\??$/', $word)) {
            $features[$name]['steps'][++$at] = ['on' => $word[0], 'until' => strlen($word) > 1, 'sql' => $rest, 'rows' => [], 'error' => null, 'says' => ['-', '-']];
        } elseif ($word === '>') {
            $features[$name]['steps'][$at]['rows'][] = array_map(fn ($v) => $v === '\N' ? null : $v, explode("\t", $rest));
        } elseif ($word === '!') {
            $features[$name]['steps'][$at]['error'] = $rest;
        } elseif ($word === '~') {
            $features[$name]['steps'][$at]['says'] = explode(' ', $rest);
        }
    }
    return $features;
}

function asText(array $rows): array
{
    return array_map(fn ($row) => array_map(fn ($v) => $v === null ? null : (string) $v, $row), $rows);
}

function execute($c, array $step): void
{
    try {
        $answer = run($c, $step['sql']);
    } catch (Exception $e) {
        if ($step['error'] === null) {
            throw $e;
        }
        check(errorOf($e), $step['error']);
        return;
    }
    if ($step['error'] !== null) {
        check("no error: $step[sql]", $step['error']);
    }
    check(asText($answer['rows']), $step['rows']);
    foreach ($step['says'] as $i => $want) {
        if ($want !== '-') {
            check((string) $answer['says'][$i], $want);
        }
    }
}

function script($first, array $steps): void
{
    $connections = ['1' => $first];
    foreach ($steps as $step) {
        $c = $connections[$step['on']] ??= connect();
        if ($step['until']) {
            poll(fn () => asText(run($c, $step['sql'])['rows']), $step['rows']);
        } else {
            execute($c, $step);
        }
    }
}

function runAll(array $native): void
{
    $scripts = readScripts();
    foreach (explode(' ', getenv('FEATURES')) as $name) {
        $line = "ok $name";
        try {
            $whole = $scripts[$name]['whole'] ?? false;
            if (!isset($native[$name]) && !$whole) {
                throw new NotOffered('the driver has nothing of the kind');
            }
            $c = connect();
            script($c, $scripts[$name]['steps'] ?? []);
            $seen = isset($native[$name]) ? $native[$name]($c) : null;
            if ($seen !== null && $seen !== '') {
                $line .= ": $seen";
            }
        } catch (NotOffered $e) {
            $line = "n/a $name: " . $e->getMessage();
        } catch (Throwable $e) {
            $line = "FAIL $name: " . $e->getMessage();
        }
        echo str_replace("\n", ' ', $line), "\n";
        $c = null;
    }
}
