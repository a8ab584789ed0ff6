package main

import (
	"fmt"
	"time"
)

// createTable makes the table that clients write to. It has no unique key: a row that
// is written twice is there twice. Each row says which server has executed its
// statement, and when; both are replicated as values.
const createTable = `create table written (
	writer int not null,
	number bigint not null,
	part int not null,
	sent bigint not null, -- microseconds since 1970
	server int not null,
	executed timestamp(6) not null,
	key (writer, number)
) engine=innodb`

// insertRow is the statement that writes one row.
func insertRow(writer int, number int64, part int, sent time.Time) string {
	return fmt.Sprintf("insert into written values (%d, %d, %d, %d, @@server_id, sysdate(6))", writer, number, part, sent.UnixMicro())
}

// lastNumber asks for the number of a writer's last write.
func lastNumber(writer int) string {
	return fmt.Sprintf("select ifnull(max(number), 0) from written where writer = %d", writer)
}

// allRows asks for everything.
const allRows = "select writer, number, part, sent, server, cast(unix_timestamp(executed) * 1000000 as signed) from written"
