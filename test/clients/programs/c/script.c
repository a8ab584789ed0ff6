/* Reads ../statements.txt and runs what the environment asks for. */
#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE = 4096, ROWS = 1 << 16, POLLS = 1000 };

static jmp_buf failed;
static char why[LINE], note[LINE], text[ROWS];

void fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, sizeof why, format, args);
	va_end(args);
	longjmp(failed, 1);
}

void seen(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(note, sizeof note, format, args);
	va_end(args);
}

void want_text(const char *got, const char *want)
{
	if (!got || strcmp(got, want))
		fail("got %s want %s", got ? got : "NULL", want);
}

void want_number(long long got, long long want)
{
	if (got != want)
		fail("got %lld want %lld", got, want);
}

static const char *env(const char *name)
{
	const char *value = getenv(name);
	return value ? value : "";
}

void select_library(MYSQL *c)
{
	if (*env("CORE")) {
		char select[200];
		snprintf(select, sizeof select, "select library %s", env("CORE"));
		run(c, select);
	}
}

MYSQL *dial(void (*prepare)(MYSQL *), unsigned long flags)
{
	MYSQL *c = mysql_init(NULL);
	unsigned on = 1;
	mysql_options(c, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_options(c, MYSQL_OPT_LOCAL_INFILE, &on);
	if (prepare)
		prepare(c);
	if (!mysql_real_connect(c, env("DB_HOST"), env("DB_USER"), env("DB_PASSWORD"), env("DB_NAME"), (unsigned)atoi(env("DB_PORT")), NULL, flags))
		fail("connect: %u %s %s", mysql_errno(c), mysql_sqlstate(c), mysql_error(c));
	select_library(c);
	return c;
}

/* Returns "" or number and SQLSTATE of the error. The result is in text. */
static const char *try(MYSQL *c, const char *statement)
{
	static char error[40];
	text[0] = 0;
	MYSQL_RES *result = NULL;
	if (mysql_query(c, statement) || (!(result = mysql_store_result(c)) && mysql_errno(c))) {
		snprintf(error, sizeof error, "%u %s", mysql_errno(c), mysql_sqlstate(c));
		return error;
	}
	size_t at = 0;
	MYSQL_ROW row;
	while (result && (row = mysql_fetch_row(result)))
		for (unsigned i = 0; i < mysql_num_fields(result) && at < sizeof text; i++)
			at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? "\t" : at ? "\n" : "", row[i] ? row[i] : "\\N");
	mysql_free_result(result);
	return "";
}

const char *rows(MYSQL *c, const char *statement)
{
	const char *error = try(c, statement);
	if (*error)
		fail("%s: %s %s", statement, error, mysql_error(c));
	return text;
}

void run(MYSQL *c, const char *statement) { rows(c, statement); }

struct step {
	char on, until, sql[LINE], rows[LINE], error[40], says[40];
};

/* Compares; returns 0 when a repeated statement is to be repeated. */
static int execute(MYSQL *c, const struct step *s)
{
	const char *error = try(c, s->sql);
	if (strcmp(error, s->error))
		fail("%s: got error '%s' want '%s'", s->sql, error, s->error);
	if (strcmp(text, s->rows)) {
		if (s->until)
			return 0;
		fail("%s: got '%s' want '%s'", s->sql, text, s->rows);
	}
	char says[40], id[24] = "-";
	if (!*s->says)
		return 1;
	if (!strchr(s->says, '-'))
		snprintf(id, sizeof id, "%llu", (unsigned long long)mysql_insert_id(c));
	snprintf(says, sizeof says, "%llu %s", (unsigned long long)mysql_affected_rows(c), id);
	want_text(says, s->says);
	return 1;
}

static void step(MYSQL *first, MYSQL **second, struct step *s)
{
	if (!s->on)
		return;
	if (s->on == '2' && !*second)
		*second = dial(NULL, 0);
	for (int i = 0; !execute(s->on == '2' ? *second : first, s); i++) {
		if (i == POLLS)
			fail("%s: got '%s' want '%s'", s->sql, text, s->rows);
		nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
	}
	memset(s, 0, sizeof *s);
}

/* Appends with ${DB_NAME} replaced. */
static void append(char *to, size_t size, const char *from)
{
	const char *name;
	size_t at = strlen(to);
	while ((name = strstr(from, "${DB_NAME}"))) {
		at += (size_t)snprintf(to + at, size - at, "%.*s%s", (int)(name - from), from, env("DB_NAME"));
		from = name + strlen("${DB_NAME}");
	}
	snprintf(to + at, size - at, "%s", from);
}

/* Executes the feature's steps; returns whether the file ends the feature. */
static int script(MYSQL *first, const char *name)
{
	static struct step s;
	MYSQL *second = NULL;
	char line[LINE];
	int in = 0, whole = 0;
	memset(&s, 0, sizeof s);
	FILE *file = fopen(env("STATEMENTS"), "r");
	if (!file)
		fail("open %s", env("STATEMENTS"));
	while (fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = 0;
		char *rest = strchr(line, ' ');
		if (!rest || *line == '#')
			continue;
		*rest++ = 0;
		if (*line == '=' || *line == '+') {
			step(first, &second, &s);
			in = !strcmp(rest, name);
			whole |= in && *line == '=';
		} else if (!in) {
			continue;
		} else if (*line == '1' || *line == '2') {
			step(first, &second, &s);
			s.on = *line;
			s.until = line[1];
			append(s.sql, sizeof s.sql, rest);
		} else if (*line == '>') {
			if (*s.rows)
				append(s.rows, sizeof s.rows, "\n");
			append(s.rows, sizeof s.rows, rest);
		} else if (*line == '!') {
			append(s.error, sizeof s.error, rest);
		} else if (*line == '~') {
			append(s.says, sizeof s.says, rest);
		}
	}
	fclose(file);
	step(first, &second, &s);
	if (second)
		mysql_close(second);
	return whole;
}

static void check(const char *name)
{
	const struct feature *volatile f = features;
	while (f->name && strcmp(f->name, name))
		f++;
	note[0] = 0;
	if (setjmp(failed)) {
		printf("FAIL %s: %s\n", name, why);
		return;
	}
	if (f->name && !f->check) {
		printf("n/a %s: %s\n", name, f->why);
		return;
	}
	MYSQL *c = dial(NULL, 0);
	int whole = script(c, name);
	if (f->name)
		f->check(c);
	else if (!whole)
		fail("the program does not know this feature");
	mysql_close(c);
	printf("ok %s%s%s\n", name, *note ? ": " : "", note);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	char list[LINE];
	snprintf(list, sizeof list, "%s", env("FEATURES"));
	for (char *name = strtok(list, " "); name; name = strtok(NULL, " ")) {
		char kept[80];
		snprintf(kept, sizeof kept, "%s", name);
		check(kept);
	}
	return 0;
}
