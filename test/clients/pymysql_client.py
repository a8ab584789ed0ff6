"""A program of a PyMySQL user; README.md beside it says what it does."""

import os
import sys

import pymysql

TABLE = os.environ["TABLE"]
DIGITS = TABLE + "_digits"
BIG = (
    f"SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS n, REPEAT('x', 40) "
    f"FROM {DIGITS} a, {DIGITS} b, {DIGITS} c, {DIGITS} e, {DIGITS} f WHERE f.d < 5"
)


def check(what, got, want):
    if got != want:
        sys.exit(f"{what}: got {got!r}, want {want!r}")


def connect():
    connection = pymysql.connect(
        host=os.environ["DB_HOST"],
        port=int(os.environ["DB_PORT"]),
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        database=os.environ["DB_NAME"],
        charset="utf8mb4",
        connect_timeout=10,
        read_timeout=60,
    )
    with connection.cursor() as cursor:
        cursor.execute("select library " + os.environ["CORE"])
    return connection


def main():
    connection = connect()
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE {TABLE} (id INT PRIMARY KEY, name VARCHAR(40)) CHARACTER SET utf8mb4")
        cursor.execute(f"CREATE TABLE {DIGITS} (d INT PRIMARY KEY)")
        cursor.executemany(f"INSERT INTO {DIGITS} VALUES (%s)", [(d,) for d in range(10)])
        cursor.execute(f"INSERT INTO {TABLE} VALUES (%s, %s)", (1, "Käthe"))
        connection.commit()

        cursor.execute(f"SELECT name FROM {TABLE} WHERE id = %s", (1,))
        check("selected row", cursor.fetchall(), (("Käthe",),))

        connection.begin()
        cursor.execute(f"INSERT INTO {TABLE} VALUES (2, 'gone')")
        connection.rollback()
        cursor.execute(f"SELECT COUNT(*) FROM {TABLE}")
        check("rows after the rollback", cursor.fetchone(), (1,))

        try:
            cursor.execute(f"SELECT * FROM {TABLE}_missing")
            sys.exit("a missing table made no error")
        except pymysql.err.ProgrammingError as error:
            check("error of a missing table", error.args[0], 1146)

        cursor.execute(BIG)
        rows = cursor.fetchall()
        check("rows of the large result", len(rows), 50000)
        check("their sum", sum(row[0] for row in rows), 49999 * 25000)
    connection.close()

    connection = connect()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT name FROM {TABLE} WHERE id = 1")
        check("row after connecting again", cursor.fetchall(), (("Käthe",),))
        connection.commit()  # without autocommit, reading has opened a transaction
        cursor.execute("select library " + os.environ["NEW_CORE"])
    connection.close()
    print("ok")


main()
