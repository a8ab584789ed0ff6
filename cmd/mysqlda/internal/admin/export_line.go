package admin

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/mysqlda/mysqlda/fsm"
)

// appendPlacement appends the line of a placement, as encoding/json would.
func appendPlacement(b []byte, core, library string) []byte {
	b = appendString(append(b, `{"core":`...), core)
	b = appendString(append(b, `,"library":`...), library)
	return append(b, '}', '\n')
}

// appendBinding appends the line of a binding.
func appendBinding(b []byte, binding fsm.Binding) []byte {
	b = appendString(append(b, `{"class":`...), binding.Class)
	b = appendString(append(b, `,"object":`...), binding.Object)
	b = appendString(append(b, `,"core":`...), binding.Core)
	return append(b, '}', '\n')
}

// appendString appends a JSON string. Names are printable, so only quotes,
// backslashes and what is no ASCII need care.
func appendString(b []byte, s string) []byte {
	if plain(s) {
		b = append(b, '"')
		b = append(b, s...)
		return append(b, '"')
	}
	quoted, err := json.Marshal(strings.ToValidUTF8(s, string(utf8.RuneError)))
	if err != nil {
		panic(err) // a string can always be encoded
	}
	return append(b, quoted...)
}

func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// encodeLine appends any value and a line end.
func encodeLine(b []byte, value any) ([]byte, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return append(append(b, encoded...), '\n'), nil
}
