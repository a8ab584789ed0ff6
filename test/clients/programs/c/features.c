/* The features of libmariadb that need no prepared statement. */
#include "script.h"

#include <errmsg.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "prepared.h"

#define BIG "SELECT seq, REPEAT('x', 40) FROM seq_1_to_100000"
enum { MIB = 1 << 20 };

static void server_version(MYSQL *c) { seen("%s %lu", mysql_get_server_info(c), mysql_get_server_version(c)); }

static void thread_id(MYSQL *c) { want_number(atoll(rows(c, "SELECT CONNECTION_ID()")), (long long)mysql_thread_id(c)); }

static void name_program(MYSQL *c) { mysql_options4(c, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "features"); }

static void connect_attributes(MYSQL *c)
{
	(void)c;
	MYSQL *d = dial(name_program, 0);
	want_text(rows(d, "SELECT attr_value FROM performance_schema.session_connect_attrs WHERE processlist_id = CONNECTION_ID() AND attr_name = 'program_name'"), "features");
	mysql_close(d);
}

static void refused(const char *password, const char *database, const char *want)
{
	MYSQL *d = mysql_init(NULL);
	char got[40] = "no error";
	if (!mysql_real_connect(d, getenv("DB_HOST"), getenv("DB_USER"), password, database, (unsigned)atoi(getenv("DB_PORT")), NULL, 0))
		snprintf(got, sizeof got, "%u %s", mysql_errno(d), mysql_sqlstate(d));
	mysql_close(d);
	want_text(got, want);
}

static void access_denied(MYSQL *c) { (void)c, refused("wrong", getenv("DB_NAME"), "1045 28000"); }

static void unknown_database(MYSQL *c) { (void)c, refused(getenv("DB_PASSWORD"), "no_such_database", "1049 42000"); }

static void ping(MYSQL *c) { want_number(mysql_ping(c), 0); }

static void statistics(MYSQL *c) { want_number(strncmp(mysql_stat(c), "Uptime: ", 8), 0); }

static void init_db(MYSQL *c)
{
	want_number(mysql_select_db(c, "information_schema"), 0);
	want_text(rows(c, "SELECT DATABASE()"), "information_schema");
	want_number(mysql_select_db(c, "no_such_database"), 1);
	want_number(mysql_errno(c), 1049);
}

static void change_user(MYSQL *c)
{
	run(c, "SET @v = 1");
	if (mysql_change_user(c, getenv("DB_USER"), getenv("DB_PASSWORD"), "information_schema"))
		fail("%u %s", mysql_errno(c), mysql_error(c));
	select_library(c);
	want_text(rows(c, "SELECT @v, DATABASE(), @@character_set_client"), "\\N\tinformation_schema\tutf8mb4");
	want_number(mysql_change_user(c, getenv("DB_USER"), "wrong", NULL) != 0, 1);
	want_number(mysql_errno(c), 1045);
}

static void reset_connection(MYSQL *c)
{
	run(c, "SET @v = 1");
	run(c, "CREATE TEMPORARY TABLE t (id INT)");
	want_number(mysql_reset_connection(c), 0);
	select_library(c);
	want_text(rows(c, "SELECT @v"), "\\N");
	want_number(mysql_query(c, "SELECT * FROM t"), 1);
	want_number(mysql_errno(c), 1146);
}

static void with_tls(MYSQL *c)
{
	my_bool on = 1, off = 0;
	mysql_options(c, MYSQL_OPT_SSL_ENFORCE, &on);
	mysql_options(c, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &off);
}

static void tls(MYSQL *c)
{
	(void)c;
	MYSQL *d = dial(with_tls, 0);
	want_number(mysql_get_ssl_cipher(d) != NULL, 1);
	want_text(rows(d, "SELECT 1"), "1");
	mysql_close(d);
}

static void compressed(MYSQL *c) { mysql_options(c, MYSQL_OPT_COMPRESS, NULL); }

static void compression(MYSQL *c)
{
	(void)c;
	MYSQL *d = dial(compressed, 0);
	want_number(d->net.compress, 1);
	want_number((long long)strlen(rows(d, "SELECT REPEAT('z', 60000)")), 60000);
	large_parameter(d);
	mysql_close(d);
}

