package stmt

import "bytes"

// unquote returns the content of a quoted piece of text, its quotes included in
// text, with doubled quotes and backslash escapes resolved as a server does.
func (x Syntax) unquote(text []byte) string {
	quote, content := text[0], text[1:len(text)-1]
	escapes := x.escapes(quote)
	if bytes.IndexByte(content, quote) < 0 && (!escapes || bytes.IndexByte(content, '\\') < 0) {
		return string(content)
	}
	out := make([]byte, 0, len(content))
	for i := 0; i < len(content); i++ {
		c := content[i]
		switch {
		case c >= 0x80:
			if n := x.Charset().wide(content[i:]); n > 0 {
				out = append(out, content[i:i+n]...)
				i += n - 1
				continue
			}
		case c == quote:
			i++ // its twin
		case c == '\\' && escapes && i+1 < len(content):
			i++
			out = appendEscape(out, content[i])
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

// appendEscape appends what a backslash and c stand for.
func appendEscape(out []byte, c byte) []byte {
	switch c {
	case '0':
		return append(out, 0)
	case 'b':
		return append(out, '\b')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'Z':
		return append(out, 0x1a)
	case '%', '_': // kept for LIKE
		return append(out, '\\', c)
	default:
		return append(out, c)
	}
}
