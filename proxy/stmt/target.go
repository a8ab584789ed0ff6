package stmt

import "strconv"

// Use returns the database of a USE statement, its quoting resolved. ok is false
// for every other text.
func (x Syntax) Use(sql []byte) (database string, ok bool) {
	s := scanner{sql: sql, syntax: x}
	if !s.optional("use") {
		return "", false
	}
	t, ok := s.use()
	if !ok || !s.restEmpty() {
		return "", false
	}
	if t.kind == tokenName {
		return x.unquote(s.text(t)), true
	}
	return string(s.text(t)), true
}

// use reads on from USE to the statement's end.
func (s *scanner) use() (name token, ok bool) {
	start := s.pos
	name = s.next()
	closed := name.kind == tokenWord || name.kind == tokenName && s.closed(name)
	if !closed || !s.atEnd() {
		s.pos = start
		return token{}, false
	}
	return name, true
}

// closed reports whether something quoted was also closed.
func (s *scanner) closed(t token) bool {
	again := scanner{sql: s.sql[:t.end], pos: t.start, syntax: s.syntax}
	return again.quoted()
}

// KillTarget is what a KILL statement names.
type KillTarget struct {
	ID    uint64 // connection id
	Query bool   // only the statement that runs there, not the connection
}

// Kill returns the target of KILL [HARD|SOFT] [CONNECTION|QUERY] number. ok is
// false for every other text, also for other forms of KILL (by user, by query
// id): a server would carry those out on connections of other sessions, so they
// are to be refused.
func Kill(sql []byte) (target KillTarget, ok bool) {
	s := scanner{sql: sql}
	if !s.optional("kill") {
		return KillTarget{}, false
	}
	if !s.optional("hard") {
		s.optional("soft")
	}
	if s.optional("query") {
		target.Query = true
	} else {
		s.optional("connection")
	}
	t := s.next()
	if t.kind != tokenWord || !s.restEmpty() {
		return KillTarget{}, false
	}
	id, err := strconv.ParseUint(string(s.text(t)), 10, 64)
	if err != nil { // no decimal number: another form of KILL
		return KillTarget{}, false
	}
	target.ID = id
	return target, true
}
