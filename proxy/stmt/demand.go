package stmt

// Demand is what a text asks of the server that executes it, as far as its words
// tell: whether a server will do that takes no writes, and whether data may have
// changed by it. The zero Demand is that of a text which only reads.
type Demand uint8

const (
	// DemandsWriting: a statement begins with another word than those that read.
	DemandsWriting Demand = 1 << iota
	// DemandsCalls: it calls what is not well known to change nothing, and may be a
	// stored function.
	DemandsCalls
	// DemandsLocks: it locks rows, tables or a name, which has to happen where
	// everybody else does: FOR UPDATE, FOR SHARE, LOCK IN SHARE MODE, LOCK TABLES, WITH
	// READ LOCK, GET_LOCK.
	DemandsLocks
	// DemandsWritable: it asks for a transaction that may write, by READ WRITE or by
	// SET with the variable's name.
	DemandsWritable
)

// Demands says what a text asks of a server. Behind the beginning of a block, and
// within what a CALL or EXECUTE runs, nothing is seen. It does not allocate.
func (x Syntax) Demands(sql []byte) Demand {
	s := scanner{sql: sql, syntax: x}
	var d Demand
	for !s.restEmpty() {
		d |= s.demands()
	}
	return d
}

// demands reads a statement to its semicolon or the end of the text.
func (s *scanner) demands() Demand {
	first := s.next()
	for first.kind == '(' {
		first = s.next()
	}
	var d Demand
	if first.kind != tokenWord || !readsBy(s.text(first)) {
		d = DemandsWriting
	}
	sets, with := fold(s.text(first), "set"), fold(s.text(first), "with")
	if fold(s.text(first), "lock") {
		d |= DemandsLocks
	}
	before, qualified := first, false
	for !s.atEnd() {
		t := s.next()
		switch t.kind {
		case tokenWord:
			d |= s.pair(before, t)
			if with && before.kind == ')' && changesBehindWith(s.text(t)) {
				d |= DemandsWriting
			}
			if sets && isAccessMode(s.text(t)) {
				d |= DemandsWritable
			}
		case '(':
			d |= s.calls(before, qualified)
		}
		qualified = before.kind == '.'
		before = t
	}
	return d
}

// pair is what two words ask for that follow each other.
func (s *scanner) pair(a, b token) Demand {
	if a.kind != tokenWord {
		return 0
	}
	first, second := s.text(a), s.text(b)
	switch len(first) {
	case len("for"):
		if fold(first, "for") && (fold(second, "update") || fold(second, "share")) {
			return DemandsLocks
		}
	case len("read"):
		switch {
		case fold(first, "lock") && fold(second, "in"), fold(first, "read") && fold(second, "lock"):
			return DemandsLocks
		case fold(first, "read") && fold(second, "write"):
			return DemandsWritable
		case fold(first, "next") && fold(second, "value"): // of a sequence
			return DemandsCalls
		}
	}
	return 0
}

// calls is what a parenthesis behind a token asks for.
func (s *scanner) calls(before token, qualified bool) Demand {
	switch {
	case before.kind == tokenName:
		return DemandsCalls
	case before.kind != tokenWord:
		return 0
	case qualified:
		return DemandsCalls
	}
	var buf [longestWord]byte
	name := lowered(&buf, s.text(before))
	switch {
	case string(name) == "get_lock":
		return DemandsLocks | DemandsCalls
	case isGrouping(name), isRepeatable(name), isPure(name), isOfTables(name):
		return 0
	default:
		return DemandsCalls
	}
}

// readsBy reports whether a statement that begins with the word only reads, apart
// from what it calls.
func readsBy(word []byte) bool {
	var buf [longestWord]byte
	switch string(lowered(&buf, word)) {
	case "select", "show", "describe", "desc", "explain", "values", "table", "with", "do", "help", "checksum":
		return true
	default:
		return false
	}
}

// changesBehindWith reports whether the word begins what changes data behind the
// common table expressions of WITH.
func changesBehindWith(word []byte) bool {
	return fold(word, "update") || fold(word, "delete") || fold(word, "insert") || fold(word, "replace")
}

// isAccessMode reports whether the word is a variable that says whether
// transactions may write.
func isAccessMode(word []byte) bool {
	return fold(word, "tx_read_only") || fold(word, "transaction_read_only")
}

// isOfTables reports whether a parenthesis behind the word belongs to the syntax of
// a query on tables, or calls a function of sets of rows that changes nothing.
func isOfTables(word []byte) bool {
	switch string(word) {
	case "from", "index", "join", "key", "lateral", "on", "order", "over", "partition", "recursive",
		"row", "set", "using", "values", "with",
		"avg", "bit_and", "bit_or", "bit_xor", "count", "cume_dist", "dense_rank", "first_value",
		"group_concat", "json_arrayagg", "json_objectagg", "lag", "last_value", "lead", "max", "median",
		"min", "nth_value", "ntile", "percent_rank", "rank", "row_number", "std", "stddev",
		"stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance",
		"adddate", "addtime", "against", "date_sub", "dayname", "dayofmonth", "dayofweek",
		"dayofyear", "found_rows", "json_contains", "json_contains_path", "json_keys", "json_length",
		"json_merge_patch", "json_pretty", "json_quote", "json_remove", "json_replace", "json_search",
		"json_set", "json_table", "json_type", "json_value", "last_insert_id", "match", "monthname",
		"quarter", "regexp_like", "regexp_replace", "regexp_substr", "row_count", "sleep", "subdate",
		"week", "weekday", "weekofyear", "yearweek":
		return true
	default:
		return false
	}
}
