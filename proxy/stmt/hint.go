package stmt

import "bytes"

// Hint returns the core object that a comment at the very beginning of a text
// names, written
//
//	/* mysqlda core=CORE */
//
// with any white space between the words, or none at the ends, and CORE bare or
// in single or double quotes, without white space in it. Any other comment is
// none of ours. The result is part of sql; whether it can name a core object is
// for the caller to check. It does not allocate.
func Hint(sql []byte) (core []byte, ok bool) {
	if len(sql) == 0 || sql[0] != '/' && !isSpace(sql[0]) {
		return nil, false // as nearly every text
	}
	text, ok := bytes.CutPrefix(bytes.TrimLeft(sql, blankBytes), []byte("/*"))
	if !ok {
		return nil, false
	}
	text = bytes.TrimLeft(text, blankBytes)
	const name = "mysqlda"
	if len(text) <= len(name) || !bytes.EqualFold(text[:len(name)], []byte(name)) || !isBlank(text[len(name)]) {
		return nil, false
	}
	text, ok = bytes.CutPrefix(bytes.TrimLeft(text[len(name):], blankBytes), []byte("core="))
	if !ok {
		return nil, false
	}
	text, _, ok = bytes.Cut(text, []byte("*/"))
	if !ok {
		return nil, false
	}
	core = bytes.TrimRight(text, blankBytes)
	if n := len(core); n >= 2 && (core[0] == '\'' || core[0] == '"') && core[n-1] == core[0] {
		core = core[1 : n-1]
	}
	return core, true
}

// blankBytes are what separates words in SQL.
const blankBytes = " \t\n\r\v\f"

func isBlank(c byte) bool { return bytes.IndexByte([]byte(blankBytes), c) >= 0 }
