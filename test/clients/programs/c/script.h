/* What the features of a C program are made of; script.c has the how. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <mysql.h>

struct feature {
	const char *name;
	void (*check)(MYSQL *); /* NULL: n/a, because of why */
	const char *why;
};

extern const struct feature features[];

/* Ends the feature that is being checked. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Goes behind "ok NAME:". */
void seen(const char *format, ...) __attribute__((format(printf, 1, 2)));

void want_text(const char *got, const char *want);
void want_number(long long got, long long want);

/* A connection as the environment asks for; prepare, unless NULL, sets options. */
MYSQL *dial(void (*prepare)(MYSQL *), unsigned long flags);

/* Selects the library of the environment's core object, if it names one. */
void select_library(MYSQL *c);

/* Executes a statement without a result. */
void run(MYSQL *c, const char *statement);

/* The result as text: columns divided by tabs, rows by line ends. Static. */
const char *rows(MYSQL *c, const char *statement);

#endif
