package wire

import "unicode/utf8"

// clip cuts s at a bound in bytes, not in the middle of a UTF-8 sequence.
func clip(s string, bound int) string {
	if len(s) <= bound {
		return s
	}
	end := bound
	for end > bound-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
