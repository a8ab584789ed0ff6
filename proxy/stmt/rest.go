package stmt

// rest reads what is left of a statement, to its semicolon or the end of the
// text, for what marks it. It looks only at the bytes that may begin or end
// something, so that a long text costs little.
func (s *scanner) rest() {
	stops := &narrowStops
	if s.syntax.Charset() != Plain {
		stops = &wideStops
	}
	for {
		i, sql := s.pos, s.sql
		for i < len(sql) && !stops[sql[i]] {
			i++
		}
		s.pos = i
		if i >= len(sql) {
			return
		}
		switch c := sql[i]; c {
		case ';':
			return
		case '\'', '"', '`':
			s.quoted()
		case '(':
			s.called(s.before(i))
			s.pos = i + 1
		case '@':
			s.variable()
		case 'v', 'V':
			s.valueFor()
		case 'q', 'Q':
			s.calcFoundRows()
		default:
			s.other(c)
		}
	}
}

// other moves over one of the less usual stops.
func (s *scanner) other(c byte) {
	switch {
	case c == ':':
		if s.peek(1) == '=' {
			s.found |= Pins
		}
		s.pos++
	case c >= 0x80:
		s.pos += max(s.syntax.Charset().wide(s.sql[s.pos:]), 1)
	case !s.comment():
		s.pos++
	}
}

// variable moves over a variable and marks one that is assigned here, or that
// tells about statements before.
func (s *scanner) variable() {
	before := s.before(s.pos)
	s.pos++
	if s.peek(0) != '@' {
		if s.loads || fold(before, "into") {
			s.found |= Pins
		}
		return
	}
	s.pos++
	_, name := s.systemVariable()
	s.foundVariable(s.text(name))
}

// foundVariable marks that a system variable is read, and reports whether it tells
// about more than what the session has set.
func (s *scanner) foundVariable(name []byte) (volatile bool) {
	var buf [longestWord]byte
	switch string(lowered(&buf, plainName(name))) {
	case "warning_count", "error_count", "identity", "last_insert_id", "last_gtid":
		s.found |= LooksBack
		return true
	case "gtid_binlog_pos", "gtid_binlog_state", "gtid_current_pos", "gtid_executed", "gtid_slave_pos",
		"hostname", "in_transaction", "insert_id", "pseudo_thread_id", "rand_seed1", "rand_seed2",
		"server_id", "server_uuid", "timestamp":
		return true
	default:
		return false
	}
}

// valueFor moves over a word from a "v" on and marks NEXT VALUE FOR and PREVIOUS
// VALUE FOR.
func (s *scanner) valueFor() {
	start := s.pos
	end := start + s.wordLen()
	inWord := start > 0 && isWordByte(s.sql[start-1])
	if inWord || !fold(s.sql[start:end], "value") {
		s.pos++
		return
	}
	s.sequence(s.before(start), end)
	s.pos = end
}

// sequence marks VALUE FOR, whose first word ends at a position, by the word
// before it.
func (s *scanner) sequence(before []byte, end int) {
	again := *s
	again.pos = end
	if !again.optional("for") {
		return
	}
	switch {
	case fold(before, "next"):
		s.found |= LooksAhead
	case fold(before, "previous"):
		s.found |= LooksBack
	}
}

// calcFoundRows moves over a "q" and marks SQL_CALC_FOUND_ROWS.
func (s *scanner) calcFoundRows() {
	const before, all = len("s"), len("sql_calc_found_rows")
	if start := s.pos - before; start >= 0 && start+all <= len(s.sql) && fold(s.sql[start:start+all], "sql_calc_found_rows") {
		s.found |= LooksAhead
	}
	s.pos++
}

// called marks the call of a function by its name. The position is behind the
// parenthesis or at it.
func (s *scanner) called(name []byte) {
	switch len(name) {
	case len("get_lock"):
		if fold(name, "get_lock") {
			s.found |= Pins
		}
	case len("nextval"): // and lastval
		switch {
		case fold(name, "nextval"):
			s.found |= LooksAhead
		case fold(name, "lastval"):
			s.found |= LooksBack
		}
	case len("row_count"), len("found_rows"):
		if fold(name, "row_count") || fold(name, "found_rows") {
			s.found |= LooksBack
		}
	case len("last_insert_id"):
		if fold(name, "last_insert_id") {
			s.lastInsertID()
		}
	}
}

// lastInsertID marks LAST_INSERT_ID by whether it has an argument.
func (s *scanner) lastInsertID() {
	again := *s
	if again.peek(0) == '(' {
		again.pos++
	}
	if again.next().kind == ')' {
		s.found |= LooksBack
	} else {
		s.found |= LooksAhead
	}
}

// narrowStops are the bytes that rest looks at. wideStops are those where the
// second byte of a character may be one of them. They are never changed.
var narrowStops, wideStops = func() (narrow, wide [256]bool) {
	for _, c := range []byte("'\"`;#-/*:@(vVqQ") {
		narrow[c], wide[c] = true, true
	}
	for c := 0x80; c < len(wide); c++ {
		wide[c] = true
	}
	return narrow, wide
}()
