"""The features of the mariadb command line; ../../README.md says how programs work.

Each connection is a client process that is fed statements and read until it
answers a marker.
"""

import os
import re
import signal
import subprocess

from script import Failed, check, poll, run_all

MIB = 1 << 20
BIG = "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000"
MARK = "--- end of the answer ---"


class NotOffered(Exception):
    """The command line has nothing of the kind."""


def command(*options, password=None, database=None, charset="utf8mb4"):
    return [
        "mariadb", "--no-defaults", "-h", os.environ["DB_HOST"], "-P", os.environ["DB_PORT"], "-u", os.environ["DB_USER"],
        "-p" + (password or os.environ["DB_PASSWORD"]), "--default-character-set=" + charset, "--local-infile=1",
        "--max-allowed-packet=128M", *options, database or os.environ["DB_NAME"],
    ]  # fmt: skip


class Connection:
    def __init__(self, *options, **how):
        self.process = subprocess.Popen(
            command("--batch", "--force", "--unbuffered", "--skip-column-names", "--raw", *options, **how),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if os.environ.get("CORE"):
            self.ask("select library " + os.environ["CORE"])

    def ask(self, sql):
        """Returns the lines of the answer."""
        # The shell says the marker: the session must not see another statement.
        self.process.stdin.write(f"{sql}\n{self.end}\nsystem echo '{MARK}'\n".encode())
        self.process.stdin.flush()
        lines = []
        for line in self.process.stdout:
            line = line.decode("utf-8", "surrogateescape").rstrip("\n")
            if line == MARK:
                return lines
            lines.append(line)
        raise Failed(lines, "an answer")

    end = ";"

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(20)


def connect():
    c = Connection()
    # Procedures have ; inside.
    c.process.stdin.write(b"delimiter //\n")
    c.end = "//"
    return c


def run(c, sql):
    lines = c.ask(sql)
    for line in lines:
        if found := re.match(r"ERROR (\d+) \((\w+)\)", line):
            return [], (), f"{found[1]} {found[2]}"
    return [[None if v == "NULL" else v for v in line.split("\t")] for line in lines], (), None


def rows(c, sql):
    got, _, error = run(c, sql)
    if error:
        raise Failed(error, "rows of " + sql[:60])
    return got


def once(sql, *options, **how):
    """A client process of its own for statements, with what it printed."""
    core = os.environ.get("CORE")
    text = (f"select library {core};\n" if core else "") + sql
    done = subprocess.run(command("--batch", "--skip-column-names", *options, **how), input=text.encode(), capture_output=True, timeout=60)
    return done.stdout.decode("utf-8", "surrogateescape"), done.stderr.decode()


def refused(want, **how):
    error = once("SELECT 1", **how)[1]
    found = re.search(r"ERROR (\d+)(?: \((\w+)\))?", error)
    check(found and f"{found[1]} {found[2]}", want)


def status(c):
    # The client flushes what it says of itself with the next answer.
    return "\n".join(c.ask(f"status\n{c.end}\nSELECT 1"))


def thread_id(c):
    check(re.search(r"Connection id:\s+(\d+)", status(c))[1], rows(c, "SELECT CONNECTION_ID()")[0][0])


def statistics(c):
    check(bool(re.search(r"Uptime:\s+\d", status(c))), True)


def server_version(c):
    return re.search(r"Server version:\s+(.*)", status(c))[1]


def init_db(c):
    check(rows(c, "use information_schema//\nSELECT DATABASE()"), [["information_schema"]])


def tls(c):
    out, error = once("status;", "--ssl", "--skip-ssl-verify-server-cert")
    check((bool(re.search(r"SSL:\s+Cipher in use", out)), error), (True, ""))


def local_infile(c):
    path = os.path.join(os.environ["WORK"], "cli-infile")
    with open(path, "w") as file:
        file.writelines(f"{n}\tname {n}\n" for n in range(20000))
    rows(c, f"LOAD DATA LOCAL INFILE '{path}' INTO TABLE loaded")
    check(rows(c, "SELECT COUNT(*), SUM(id) FROM loaded WHERE name = CONCAT('name ', id)"), [["20000", "199990000"]])


def large_statement(c):
    check(rows(c, f"SELECT LENGTH('{'x' * 20 * MIB}')"), [[str(20 * MIB)]])


def large_row(c):
    got = rows(c, "SELECT REPEAT('y', 20971520), 5")
    check((len(got[0][0]), got[0][1]), (20 * MIB, "5"))


def add_up(*options):
    out, error = once(BIG, *options)
    check((sum(int(line.split("\t")[0]) for line in out.splitlines()), error), (5000050000, ""))


def interrupted(c):
    """Ctrl-C kills the statement by the id of the greeting, over a connection of its own."""
    core = os.environ.get("CORE")
    victim = subprocess.Popen(command("--batch", "--force"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    victim.stdin.write(((f"select library {core};\n" if core else "") + "SELECT SLEEP(30);\nSELECT 'after';\n").encode())
    victim.stdin.flush()
    running = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info = 'SELECT SLEEP(30)'"
    poll(lambda: rows(c, running), [["1"]])
    victim.send_signal(signal.SIGINT)
    try:
        out = victim.communicate(timeout=15)[0].decode()
    except subprocess.TimeoutExpired:
        victim.kill()
        victim.communicate()
        raise Failed("the statement goes on", "Query execution was interrupted")
    check("interrupted" in out, True)
    poll(lambda: rows(c, running), [["0"]])


def kill_connection(c):
    victim = connect()
    identity = re.search(r"Connection id:\s+(\d+)", status(victim))[1]
    rows(c, f"KILL {identity}")
    check("ERROR" in "\n".join(victim.ask("SELECT 1")), True)
    victim.close()


def abandoned_result(c):
    victim = subprocess.Popen(command("--quick", "--batch", "-e", BIG), stdout=subprocess.PIPE)
    victim.stdout.readline()
    victim.kill()
    victim.communicate()
    check(rows(c, "SELECT 1"), [["1"]])


FEATURES = {
    "server-version": server_version,
    "thread-id": thread_id,
    "access-denied": lambda c: refused("1045 28000", password="wrong"),
    "unknown-database": lambda c: refused("1049 42000", database="no_such_database"),
    "statistics": statistics,
    "init-db": init_db,
    "tls": tls,
    "compression": lambda c: check(once("SELECT LENGTH(REPEAT('z', 1000000))", "--compress"), ("1000000\n", "")),
    "text-types": lambda c: repr(rows(c, "SELECT * FROM kinds ORDER BY id")),
    "multi-statements": lambda c: check(rows(c, "SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'"), [["1"], ["2", "b"]]),
    "procedure-results": lambda c: check(rows(c, "CALL sets_of(4)"), [["4", "5"], ["x"], ["y"]]),
    "local-infile": local_infile,
    "large-statement": large_statement,
    "large-row": large_row,
    "large-result": lambda c: add_up(),
    "streamed-result": lambda c: add_up("--quick"),
    "kill-query": interrupted,
    "kill-connection": kill_connection,
    "abandoned-result": abandoned_result,
}

run_all(connect, run, FEATURES, NotOffered)
