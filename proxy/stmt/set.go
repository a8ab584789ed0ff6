package stmt

// set reads on from SET. The statement is ClassSet when every assignment of it
// is one of the session's, with a value that the text tells.
func (s *scanner) set() Class {
	if s.optional("statement") {
		return s.setStatement()
	}
	var session, user, elsewhere, untold, others, nextStatement bool
	list := assignments{first: true}
	count, nextTransaction := 0, 0
	for ; ; count++ {
		set, ok := list.next(s)
		if !ok {
			break
		}
		untold = untold || set.Told == Untold
		others = others || set.Told == FromOthers
		switch set.Scope {
		case ScopeElsewhere:
			elsewhere = true
		case ScopeUser:
			user = true
		case ScopeNextStatement:
			nextStatement = true
		case ScopeNextTransaction:
			nextTransaction++
		default:
			session = true
		}
	}
	if session || nextTransaction > 0 {
		s.found |= sets
	}
	if user {
		s.found |= assigns
	}
	if nextStatement {
		s.found |= LooksAhead
	}
	switch {
	case list.malformed || untold || elsewhere || count == 0, nextStatement && others:
		return ClassOther
	case nextTransaction == 0:
		return ClassSet
	case nextTransaction == count && !others:
		return ClassNextTransaction
	default:
		return ClassOther
	}
}

// setStatement reads on from SET STATEMENT, which sets variables for one statement
// that stands behind FOR.
func (s *scanner) setStatement() Class {
	for depth := 0; !s.atEnd(); {
		t := s.next()
		switch {
		case t.kind == '(':
			depth++
		case t.kind == ')':
			depth--
		case t.kind == tokenWord && depth == 0 && fold(s.text(t), "for"):
			if c := s.classify(); c == ClassKill || c == ClassExtension {
				return c
			}
			return ClassOther
		}
	}
	return ClassOther
}

// assignments walks over the assignments of a SET statement.
type assignments struct {
	first bool
	// scope is what GLOBAL or SESSION before a variable said last. It holds for
	// the names without a scope after it, not for "@@name".
	scope Scope
	// transaction is the scope of SET TRANSACTION, whose characteristics these
	// are; 0 in another statement.
	transaction Scope
	// malformed says that the walk has ended early.
	malformed bool
}

// next reads the next assignment. ok is false when there is none, or none that is
// understood.
func (a *assignments) next(s *scanner) (set Setting, ok bool) {
	if a.malformed || s.atEnd() {
		return Setting{}, false
	}
	if !a.first {
		s.pos++ // the comma
		s.blanks()
	}
	start := s.pos
	if !a.target(s, &set) || s.atEnd() {
		a.malformed = true
		return Setting{}, false
	}
	a.first = false
	valueStart := s.pos
	if a.transaction != 0 {
		start = valueStart // the words before hold for all characteristics
	}
	r := reading{want: repeatable, value: true, scope: set.Scope, name: set.Name, end: s.pos}
	r.run(s)
	if r.end <= valueStart {
		a.malformed = true
		return Setting{}, false
	}
	set.Value, set.Text = s.sql[valueStart:r.end], s.sql[start:r.end]
	set.judge(&r)
	return set, true
}

// judge sets how far the text tells the value, by what was read of it.
func (x *Setting) judge(r *reading) {
	switch {
	case r.impure:
		x.Told = Untold
	case x.Scope == ScopeRole: // its "@" is part of an account
	case r.others:
		x.Told = FromOthers
	case r.itself:
		x.Told = FromItself
	}
	x.Again = x.Told == Constant || x.Told == FromItself && !r.computes && fold(plainName(x.Name), "sql_mode")
}

// target reads what an assignment sets, up to the value.
func (a *assignments) target(s *scanner, set *Setting) bool {
	if a.transaction != 0 {
		return a.characteristic(s, set)
	}
	t := s.next()
	switch t.kind {
	case '@':
		return a.marked(s, set)
	case tokenName:
		return a.variable(s, set, t)
	case tokenWord:
	default:
		return false
	}
	var buf [longestWord]byte
	switch string(lowered(&buf, s.text(t))) {
	case "session", "local", "global", "persist", "persist_only":
		a.scope, _ = scopeOf(s.text(t))
		t = s.next()
		if t.kind == tokenWord && fold(s.text(t), "transaction") {
			return a.beginTransaction(s, set, ScopeIsolation)
		}
		return (t.kind == tokenWord || t.kind == tokenName) && a.variable(s, set, t)
	case "transaction":
		return a.beginTransaction(s, set, ScopeNextTransaction)
	case "names":
		set.Scope = ScopeNames
	case "charset":
		set.Scope = ScopeCharacterSet
	case "character":
		set.Scope = ScopeCharacterSet
		return s.optional("set") && !s.atEnd()
	case "role":
		set.Scope = ScopeRole
	case "password", "default", "resource":
		set.Scope = ScopeElsewhere
	default:
		return a.variable(s, set, t)
	}
	return !s.atEnd()
}

// marked reads on from "@" to the value.
func (a *assignments) marked(s *scanner, set *Setting) bool {
	if s.peek(0) != '@' {
		set.Scope = ScopeUser
		name := s.userVariable()
		set.Name = s.text(name)
		return len(set.Name) > 0 && s.assignment()
	}
	s.pos++
	start := s.pos
	scope, name := s.systemVariable()
	set.Scope, set.Name = scope, s.text(name)
	if name.start == start && isNextTransaction(plainName(set.Name)) {
		set.Scope = ScopeNextTransaction
	}
	set.nextStatement()
	return len(set.Name) > 0 && s.assignment()
}

// variable reads on from a variable's name to the value.
func (a *assignments) variable(s *scanner, set *Setting, name token) bool {
	s.component(&name)
	set.Scope, set.Name = a.scope, s.text(name)
	set.nextStatement()
	return s.assignment()
}

func (x *Setting) nextStatement() {
	if x.Scope == ScopeSession && isNextStatement(plainName(x.Name)) {
		x.Scope = ScopeNextStatement
	}
}

// assignment moves over "=" or ":=".
func (s *scanner) assignment() bool {
	s.blanks()
	if s.peek(0) == ':' {
		s.pos++
	}
	if s.peek(0) != '=' {
		return false
	}
	s.pos++
	return !s.atEnd()
}

// beginTransaction reads on from TRANSACTION, of which session is the scope
// unless another was given before, to the first characteristic.
func (a *assignments) beginTransaction(s *scanner, set *Setting, scope Scope) bool {
	if a.scope == ScopeElsewhere {
		scope = ScopeElsewhere
	}
	a.transaction = scope
	return a.first && a.characteristic(s, set)
}

// characteristic reads what one of SET TRANSACTION is about, but not what it says.
func (a *assignments) characteristic(s *scanner, set *Setting) bool {
	s.blanks()
	set.Scope = a.transaction
	again := *s
	if set.Scope == ScopeIsolation && again.optional("read") {
		set.Scope = ScopeAccess
	}
	return !s.atEnd()
}
