package stmt

import "bytes"

// Hints is what a comment at the very beginning of a text asks for. What it does
// not name is nil; what it names and leaves empty is not. All are parts of the
// text, and whether they mean anything is for the caller to check.
type Hints struct {
	Core []byte // a core object
	Read []byte // where to read: replica or active
	Lag  []byte // how far a replica may be behind, in seconds
}

// Hint returns what a comment at the very beginning of a text asks for, written
//
//	/* mysqlda core=CORE read=WHERE lag=SECONDS */
//
// with at least one of the three, in any order, and with any white space between
// the words, or none at the ends. A value is bare or in single or double quotes.
// What stands behind a value and is none of the three, or one of them once more,
// is part of the value. Any other comment is none of ours. It does not allocate.
func Hint(sql []byte) (h Hints, ok bool) {
	if len(sql) == 0 || sql[0] != '/' && !isSpace(sql[0]) {
		return Hints{}, false // as nearly every text
	}
	text, ok := bytes.CutPrefix(bytes.TrimLeft(sql, blankBytes), []byte("/*"))
	if !ok {
		return Hints{}, false
	}
	text = bytes.TrimLeft(text, blankBytes)
	const name = "mysqlda"
	if len(text) <= len(name) || !bytes.EqualFold(text[:len(name)], []byte(name)) || !isBlank(text[len(name)]) {
		return Hints{}, false
	}
	text = bytes.TrimLeft(text[len(name):], blankBytes)
	if value, _ := h.word(text); value == nil {
		return Hints{}, false
	}
	text, _, ok = bytes.Cut(text, []byte("*/"))
	if !ok {
		return Hints{}, false
	}
	for len(text) > 0 {
		value, name := h.word(text)
		text = text[name:]
		end := h.valueEnd(text, value)
		*value = unquoted(text[:end])
		text = bytes.TrimLeft(text[end:], blankBytes)
	}
	return h, true
}

// word returns which of the hints that were not given yet a text begins with, or
// nil, and the length of its name with the equals sign.
func (h *Hints) word(text []byte) (value *[]byte, length int) {
	const core, read, lag = "core=", "read=", "lag="
	switch {
	case h.Core == nil && bytes.HasPrefix(text, []byte(core)):
		return &h.Core, len(core)
	case h.Read == nil && bytes.HasPrefix(text, []byte(read)):
		return &h.Read, len(read)
	case h.Lag == nil && bytes.HasPrefix(text, []byte(lag)):
		return &h.Lag, len(lag)
	default:
		return nil, 0
	}
}

// valueEnd returns where the value of a hint ends with which a text begins: in
// front of the next hint, unless that stands within quotes, or at the text's end.
func (h *Hints) valueEnd(text []byte, hint *[]byte) int {
	*hint = text[:0] // given: it is not the next
	for i := range text {
		if i == 0 || !isBlank(text[i-1]) {
			continue
		}
		if next, _ := h.word(text[i:]); next == nil {
			continue
		}
		if before := bytes.TrimRight(text[:i], blankBytes); !opensQuote(before) {
			return i
		}
	}
	return len(text)
}

// opensQuote reports whether a value begins with a quote that is not closed at its
// end.
func opensQuote(value []byte) bool {
	n := len(value)
	return n > 0 && (value[0] == '\'' || value[0] == '"') && (n == 1 || value[n-1] != value[0])
}

// unquoted takes the blanks behind a value off, and its quotes.
func unquoted(value []byte) []byte {
	value = bytes.TrimRight(value, blankBytes)
	if n := len(value); n >= 2 && (value[0] == '\'' || value[0] == '"') && value[n-1] == value[0] {
		return value[1 : n-1]
	}
	return value
}

// blankBytes are what separates words in SQL.
const blankBytes = " \t\n\r\v\f"

func isBlank(c byte) bool { return bytes.IndexByte([]byte(blankBytes), c) >= 0 }
