/* The features that need prepared statements; prepared.c has them. */
#ifndef PREPARED_H
#define PREPARED_H

#include <mysql.h>

void prepared_types(MYSQL *c);
void prepared_reexecute(MYSQL *c);
void prepared_long_data(MYSQL *c);
void prepared_many_parameters(MYSQL *c);
void prepared_out_parameters(MYSQL *c);
void cursor_fetch(MYSQL *c);
void bulk_insert(MYSQL *c);

/* A parameter of 20 MiB there, and its length back. */
void large_parameter(MYSQL *c);

#endif
