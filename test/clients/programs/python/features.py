"""The features of PyMySQL and MySQLdb; ../../README.md says how programs work.

The driver's module is the only argument. Both have nearly the same interface.
"""

import importlib
import os
import socket
import sys
import tempfile
import threading

from script import Failed, check, poll, run_all

driver = importlib.import_module(sys.argv[1])
cursors = importlib.import_module(sys.argv[1] + ".cursors")
PYMYSQL = sys.argv[1] == "pymysql"
MIB = 1 << 20
BIG = "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000"


class NotOffered(Exception):
    """The driver has nothing of the kind."""


def connect(**options):
    given = dict(
        host=os.environ["DB_HOST"],
        port=int(os.environ["DB_PORT"]),
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        database=os.environ["DB_NAME"],
        charset="utf8mb4",
        autocommit=True,
        local_infile=True,
        connect_timeout=30,
    )
    given.update(options)
    connection = driver.connect(**given)
    if os.environ.get("CORE"):
        connection.query("select library " + os.environ["CORE"])
    return connection


def run(connection, sql, args=None):
    """Returns rows, what else the answer says, and the error's number."""
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql, args)
            rows = [list(row) for row in cursor.fetchall()] if cursor.description else []
            return rows, (cursor.rowcount, cursor.lastrowid), None
        except driver.Error as error:
            return [], None, str(error.args[0])


def rows(connection, sql, args=None):
    got, _, error = run(connection, sql, args)
    if error:
        raise Failed(error, "rows of " + sql[:60])
    return got


def one(connection, sql, args=None):
    return rows(connection, sql, args)[0][0]


def fails(call, want):
    try:
        call()
    except driver.Error as error:
        check(error.args[0], want)
        return
    raise Failed("no error", want)


def killed(victim, statement, end):
    """Runs a statement until end, called with a second connection, ends it."""
    ended = []
    thread = threading.Thread(target=lambda: ended.append(run(victim, statement)))
    thread.start()
    try:
        with_second(lambda c: (poll(lambda: one(c, RUNNING, (statement,)), 1), end(c)))
    finally:
        thread.join(60)
    check(len(ended), 1)
    return ended[0]


RUNNING = "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info = %s"


def with_second(work):
    second = connect()
    try:
        return work(second)
    finally:
        second.close()


def with_options(work, **options):
    connection = connect(**options)
    try:
        return work(connection)
    finally:
        connection.close()


def server_version(c):
    return c.get_server_info()


def thread_id(c):
    check(c.thread_id(), one(c, "SELECT CONNECTION_ID()"))


def connect_attributes(c):
    if not PYMYSQL:
        raise NotOffered("MySQLdb 1.4 sets no attributes")
    name = "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = CONNECTION_ID() AND attr_name = 'program_name'"
    check(with_options(lambda d: rows(d, name), program_name="features"), [["features"]])


def statistics(c):
    if PYMYSQL:
        raise NotOffered("PyMySQL has no such call")
    check(c.stat().split(":")[0], "Uptime")


def init_db(c):
    c.select_db("information_schema")
    check(one(c, "SELECT DATABASE()"), "information_schema")


def change_user(c):
    if PYMYSQL:
        raise NotOffered("PyMySQL has no such call")
    rows(c, "SET @v = 1")
    c.change_user(os.environ["DB_USER"], os.environ["DB_PASSWORD"], "information_schema")
    if os.environ.get("CORE"):
        c.query("select library " + os.environ["CORE"])
    check(rows(c, "SELECT @v, DATABASE()"), [[None, "information_schema"]])


def tls(c):
    options = {"ssl": {"check_hostname": False, "verify_mode": "none"}} if PYMYSQL else {"ssl": {"cipher": "ALL"}}
    check(with_options(lambda d: rows(d, "SELECT 'x'"), **options), [["x"]])


def compression(c):
    if PYMYSQL:
        raise NotOffered("PyMySQL does not compress")
    check(with_options(lambda d: len(one(d, "SELECT REPEAT('z', 1000000)")), compress=True), 1000000)


def charset(name, text, table, hexadecimal):
    def work(c):
        rows(c, f"INSERT INTO {table} VALUES (%s)", (text,))
        check(rows(c, f"SELECT name, HEX(name) FROM {table}"), [[text, hexadecimal]])

    with_options(work, charset=name)


def text_types(c):
    return repr(rows(c, "SELECT * FROM kinds ORDER BY id"))


def found_rows_flag(c):
    same = "UPDATE matched SET n = n"
    check(run(c, same)[1][0], 0)
    check(with_options(lambda d: run(d, same)[1][0], client_flag=2), 2)


def warning_count(c):
    with c.cursor() as cursor:
        cursor.execute("SELECT 1/0")
        check(cursor._result.warning_count if PYMYSQL else c.warning_count(), 1)


def multi_statements(c):
    def work(d):
        with d.cursor() as cursor:
            cursor.execute("SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'; nonsense")
            check(cursor.fetchall(), ((1,),))
            cursor.nextset()
            check(cursor.rowcount, 2)
            cursor.nextset()
            check(cursor.fetchall(), ((2, "b"),))
            fails(cursor.nextset, 1064)

    with_options(work, client_flag=1 << 16)


