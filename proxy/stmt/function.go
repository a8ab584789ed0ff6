package stmt

// isMoment reports whether the word gives the time or the user without being
// called.
func isMoment(word []byte) bool {
	var buf [longestWord]byte
	switch string(lowered(&buf, word)) {
	case "current_date", "current_role", "current_time", "current_timestamp", "current_user",
		"localtime", "localtimestamp", "utc_date", "utc_time", "utc_timestamp":
		return true
	default:
		return false
	}
}

// isGrouping reports whether a parenthesis behind the word calls nothing: the
// word is an operator, part of the syntax, or a type in a cast.
func isGrouping(word []byte) bool {
	switch string(word) {
	case "all", "and", "any", "as", "between", "by", "case", "distinct", "div", "else",
		"escape", "except", "exists", "having", "in", "intersect", "interval", "is", "like",
		"limit", "mod", "not", "offset", "or", "regexp", "rlike", "select", "some", "then",
		"union", "when", "where", "xor",
		"binary", "char", "character", "date", "datetime", "dec", "decimal", "double",
		"float", "int", "integer", "nchar", "numeric", "signed", "time", "timestamp",
		"unsigned", "varbinary", "varchar":
		return true
	default:
		return false
	}
}

// isRepeatable reports whether the word is a function whose result depends on
// nothing but its arguments.
func isRepeatable(word []byte) bool {
	switch string(word) {
	case "abs", "ascii", "bin", "bit_length", "cast", "ceil", "ceiling", "char_length",
		"character_length", "charset", "coalesce", "coercibility", "collation", "concat",
		"concat_ws", "conv", "convert", "convert_tz", "crc32", "date_add", "date_format",
		"date_sub", "datediff", "elt", "exp", "extract", "field", "find_in_set", "floor",
		"format", "from_base64", "from_unixtime", "greatest", "hex", "if", "ifnull",
		"inet_aton", "inet_ntoa", "insert", "instr", "isnull", "json_array", "json_extract",
		"json_object", "json_unquote", "json_valid", "last_day", "lcase", "least", "left",
		"length", "ln", "locate", "log", "log10", "log2", "lower", "lpad", "ltrim",
		"makedate", "maketime", "md5", "mid", "nullif", "oct", "octet_length", "ord", "pi",
		"position", "pow", "power", "quote", "repeat", "replace", "reverse", "right",
		"round", "rpad", "rtrim", "sec_to_time", "sha", "sha1", "sha2", "sign", "space",
		"sqrt", "str_to_date", "strcmp", "substr", "substring", "substring_index",
		"time_format", "time_to_sec", "timediff", "timestampadd", "timestampdiff",
		"to_base64", "to_days", "trim", "truncate", "ucase", "unhex", "upper", "year",
		"month", "day", "hour", "minute", "second", "microsecond":
		return true
	default:
		return false
	}
}

// isPure reports whether the word is a function that also reads the session, the
// server or the clock, or draws a random number, but changes nothing.
func isPure(word []byte) bool {
	switch string(word) {
	case "connection_id", "curdate", "current_date", "current_role", "current_time",
		"current_timestamp", "current_user", "curtime", "database", "icu_version",
		"localtime", "localtimestamp", "now", "rand", "random_bytes", "schema",
		"session_user", "sysdate", "system_user", "unix_timestamp", "user", "utc_date",
		"utc_time", "utc_timestamp", "uuid", "uuid_short", "version":
		return true
	default:
		return false
	}
}
