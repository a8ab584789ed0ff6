package stmt

import "bytes"

// literal stands for a value in a digest, more for further ones of a list.
const (
	literal = '?'
	more    = "..."
)

// AppendDigest appends what a text does without the values in it: each string and
// number is a question mark, and so is everything in double quotes, comments are left
// out, lists of values and equal rows of them are shortened. Names stay, also those
// that contain digits. It appends at most limit bytes and then three dots.
//
// The text may be cut off anywhere. It allocates only where dst has no room.
func (x Syntax) AppendDigest(dst, sql []byte, limit int) []byte {
	s := scanner{sql: sql, syntax: x}
	d := digest{out: dst, start: len(dst)}
	for s.pos < len(sql) && len(d.out)-d.start <= limit {
		d.add(&s, s.next())
	}
	if len(d.out)-d.start > limit {
		return append(d.out[:d.start+limit], more...)
	}
	return d.out
}

// digest is one that is being written.
type digest struct {
	out   []byte
	start int // in out
	last  tokenKind
	end   int // of the last token, in the text
}

func (d *digest) add(s *scanner, t token) {
	kind, text := t.kind, s.text(t)
	switch {
	case kind == tokenEnd:
		return
	case kind == tokenString, kind == tokenName && text[0] == '"':
		kind, text = literal, nil
	case kind == tokenWord && isDigit(text[0]):
		s.number(text)
		kind, text = literal, nil
	case (kind == '-' || kind == '+') && isDigit(s.peek(0)) && beginsValue(d.last):
		return
	}
	if kind == literal && d.isFurther() {
		return
	}
	if len(d.out) > d.start && spaced(d.last, kind, d.end == t.start) {
		d.out = append(d.out, ' ')
	}
	if kind == literal {
		d.out = append(d.out, literal)
	} else {
		d.out = append(d.out, text...)
	}
	if kind == ')' {
		d.dropEqualRow()
	}
	d.last, d.end = kind, s.pos
}

// number moves over what belongs to a number behind its first word: a fraction and
// the sign of an exponent.
func (s *scanner) number(word []byte) {
	if s.peek(0) == '.' {
		s.pos++
		fraction := s.pos
		s.pos += s.wordLen()
		word = s.sql[fraction:s.pos]
	}
	if n := len(word); n > 0 && toLower(word[n-1]) == 'e' && (s.peek(0) == '-' || s.peek(0) == '+') && isDigit(s.peek(1)) {
		s.pos++
		s.pos += s.wordLen()
	}
}

// beginsValue reports whether a sign behind the token belongs to a number.
func beginsValue(last tokenKind) bool {
	return last == tokenEnd || last == ',' || last == '(' || last == '=' || last == '<' || last == '>'
}

// isFurther reports whether the literal at hand follows another one in a list, and
// makes the list say so.
func (d *digest) isFurther() bool {
	out := d.out[d.start:]
	switch {
	case bytes.HasSuffix(out, []byte("?, "+more+",")):
		d.out = d.out[:len(d.out)-1]
	case bytes.HasSuffix(out, []byte("?,")):
		d.out = append(d.out, ' ')
		d.out = append(d.out, more...)
	default:
		return false
	}
	d.last = literal
	return true
}

// dropEqualRow takes back a list in parentheses that is the same as the one before.
func (d *digest) dropEqualRow() {
	out := d.out[d.start:]
	open := bytes.LastIndexByte(out, '(')
	if open < 0 {
		return
	}
	row, before := out[open:], bytes.TrimRight(out[:open], " ")
	if before, ok := bytes.CutSuffix(before, []byte(",")); ok && bytes.HasSuffix(before, row) {
		d.out = d.out[:d.start+len(before)]
	}
}

// spaced reports whether a digest has a space between two tokens. adjacent says that
// the text has nothing between them.
func spaced(last, next tokenKind, adjacent bool) bool {
	wide := func(k tokenKind) bool { return k == tokenWord || k == tokenName || k == literal }
	switch {
	case last == ',' && next != ',':
		return true
	case next == ',' || next == ';' || next == ')' || next == '.' || last == '(' || last == '.' || last == '@':
		return false
	case last == ';':
		return true
	case next == '(':
		return !wide(last) && last != ')' && !adjacent
	case !wide(last) && !wide(next):
		return !adjacent
	default:
		return true
	}
}
