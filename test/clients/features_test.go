package clients

// features is what every program is asked for, in this order. A program that
// cannot do one says so ("n/a" and why); it never leaves one out.
var features = []string{
	"server-version", "thread-id", "connect-attributes", "access-denied", "unknown-database",
	"ping", "statistics", "init-db", "change-user", "reset-connection",
	"tls", "compression", "session-track",
	"database", "utf8mb4", "latin1", "gbk", "set-names",
	"text-types", "prepared-types", "prepared-reexecute", "prepared-long-data", "prepared-many-parameters",
	"prepared-out-parameters", "sql-prepare",
	"insert-id", "found-rows-flag", "warnings", "warning-count",
	"multi-statements", "procedure-results", "procedure-out",
	"transactions", "savepoints", "autocommit", "isolation-level", "read-only", "transaction-api",
	"time-zone", "sql-mode", "no-backslash-escapes", "ansi-quotes", "quoting",
	"user-variables", "last-insert-id", "found-rows", "row-count",
	"temporary-tables", "get-lock", "lock-tables",
	"local-infile", "large-statement", "large-row", "large-result", "streamed-result",
	"cursor-fetch", "bulk-insert", "pipelining",
	"kill-query", "kill-connection", "query-timeout", "abandoned-result", "progress",
	"error-syntax", "error-duplicate", "error-unknown-table", "error-lock-wait", "error-deadlock",
}
