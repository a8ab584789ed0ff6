package stmt

// show reads on from SHOW and reports whether what is shown is the server's or
// the session's, and no library's.
func (s *scanner) show() bool {
	t := s.next()
	if !s.showsServer(t) {
		s.pos = t.start // it may be a semicolon
		return false
	}
	return s.expressions(anyPure) // LIKE, WHERE, LIMIT
}

func (s *scanner) showsServer(t token) bool {
	var buf [longestWord]byte
	switch string(lowered(&buf, s.text(t))) {
	case "errors", "warnings":
		s.found |= LooksBack
		return true
	case "profile", "profiles":
		s.found |= LooksBack
		return false
	case "charset", "collation", "databases", "engines", "plugins", "privileges",
		"schemas", "status", "variables":
		return true
	case "character":
		return s.optional("set")
	case "storage":
		return s.optional("engines")
	case "global", "session", "local":
		return s.optional("variables") || s.optional("status")
	case "count": // count(*)
		for _, kind := range []tokenKind{'(', '*', ')'} {
			if s.next().kind != kind {
				return false
			}
		}
		s.found |= LooksBack
		return s.optional("warnings") || s.optional("errors")
	default:
		return false
	}
}