static void session_track(MYSQL *c)
{
	const char *data;
	size_t length;
	run(c, "USE information_schema");
	if (mysql_session_track_get_first(c, SESSION_TRACK_SCHEMA, &data, &length))
		fail("got no schema want information_schema");
	char got[80];
	snprintf(got, sizeof got, "%.*s", (int)length, data);
	want_text(got, "information_schema");
	run(c, "SET autocommit = 0");
	if (mysql_session_track_get_first(c, SESSION_TRACK_SYSTEM_VARIABLES, &data, &length))
		fail("got no variable want autocommit");
	snprintf(got, sizeof got, "%.*s", (int)length, data);
	want_text(got, "autocommit");
}

static void as_latin1(MYSQL *c) { mysql_options(c, MYSQL_SET_CHARSET_NAME, "latin1"); }
static void as_gbk(MYSQL *c) { mysql_options(c, MYSQL_SET_CHARSET_NAME, "gbk"); }

static void charset(void (*prepare)(MYSQL *), const char *table, const char *text, const char *hex)
{
	MYSQL *d = dial(prepare, 0);
	char quoted[100], statement[300], want[200];
	mysql_real_escape_string(d, quoted, text, strlen(text));
	snprintf(statement, sizeof statement, "INSERT INTO %s VALUES ('%s')", table, quoted);
	run(d, statement);
	snprintf(statement, sizeof statement, "SELECT name, HEX(name) FROM %s", table);
	snprintf(want, sizeof want, "%s\t%s", text, hex);
	want_text(rows(d, statement), want);
	mysql_close(d);
}

static void latin1(MYSQL *c) { (void)c, charset(as_latin1, "western", "\xff\\'\xe9", "C3BF5C27C3A9"); }
static void gbk(MYSQL *c) { (void)c, charset(as_gbk, "chinese", "\xd5\x5c'\xd5\x5c", "E8AAA027E8AAA0"); }

static void text_types(MYSQL *c) { seen("%.3000s", rows(c, "SELECT i8, u8, i16, i24, i64, u64, f, d, dc, dt, tm, ts, y, HEX(vb), HEX(bl), tx, HEX(bt), en, st, js, nu FROM kinds WHERE id = 1")); }

static void found_rows_flag(MYSQL *c)
{
	run(c, "UPDATE matched SET n = n");
	want_number((long long)mysql_affected_rows(c), 0);
	MYSQL *d = dial(NULL, CLIENT_FOUND_ROWS);
	run(d, "UPDATE matched SET n = n");
	want_number((long long)mysql_affected_rows(d), 2);
	mysql_close(d);
}

static void warning_count(MYSQL *c)
{
	want_text(rows(c, "SELECT 1/0"), "\\N");
	want_number(mysql_warning_count(c), 1);
}

/* The next result of a query that is under way, as its first value. */
static const char *next(MYSQL *c, int first)
{
	static char value[40];
	if (!first && mysql_next_result(c))
		fail("%u %s", mysql_errno(c), mysql_error(c));
	MYSQL_RES *result = mysql_store_result(c);
	if (!result) {
		snprintf(value, sizeof value, "%llu affected", (unsigned long long)mysql_affected_rows(c));
		return value;
	}
	snprintf(value, sizeof value, "%s of %llu", mysql_fetch_row(result)[0], (unsigned long long)mysql_num_rows(result));
	mysql_free_result(result);
	return value;
}

static void multi_statements(MYSQL *c)
{
	(void)c;
	MYSQL *d = dial(NULL, CLIENT_MULTI_STATEMENTS);
	want_number(mysql_query(d, "SELECT 1; INSERT INTO several VALUES (5), (6); SELECT 2, 'b'; nonsense"), 0);
	want_text(next(d, 1), "1 of 1");
	want_text(next(d, 0), "2 affected");
	want_text(next(d, 0), "2 of 1");
	want_number(mysql_next_result(d), 1);
	want_number(mysql_errno(d), 1064);
	want_number(mysql_set_server_option(d, MYSQL_OPTION_MULTI_STATEMENTS_OFF), 0);
	want_number(mysql_query(d, "SELECT 1; SELECT 2"), 1);
	mysql_close(d);
}

static void procedure_results(MYSQL *c)
{
	want_number(mysql_query(c, "CALL sets_of(4)"), 0);
	want_text(next(c, 1), "4 of 1");
	want_text(next(c, 0), "x of 2");
	want_text(next(c, 0), "1 affected");
	want_number(mysql_next_result(c), -1);
	want_text(rows(c, "SELECT n FROM called"), "4");
}

