package stmt

// purity is how much of a function is asked for.
type purity uint8

const (
	// anyPure: it reads nothing but its arguments, the session and the clock.
	anyPure purity = iota
	// repeatable: it also gives the same result whenever and wherever it is
	// called.
	repeatable
)

// expressions reads up to the end of a statement that consists of expressions,
// and reports whether they read no table and change nothing: no FROM but FROM
// DUAL, no INTO, no assignment, no call of a function that is not well known.
// At a FROM that reads something it stops.
func (s *scanner) expressions(want purity) bool {
	var previous token // what stands before a parenthesis
	qualified := false // previous has a "." before it
	harmless := true
	for !s.atEnd() {
		t := s.next()
		switch t.kind {
		case tokenWord:
			word := s.text(t)
			switch {
			case fold(word, "from"):
				if !s.optional("dual") || !s.atEnd() {
					return false
				}
			case fold(word, "into"):
				s.makes = s.makes || s.peekPast('@')
				harmless = false
			case fold(word, "value"), want == repeatable && isMoment(word): // NEXT VALUE FOR a sequence
				harmless = false
			}
		case '(':
			harmless = s.mayCall(previous, qualified, want) && harmless
		case '?': // a value that comes with the execution
			harmless = harmless && want == anyPure
		case ':':
			if s.peek(0) == '=' && want == anyPure {
				s.makes, harmless = true, false
			}
		}
		qualified = previous.kind == '.'
		previous = t
	}
	return harmless
}

// peekPast reports whether the byte behind blanks is c. It stays where it is.
func (s *scanner) peekPast(c byte) bool {
	start := *s
	s.blanks()
	found := s.peek(0) == c
	*s = start
	return found
}

// mayCall reports whether a parenthesis behind a token is harmless: it groups
// something, or calls a function that is well known.
func (s *scanner) mayCall(before token, qualified bool, want purity) bool {
	switch before.kind {
	case tokenName:
		return false
	case tokenWord:
		if qualified { // a stored function
			return false
		}
		var buf [longestWord]byte
		name := lowered(&buf, s.text(before))
		s.makes = s.makes || string(name) == "get_lock"
		return isGrouping(name) || isRepeatable(name) || want == anyPure && isPure(name)
	default:
		return true
	}
}

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
