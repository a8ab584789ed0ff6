package stmt

// longestWord is above the length of every word that is looked up, in bytes.
const longestWord = 32

// fold reports whether word is lower, which is in lower case, in any case.
func fold(word []byte, lower string) bool {
	if len(word) != len(lower) {
		return false
	}
	for i, c := range word {
		if toLower(c) != lower[i] {
			return false
		}
	}
	return true
}

func toLower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + ('a' - 'A')
	}
	return c
}

// lowered puts word into buf in lower case; what is longer than buf is no word
// that is looked up, and gives nothing.
func lowered(buf *[longestWord]byte, word []byte) []byte {
	if len(word) > len(buf) {
		return nil
	}
	for i, c := range word {
		buf[i] = toLower(c)
	}
	return buf[:len(word)]
}

// isReserved reports whether a word may go on with ordinary SQL behind
// SELECT LIBRARY, or is a value of SQL, so that it is no argument unless quoted.
func isReserved(word []byte) bool {
	var buf [longestWord]byte
	switch string(lowered(&buf, word)) {
	case "and", "as", "asc", "between", "binary", "by", "case", "collate", "cross",
		"default", "desc", "div", "else", "end", "escape", "except", "false", "fetch", "for",
		"force", "from", "group", "having", "ignore", "in", "inner", "intersect",
		"into", "is", "join", "left", "like", "limit", "lock", "minus", "mod", "natural",
		"not", "null", "offset", "on", "or", "order", "partition", "procedure",
		"regexp", "returning", "right", "rlike", "select", "sounds",
		"straight_join", "then", "true", "union", "use", "using", "values", "when",
		"where", "window", "with", "xor":
		return true
	default:
		return false
	}
}