static void transaction_api(MYSQL *c)
{
	mysql_autocommit(c, 0);
	run(c, "INSERT INTO api VALUES (1)");
	want_number((c->server_status & SERVER_STATUS_IN_TRANS) != 0, 1);
	mysql_rollback(c);
	want_number((c->server_status & SERVER_STATUS_IN_TRANS) != 0, 0);
	run(c, "INSERT INTO api VALUES (2)");
	mysql_commit(c);
	want_number((c->server_status & SERVER_STATUS_AUTOCOMMIT) != 0, 0);
	mysql_autocommit(c, 1);
	want_number((c->server_status & SERVER_STATUS_AUTOCOMMIT) != 0, 1);
	want_text(rows(c, "SELECT id FROM api"), "2");
}

static void quoting(MYSQL *c)
{
	char quoted[40], statement[80];
	mysql_real_escape_string(c, quoted, "a\\b'c", 5);
	snprintf(statement, sizeof statement, "SELECT '%s'", quoted);
	want_text(rows(c, statement), "a\\b'c");
}

static void local_infile(MYSQL *c)
{
	char path[300], statement[400];
	snprintf(path, sizeof path, "%s/c-infile", getenv("WORK"));
	FILE *file = fopen(path, "w");
	if (!file)
		fail("open %s", path);
	for (int n = 0; n < 20000; n++)
		fprintf(file, "%d\tname %d\n", n, n);
	fclose(file);
	snprintf(statement, sizeof statement, "LOAD DATA LOCAL INFILE '%s' INTO TABLE loaded", path);
	run(c, statement);
	want_text(rows(c, "SELECT COUNT(*), SUM(id) FROM loaded WHERE name = CONCAT('name ', id)"), "20000\t199990000");
	want_number(mysql_query(c, "LOAD DATA LOCAL INFILE '/no/such/file' INTO TABLE loaded") != 0, 1);
	want_text(rows(c, "SELECT COUNT(*) FROM loaded"), "20000");
}

static void large_statement(MYSQL *c)
{
	char *statement = malloc(20 * MIB + 100);
	int at = sprintf(statement, "SELECT LENGTH('");
	memset(statement + at, 'x', 20 * MIB);
	at += 20 * MIB + sprintf(statement + at + 20 * MIB, "')");
	int failed = mysql_real_query(c, statement, (unsigned long)at);
	free(statement);
	want_number(failed, 0);
	want_text(next(c, 1), "20971520 of 1");
	large_parameter(c);
}

static void large_row(MYSQL *c)
{
	want_number(mysql_query(c, "SELECT REPEAT('y', 20971520), 5"), 0);
	MYSQL_RES *result = mysql_store_result(c);
	if (!result)
		fail("%u %s", mysql_errno(c), mysql_error(c));
	MYSQL_ROW row = mysql_fetch_row(result);
	want_number((long long)mysql_fetch_lengths(result)[0], 20 * MIB);
	want_number(row[0][20 * MIB - 1], 'y');
	want_text(row[1], "5");
	mysql_free_result(result);
}

static void sum(MYSQL *c, MYSQL_RES *(*fetch)(MYSQL *))
{
	want_number(mysql_query(c, BIG), 0);
	MYSQL_RES *result = fetch(c);
	long long total = 0;
	MYSQL_ROW row;
	while (result && (row = mysql_fetch_row(result)))
		total += atoll(row[0]);
	mysql_free_result(result);
	want_number(total, 5000050000);
	want_text(rows(c, "SELECT 1"), "1");
}

static void large_result(MYSQL *c) { sum(c, mysql_store_result); }
static void streamed_result(MYSQL *c) { sum(c, mysql_use_result); }

struct victim {
	MYSQL *c;
	unsigned error;
};

static void *sleep_long(void *argument)
{
	struct victim *v = argument;
	mysql_query(v->c, "SELECT SLEEP(30)");
	MYSQL_RES *result = mysql_store_result(v->c);
	if (result)
		mysql_free_result(result);
	v->error = mysql_errno(v->c);
	return NULL;
}

/* Kills a sleeping statement with the thread id of the greeting; returns its error. */
static unsigned killed(MYSQL *c, const char *kill)
{
	struct victim v = {.c = c};
	char statement[80];
	pthread_t thread;
	pthread_create(&thread, NULL, sleep_long, &v);
	MYSQL *d = dial(NULL, 0);
	while (strcmp(rows(d, "SELECT COUNT(*) FROM information_schema.processlist WHERE db = DATABASE() AND info = 'SELECT SLEEP(30)'"), "1"))
		usleep(20000);
	snprintf(statement, sizeof statement, "%s %lu", kill, mysql_thread_id(c));
	int refused = mysql_query(d, statement);
	unsigned why = mysql_errno(d);
	mysql_close(d);
	pthread_join(thread, NULL);
	if (refused)
		fail("%s: got error %u", statement, why);
	return v.error;
}