def procedure_results(c):
    with c.cursor() as cursor:
        cursor.callproc("sets_of", (4,))
        check(cursor.fetchall(), ((4, 5),))
        cursor.nextset()
        check(cursor.fetchall(), (("x",), ("y",)))
        cursor.nextset()
        check(cursor.nextset(), None)
    check(rows(c, "SELECT n FROM called"), [[4]])


def transaction_api(c):
    c.autocommit(False)
    rows(c, "INSERT INTO api VALUES (1)")
    c.rollback()
    rows(c, "INSERT INTO api VALUES (2)")
    c.commit()
    c.autocommit(True)
    check(c.get_autocommit(), True)
    check(rows(c, "SELECT id FROM api"), [[2]])


def quoting(c):
    check(one(c, "SELECT %s", ("a\\b'c",)), "a\\b'c")


def local_infile(c):
    with tempfile.NamedTemporaryFile("w") as file:
        file.writelines(f"{n}\tname {n}\n" for n in range(20000))
        file.flush()
        rows(c, "LOAD DATA LOCAL INFILE %s INTO TABLE loaded", (file.name,))
    check(rows(c, "SELECT COUNT(*), SUM(id) FROM loaded WHERE name = CONCAT('name ', id)"), [[20000, 199990000]])


def large_statement(c):
    check(one(c, "SELECT LENGTH(%s)", ("x" * (20 * MIB),)), 20 * MIB)


def large_row(c):
    got = rows(c, "SELECT REPEAT('y', 20971520), 5")
    check((len(got[0][0]), got[0][0][-1], got[0][1]), (20 * MIB, "y", 5))


def large_result(c):
    got = rows(c, BIG)
    check((len(got), sum(r[0] for r in got)), (100000, 5000050000))


def streamed_result(c):
    with c.cursor(cursors.SSCursor) as cursor:
        cursor.execute(BIG)
        check(sum(row[0] for row in cursor), 5000050000)
    check(one(c, "SELECT 1"), 1)


def bulk_insert(c):
    with c.cursor() as cursor:
        cursor.executemany("INSERT INTO bulk VALUES (%s, %s)", [(n, "ä") for n in range(20000)])
        check(cursor.rowcount, 20000)
    check(rows(c, "SELECT COUNT(*), SUM(id) FROM bulk WHERE name = 'ä'"), [[20000, 199990000]])


def kill_query(c):
    check(killed(c, "SELECT SLEEP(30)", lambda d: rows(d, f"KILL QUERY {c.thread_id()}"))[2], "1317")
    check(one(c, "SELECT 1"), 1)


def kill_connection(c):
    got = killed(c, "SELECT SLEEP(30)", lambda d: rows(d, f"KILL {c.thread_id()}"))
    if got[2] not in ("2006", "2013", "1317", "1927"):
        raise Failed(got, "a lost connection")
    check(run(c, "SELECT 1")[2] is not None, True)


def query_timeout(c):
    if not PYMYSQL:
        timeout = {"read_timeout": 1}
    else:
        timeout = {"read_timeout": 0.5}
    statement = "SELECT SLEEP(31)"
    check(with_options(lambda d: run(d, statement)[2], **timeout), "2013")


def abandoned_result(c):
    d = connect()
    cursor = d.cursor(cursors.SSCursor)
    cursor.execute(BIG)
    cursor.fetchone()
    if PYMYSQL:
        d._sock.shutdown(socket.SHUT_RDWR)
        d._force_close()
    else:
        shut = socket.socket(fileno=os.dup(d.fileno()))
        shut.shutdown(socket.SHUT_RDWR)
        shut.close()
    check(with_second(lambda e: one(e, "SELECT 1")), 1)


FEATURES = {
    "server-version": server_version,
    "thread-id": thread_id,
    "connect-attributes": connect_attributes,
    "access-denied": lambda c: fails(lambda: connect(password="wrong"), 1045),
    "unknown-database": lambda c: fails(lambda: connect(database="no_such_database"), 1049),
    "ping": lambda c: c.ping(),
    "statistics": statistics,
    "init-db": init_db,
    "change-user": change_user,
    "tls": tls,
    "compression": compression,
    "latin1": lambda c: charset("latin1", "ÿ\\'é", "western", "C3BF5C27C3A9"),
    "gbk": lambda c: charset("gbk", "誠'誠", "chinese", "E8AAA027E8AAA0"),
    "text-types": text_types,
    "found-rows-flag": found_rows_flag,
    "warning-count": warning_count,
    "multi-statements": multi_statements,
    "procedure-results": procedure_results,
    "transaction-api": transaction_api,
    "quoting": quoting,
    "local-infile": local_infile,
    "large-statement": large_statement,
    "large-row": large_row,
    "large-result": large_result,
    "streamed-result": streamed_result,
    "bulk-insert": bulk_insert,
    "kill-query": kill_query,
    "kill-connection": kill_connection,
    "query-timeout": query_timeout,
    "abandoned-result": abandoned_result,
}

run_all(connect, run, FEATURES, NotOffered)
