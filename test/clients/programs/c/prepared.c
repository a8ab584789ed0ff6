#include "prepared.h"

#include <stdlib.h>
#include <string.h>

#include "script.h"

enum { MIB = 1 << 20, BULK = 5000 };

static void ok(MYSQL_STMT *s, int failed)
{
	if (failed)
		fail("%u %s %s", mysql_stmt_errno(s), mysql_stmt_sqlstate(s), mysql_stmt_error(s));
}

static MYSQL_STMT *prepare(MYSQL *c, const char *statement)
{
	MYSQL_STMT *s = mysql_stmt_init(c);
	ok(s, mysql_stmt_prepare(s, statement, strlen(statement)));
	return s;
}

static MYSQL_BIND string_of(const char *text) { return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_STRING, .buffer = (void *)text, .buffer_length = strlen(text)}; }

/* Executes and returns the only value as text. */
static const char *value(MYSQL_STMT *s, MYSQL_BIND *parameters)
{
	static char text[200];
	unsigned long length = 0;
	my_bool null = 0;
	if (parameters)
		ok(s, mysql_stmt_bind_param(s, parameters));
	ok(s, mysql_stmt_execute(s));
	MYSQL_BIND out = {.buffer_type = MYSQL_TYPE_STRING, .buffer = text, .buffer_length = sizeof text - 1, .length = &length, .is_null = &null};
	ok(s, mysql_stmt_bind_result(s, &out));
	ok(s, mysql_stmt_fetch(s));
	text[length < sizeof text ? length : sizeof text - 1] = 0;
	mysql_stmt_free_result(s);
	return null ? "\\N" : text;
}

void prepared_types(MYSQL *c)
{
	int id = 10;
	long long i64 = -9007199254740991;
	double d = 2.5;
	MYSQL_TIME ts = {.year = 2024, .month = 2, .day = 29, .hour = 12, .minute = 34, .second = 56, .time_type = MYSQL_TIMESTAMP_DATETIME};
	unsigned long four = 4;
	MYSQL_BIND in[] = {
		{.buffer_type = MYSQL_TYPE_LONG, .buffer = &id},
		{.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &i64},
		{.buffer_type = MYSQL_TYPE_DOUBLE, .buffer = &d},
		string_of("12345.678"),
		{.buffer_type = MYSQL_TYPE_DATETIME, .buffer = &ts},
		string_of("Käthe 😀"),
		{.buffer_type = MYSQL_TYPE_BLOB, .buffer = "\0\xff\\'", .buffer_length = 4, .length = &four},
		{.buffer_type = MYSQL_TYPE_NULL},
	};
	MYSQL_STMT *s = prepare(c, "INSERT INTO bound VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
	ok(s, mysql_stmt_bind_param(s, in));
	ok(s, mysql_stmt_execute(s));
	want_number((long long)mysql_stmt_affected_rows(s), 1);
	mysql_stmt_close(s);
	s = prepare(c, "SELECT CONCAT_WS('|', id, i64, d, dc, ts, tx, HEX(bl), nu IS NULL) FROM bound WHERE id = ?");
	want_text(value(s, in), "10|-9007199254740991|2.5|12345.67800|2024-02-29 12:34:56|Käthe 😀|00FF5C27|1");
	mysql_stmt_close(s);
}

void prepared_reexecute(MYSQL *c)
{
	MYSQL_STMT *s = prepare(c, "SELECT ?");
	long long number = 41;
	double fraction = 2.5;
	MYSQL_BIND integer = {.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &number};
	want_text(value(s, &integer), "41");
	number = 42;
	want_text(value(s, NULL), "42");
	MYSQL_BIND text = string_of("text");
	want_text(value(s, &text), "text");
	MYSQL_BIND none = {.buffer_type = MYSQL_TYPE_NULL};
	want_text(value(s, &none), "\\N");
	MYSQL_BIND real = {.buffer_type = MYSQL_TYPE_DOUBLE, .buffer = &fraction};
	want_text(value(s, &real), "2.5");
	ok(s, mysql_stmt_reset(s));
	want_text(value(s, &integer), "42");
	mysql_stmt_close(s);
}

static void in_pieces(MYSQL *c, const char *statement, size_t piece, int pieces, const char *want)
{
	MYSQL_STMT *s = prepare(c, statement);
	MYSQL_BIND in = {.buffer_type = MYSQL_TYPE_BLOB};
	ok(s, mysql_stmt_bind_param(s, &in));
	char *data = malloc(piece);
	memset(data, 'z', piece);
	for (int i = 0; i < pieces; i++)
		ok(s, mysql_stmt_send_long_data(s, 0, data, piece));
	free(data);
	want_text(value(s, NULL), want);
	mysql_stmt_close(s);
}

void prepared_long_data(MYSQL *c) { in_pieces(c, "SELECT LENGTH(?)", MIB, 3, "3145728"); }

void large_parameter(MYSQL *c)
{
	MYSQL_STMT *s = prepare(c, "SELECT LENGTH(?)");
	char *data = malloc(20 * MIB);
	memset(data, 'z', 20 * MIB);
	unsigned long length = 20 * MIB;
	MYSQL_BIND in = {.buffer_type = MYSQL_TYPE_BLOB, .buffer = data, .buffer_length = length, .length = &length};
	want_text(value(s, &in), "20971520");
	free(data);
	mysql_stmt_close(s);
}

void prepared_many_parameters(MYSQL *c)
{
	enum { MANY = 2000 };
	static char statement[200 + 2 * MANY] = "SELECT COUNT(*) FROM seq_1_to_5000 WHERE seq IN (?";
	static int numbers[MANY];
	static MYSQL_BIND in[MANY];
	for (int i = 0; i < MANY; i++) {
		numbers[i] = i + 1;
		in[i] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONG, .buffer = &numbers[i]};
		strcat(statement, i ? ",?" : "");
	}
	MYSQL_STMT *s = prepare(c, strcat(statement, ")"));
	want_number((long long)mysql_stmt_param_count(s), MANY);
	want_text(value(s, in), "2000");
	mysql_stmt_close(s);
}

