package stmt

import (
	"bytes"
	"strconv"
)

// Syntax is how a session's server reads text: a value of the flags below and a
// Charset (see With). The zero value is a server's default: backslashes escape,
// double quotes hold strings, every byte below 0x80 is ASCII.
type Syntax uint8

const (
	// NoBackslashEscapes says that a backslash is nothing special. Servers tell it
	// by SERVER_STATUS_NO_BACKSLASH_ESCAPES.
	NoBackslashEscapes Syntax = 1 << 7
	// AnsiQuotes says that double quotes hold names. No status flag tells it; see
	// SQLMode.
	AnsiQuotes Syntax = 1 << 6

	charsetMask Syntax = 1<<6 - 1
)

// Charset is how the bytes of a client's text make up characters. It only
// distinguishes what matters for finding quotes: where the second byte of a
// character may be a backslash or a back quote. The bytes are those by which
// MariaDB 10.11 was seen to read such texts; GB18030 is MySQL's only.
type Charset uint8

const (
	// Plain is every character set whose bytes below 0x80 are ASCII, or in which
	// those of them that may be second bytes are letters (EUC-KR).
	Plain Charset = iota
	// GBK has a first byte of 0x81 to 0xFE, a second of 0x40 to 0x7E or 0x80 to 0xFE.
	GBK
	// GB18030 also has characters of four bytes, the second and fourth a digit.
	GB18030
	// Big5 has a first byte of 0xA1 to 0xF9, a second of 0x40 to 0x7E or 0xA1 to 0xFE.
	Big5
	// SJIS, also CP932, has a first byte of 0x81 to 0x9F or 0xE0 to 0xFC, a second of
	// 0x40 to 0x7E or 0x80 to 0xFC.
	SJIS
)

// With returns the syntax with another character set.
func (x Syntax) With(c Charset) Syntax { return x&^charsetMask | Syntax(c)&charsetMask }

// Charset returns the syntax's character set.
func (x Syntax) Charset() Charset { return Charset(x & charsetMask) }

// CharsetOfCollation returns the character set of a collation by its number, as
// in a client's handshake. MariaDB's collations without padding are 1024 above
// their twins.
func CharsetOfCollation(id uint16) Charset {
	switch id {
	case 1, 84, 1025, 1108:
		return Big5
	case 13, 88, 1037, 1112, 95, 96, 1119, 1120:
		return SJIS
	case 28, 87, 1052, 1111:
		return GBK
	case 248, 249, 250:
		return GB18030
	default:
		return Plain
	}
}

// CharsetOfName returns the character set that a value of character_set_client,
// or of SET NAMES, names: in any case, bare or quoted.
func CharsetOfName(name []byte) Charset {
	var buf [longestWord]byte
	switch string(lowered(&buf, bytes.Trim(name, "'\"`"))) {
	case "big5":
		return Big5
	case "sjis", "cp932":
		return SJIS
	case "gbk":
		return GBK
	case "gb18030":
		return GB18030
	default:
		return Plain
	}
}

// SQLMode returns the syntax under a value of sql_mode, bare or quoted, with the
// character set of x. The value is a number, or the list of modes as a server
// shows it or as a client sets it: combinations such as ANSI are known.
func (x Syntax) SQLMode(value []byte) Syntax {
	const numberAnsiQuotes, numberNoBackslashEscapes = 1 << 2, 1 << 20
	x &= charsetMask
	if number, err := strconv.ParseUint(string(value), 10, 64); err == nil {
		if number&numberAnsiQuotes != 0 {
			x |= AnsiQuotes
		}
		if number&numberNoBackslashEscapes != 0 {
			x |= NoBackslashEscapes
		}
		return x
	}
	for mode := range bytes.SplitSeq(bytes.Trim(value, "'\"` "), []byte(",")) {
		var buf [longestWord]byte
		switch string(lowered(&buf, bytes.TrimSpace(mode))) {
		case "ansi_quotes", "ansi", "db2", "maxdb", "mssql", "oracle", "postgresql":
			x |= AnsiQuotes
		case "no_backslash_escapes":
			x |= NoBackslashEscapes
		}
	}
	return x
}

// Syntax returns the syntax behind a setting, x being the one before it. What a
// setting does not tell, because it is made of other variables or DEFAULT, stays as
// it was; but DEFAULT for the character set is taken for a plain one.
func (set Setting) Syntax(x Syntax) Syntax {
	name := plainName(set.Name)
	switch {
	case set.Told > FromItself:
	case set.Scope == ScopeNames, set.Scope == ScopeCharacterSet,
		set.Scope == ScopeSession && fold(name, "character_set_client"):
		s := scanner{sql: set.Value}
		return x.With(CharsetOfName(s.text(s.next())))
	case set.Scope == ScopeSession && fold(name, "sql_mode"):
		return set.modes(x)
	}
	return x
}

// modes returns the syntax behind a setting of sql_mode. Of one that is composed
// only the strings are looked at.
func (set Setting) modes(x Syntax) Syntax {
	s := scanner{sql: set.Value}
	first := s.next()
	switch {
	case fold(s.text(first), "default"):
		return x
	case s.atEnd():
		return x.SQLMode(set.Value)
	}
	if set.Told == Constant {
		x = x.SQLMode(nil)
	}
	takesOut := false
	for t := first; t.kind != tokenEnd; t = s.next() {
		takesOut = takesOut || t.kind == tokenWord && fold(s.text(t), "replace")
		if t.kind != tokenString {
			continue
		}
		if modes := Syntax(0).SQLMode(s.text(t)); takesOut {
			x &^= modes
		} else {
			x |= modes
		}
	}
	return x
}

// wide returns how many bytes the character at the beginning of text takes when
// it is one of several bytes, else 0. A first byte that no second one fits
// stands for itself, as it does for a server: a quote behind it is a quote.
func (c Charset) wide(text []byte) int {
	if len(text) < 2 {
		return 0
	}
	a, b := text[0], text[1]
	fits := false
	switch c {
	case Plain:
	case GBK:
		fits = a >= 0x81 && a <= 0xfe && (b >= 0x40 && b <= 0x7e || b >= 0x80 && b <= 0xfe)
	case GB18030:
		if a < 0x81 || a > 0xfe {
			return 0
		}
		if len(text) >= 4 && isDigit(b) && text[2] >= 0x81 && text[2] <= 0xfe && isDigit(text[3]) {
			return 4
		}
		fits = b >= 0x40 && b <= 0x7e || b >= 0x80 && b <= 0xfe
	case Big5:
		fits = a >= 0xa1 && a <= 0xf9 && (b >= 0x40 && b <= 0x7e || b >= 0xa1 && b <= 0xfe)
	case SJIS:
		fits = (a >= 0x81 && a <= 0x9f || a >= 0xe0 && a <= 0xfc) && (b >= 0x40 && b <= 0x7e || b >= 0x80 && b <= 0xfc)
	}
	if !fits {
		return 0
	}
	return 2
}
