package stmt

// purity is how much of a function is asked for.
type purity uint8

const (
	// anyPure: it reads nothing but its arguments, the session and the clock.
	anyPure purity = iota
	// repeatable: it also gives the same result whenever and wherever it is
	// called, as long as the session's variables are the same.
	repeatable
)

// reading walks over expressions.
type reading struct {
	want  purity
	value bool // it is one value: a comma outside parentheses ends it

	// scope and name are those of the variable that the value is for.
	scope Scope
	name  []byte

	// impure says that the expressions read a table, change something, or call a
	// function that is not well known to be as pure as wanted.
	impure bool
	// itself and others say that they read that variable, or another that
	// the session can set.
	itself, others bool
	// computes says that they are more than a list of strings put together.
	computes bool

	depth     int
	end       int   // behind the last token
	previous  token // what stands before a parenthesis
	qualified bool  // previous has a "." before it
}

// expressions reads up to the end of a statement that consists of expressions,
// and reports whether they read no table and change nothing: no FROM but FROM
// DUAL, no INTO, no assignment, no call of a function that is not well known.
// At a FROM that reads something it stops.
func (s *scanner) expressions(want purity) bool {
	r := reading{want: want}
	r.run(s)
	return !r.impure
}

// run reads up to the end, or to a FROM that reads something.
func (r *reading) run(s *scanner) {
	for !s.atEnd() {
		if r.value && r.depth == 0 && s.sql[s.pos] == ',' {
			return
		}
		t := s.token()
		r.end = t.end
		switch t.kind {
		case tokenWord:
			if !r.word(s, t) {
				return
			}
		case tokenString:
		case '@':
			r.refer(s)
		default:
			r.punctuation(s, t)
		}
		r.qualified = r.previous.kind == '.'
		r.previous = t
	}
}

// word takes a word, and reports whether it is worth reading on.
func (r *reading) word(s *scanner, t token) bool {
	word := s.text(t)
	switch len(word) {
	case 4:
		switch {
		case fold(word, "from"):
			if !s.optional("dual") || !s.atEnd() {
				r.impure = true
				return r.value // the comma that ends it is still to be found
			}
		case fold(word, "into"):
			r.impure = true
		}
	case len("value"): // NEXT VALUE FOR a sequence
		if fold(word, "value") {
			r.impure = true
			s.sequence(s.text(r.previous), t.end)
		}
	case len("sql_calc_found_rows"):
		if fold(word, "sql_calc_found_rows") {
			s.found |= LooksAhead
		}
	}
	if r.want == repeatable {
		r.impure = r.impure || isMoment(word)
		r.computes = r.computes || !fold(word, "concat") && !fold(word, "replace") && !fold(word, "select")
	}
	return true
}

func (r *reading) punctuation(s *scanner, t token) {
	switch t.kind {
	case '(':
		r.depth++
		r.impure = !s.mayCall(r.previous, r.qualified, r.want) || r.impure
	case ')':
		r.depth--
	case ',', tokenName:
	case '?': // a value that comes with the execution
		r.impure = r.impure || r.want == repeatable
	case ':':
		if s.peek(0) == '=' {
			s.found |= Pins
			r.impure = true
		}
	default:
		r.computes = true
	}
}

// refer reads on from the first "@" of a variable.
func (r *reading) refer(s *scanner) {
	into := r.previous.kind == tokenWord && fold(s.text(r.previous), "into")
	if s.peek(0) != '@' {
		if into {
			s.found |= Pins
		}
		r.reads(s, ScopeUser, s.userVariable())
		return
	}
	s.pos++
	scope, name := s.systemVariable()
	volatile := s.foundVariable(s.text(name))
	r.impure = r.impure || volatile && r.want == repeatable
	r.reads(s, scope, name)
}

// reads notes that a variable is read.
func (r *reading) reads(s *scanner, scope Scope, name token) {
	r.end = name.end
	switch {
	case scope == ScopeElsewhere: // what the server has for all
	case scope == r.scope && sameName(s.text(name), r.name):
		r.itself = true
	default:
		r.others = true
	}
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
		s.called(name)
		return isGrouping(name) || isRepeatable(name) || want == anyPure && isPure(name)
	default:
		return true
	}
}
