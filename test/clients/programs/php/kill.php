<?php
// Waits until SELECT SLEEP(30) runs and executes argv: "KILL QUERY" or "KILL", id.
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
require __DIR__ . '/script.php';
require __DIR__ . '/mysqli.php';

$c = connect();
poll(fn () => (int) run($c, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info = 'SELECT SLEEP(30)'")['rows'][0][0], 1);
try {
    run($c, "$argv[1] $argv[2]");
} catch (Exception $e) {
    echo $e->getMessage();
    // The statement that was to be killed must not go on for ever.
    run($c, "SELECT 1");
}