void prepared_out_parameters(MYSQL *c)
{
	int a = 21, b = 0, n = 5;
	MYSQL_BIND in[] = {{.buffer_type = MYSQL_TYPE_LONG, .buffer = &a}, {.buffer_type = MYSQL_TYPE_LONG, .buffer = &b}, {.buffer_type = MYSQL_TYPE_LONG, .buffer = &n}};
	MYSQL_STMT *s = prepare(c, "CALL doubled(?, ?, ?)");
	want_text(value(s, in), "set");
	want_number(mysql_stmt_next_result(s), 0);
	want_number((c->server_status & SERVER_PS_OUT_PARAMS) != 0, 1);
	int out[2] = {0};
	MYSQL_BIND result[] = {{.buffer_type = MYSQL_TYPE_LONG, .buffer = &out[0]}, {.buffer_type = MYSQL_TYPE_LONG, .buffer = &out[1]}};
	ok(s, mysql_stmt_bind_result(s, result));
	ok(s, mysql_stmt_fetch(s));
	want_number(out[0], 42);
	want_number(out[1], 6);
	mysql_stmt_free_result(s);
	want_number(mysql_stmt_next_result(s), 0);
	mysql_stmt_close(s);
}

void cursor_fetch(MYSQL *c)
{
	static const char query[] = "SELECT seq FROM seq_1_to_10000";
	MYSQL_STMT *s = mysql_stmt_init(c);
	unsigned long type = CURSOR_TYPE_READ_ONLY, ahead = 100;
	mysql_stmt_attr_set(s, STMT_ATTR_CURSOR_TYPE, &type);
	mysql_stmt_attr_set(s, STMT_ATTR_PREFETCH_ROWS, &ahead);
	ok(s, mysql_stmt_prepare(s, query, strlen(query)));
	ok(s, mysql_stmt_execute(s));
	int number = 0;
	long long total = 0;
	MYSQL_BIND out = {.buffer_type = MYSQL_TYPE_LONG, .buffer = &number};
	ok(s, mysql_stmt_bind_result(s, &out));
	want_number((c->server_status & SERVER_STATUS_CURSOR_EXISTS) != 0, 1);
	for (int i = 0; !mysql_stmt_fetch(s); i++) {
		total += number;
		if (i == 150) /* another statement while the cursor is open */
			want_text(rows(c, "SELECT 'between'"), "between");
	}
	want_number(total, 50005000);
	mysql_stmt_close(s);
}

void bulk_insert(MYSQL *c)
{
	static int ids[BULK];
	static const char *names[BULK];
	static unsigned long lengths[BULK];
	static char indicators[BULK];
	for (int i = 0; i < BULK; i++) {
		ids[i] = i;
		names[i] = "ä";
		lengths[i] = 2;
		indicators[i] = i % 2 ? STMT_INDICATOR_NONE : STMT_INDICATOR_NULL;
	}
	MYSQL_BIND in[] = {{.buffer_type = MYSQL_TYPE_LONG, .buffer = ids}, {.buffer_type = MYSQL_TYPE_STRING, .buffer = names, .length = lengths, .u.indicator = indicators}};
	MYSQL_STMT *s = prepare(c, "INSERT INTO bulk VALUES (?, ?)");
	unsigned size = BULK;
	mysql_stmt_attr_set(s, STMT_ATTR_ARRAY_SIZE, &size);
	ok(s, mysql_stmt_bind_param(s, in));
	ok(s, mysql_stmt_execute(s));
	want_number((long long)mysql_stmt_affected_rows(s), BULK);
	mysql_stmt_close(s);
	want_text(rows(c, "SELECT COUNT(*), SUM(id), COUNT(name) FROM bulk"), "5000\t12497500\t2500");
}