static void kill_query(MYSQL *c)
{
	want_number(killed(c, "KILL QUERY"), 1317);
	want_text(rows(c, "SELECT 1"), "1");
}

static void kill_connection(MYSQL *c)
{
	unsigned error = killed(c, "KILL");
	if (error != 1317 && error != CR_SERVER_LOST && error != 1927)
		fail("got error %u want a lost connection", error);
	want_number(mysql_query(c, "SELECT 1") != 0, 1);
}

static void impatient(MYSQL *c)
{
	unsigned second = 1;
	mysql_options(c, MYSQL_OPT_READ_TIMEOUT, &second);
}

static void query_timeout(MYSQL *c)
{
	(void)c;
	MYSQL *d = dial(impatient, 0);
	want_number(mysql_query(d, "SELECT SLEEP(31)"), 1);
	want_number(mysql_errno(d), CR_SERVER_LOST);
	mysql_close(d);
}

static void abandoned_result(MYSQL *c)
{
	want_number(mysql_query(c, BIG), 0);
	MYSQL_RES *result = mysql_use_result(c);
	want_text(mysql_fetch_row(result)[0], "1");
	shutdown(mysql_get_socket(c), SHUT_RDWR);
	mysql_free_result(result);
	MYSQL *d = dial(NULL, 0);
	want_text(rows(d, "SELECT 1"), "1");
	mysql_close(d);
}

static int reports;
static void report(const MYSQL *c, unsigned stage, unsigned stages, double percent, const char *info, unsigned length)
{
	(void)c, (void)stage, (void)stages, (void)percent, (void)info, (void)length;
	reports++;
}

static void with_progress(MYSQL *c) { mysql_options(c, MYSQL_PROGRESS_CALLBACK, (void *)report); }

static void progress(MYSQL *c)
{
	(void)c;
	MYSQL *d = dial(with_progress, 0);
	run(d, "SET progress_report_time = 1");
	run(d, "CREATE OR REPLACE TABLE slow (id INT) ENGINE=Aria SELECT seq AS id FROM seq_1_to_1500000");
	run(d, "ALTER TABLE slow ADD KEY (id), ADD n INT, ALGORITHM=COPY");
	run(d, "DROP TABLE slow");
	mysql_close(d);
	want_number(reports > 0, 1);
}

const struct feature features[] = {
	{"server-version", server_version, NULL},
	{"thread-id", thread_id, NULL},
	{"connect-attributes", connect_attributes, NULL},
	{"access-denied", access_denied, NULL},
	{"unknown-database", unknown_database, NULL},
	{"ping", ping, NULL},
	{"statistics", statistics, NULL},
	{"init-db", init_db, NULL},
	{"change-user", change_user, NULL},
	{"reset-connection", reset_connection, NULL},
	{"tls", tls, NULL},
	{"compression", compression, NULL},
	{"session-track", session_track, NULL},
	{"latin1", latin1, NULL},
	{"gbk", gbk, NULL},
	{"text-types", text_types, NULL},
	{"prepared-types", prepared_types, NULL},
	{"prepared-reexecute", prepared_reexecute, NULL},
	{"prepared-long-data", prepared_long_data, NULL},
	{"prepared-many-parameters", prepared_many_parameters, NULL},
	{"prepared-out-parameters", prepared_out_parameters, NULL},
	{"found-rows-flag", found_rows_flag, NULL},
	{"warning-count", warning_count, NULL},
	{"multi-statements", multi_statements, NULL},
	{"procedure-results", procedure_results, NULL},
	{"transaction-api", transaction_api, NULL},
	{"quoting", quoting, NULL},
	{"local-infile", local_infile, NULL},
	{"large-statement", large_statement, NULL},
	{"large-row", large_row, NULL},
	{"large-result", large_result, NULL},
	{"streamed-result", streamed_result, NULL},
	{"cursor-fetch", cursor_fetch, NULL},
	{"bulk-insert", bulk_insert, NULL},
	{"pipelining", NULL, "libmariadb sends one statement at a time"},
	{"kill-query", kill_query, NULL},
	{"kill-connection", kill_connection, NULL},
	{"query-timeout", query_timeout, NULL},
	{"abandoned-result", abandoned_result, NULL},
	{"progress", progress, NULL},
	{NULL, NULL, NULL},
};
