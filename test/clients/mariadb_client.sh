#!/bin/sh
# A user of the mariadb command line; README.md beside it says what it does.
set -eu

run() { mariadb --no-defaults -h "$DB_HOST" -P "$DB_PORT" -u "$DB_USER" "-p$DB_PASSWORD" --batch --skip-column-names "$@" "$DB_NAME"; }
check() { # what, got, want
	if [ "$2" != "$3" ]; then
		echo "$1: got '$2', want '$3'" >&2
		exit 1
	fi
}

out=$(mktemp)
errors=$(mktemp)
trap 'rm -f "$out" "$errors"' EXIT

# --force goes on after the error that is made on purpose.
run --force --default-character-set=utf8mb4 >"$out" 2>"$errors" <<SQL || true
select library $CORE;
CREATE TABLE $TABLE (id INT PRIMARY KEY, name VARCHAR(40)) CHARACTER SET utf8mb4;
CREATE TABLE ${TABLE}_digits (d INT PRIMARY KEY);
INSERT INTO ${TABLE}_digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9);
INSERT INTO $TABLE VALUES (1, 'Käthe');
PREPARE s FROM 'SELECT name FROM $TABLE WHERE id = ?';
EXECUTE s USING 1;
START TRANSACTION;
INSERT INTO $TABLE VALUES (2, 'gone');
ROLLBACK;
SELECT COUNT(*) FROM $TABLE;
SELECT * FROM ${TABLE}_missing;
SELECT 'still here';
SQL
check "answers" "$(tr '\n' ' ' <"$out")" "Käthe 1 still here "
grep -q 'ERROR 1146 ' "$errors" || { cat "$errors" >&2; exit 1; }
check "errors" "$(grep -c ERROR "$errors")" 1

run --quick >"$out" <<SQL
select library $CORE;
SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d, REPEAT('x', 40)
  FROM ${TABLE}_digits a, ${TABLE}_digits b, ${TABLE}_digits c, ${TABLE}_digits e, ${TABLE}_digits f WHERE f.d < 5;
SQL
check "rows of the large result and their sum" "$(awk '{ n++; s += $1 } END { printf "%d %d", n, s }' "$out")" "50000 1249975000"

run --default-character-set=utf8mb4 >"$out" <<SQL
select library $CORE;
SELECT name FROM $TABLE WHERE id = 1;
select library $NEW_CORE;
SQL
check "row after connecting again" "$(cat "$out")" "Käthe"
echo ok
