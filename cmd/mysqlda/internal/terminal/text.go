package terminal

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// Plain replaces what a terminal could take for a command: names and errors come from
// others.
func Plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '?'
	}, text)
}

// Width is how many columns a plain text takes.
func Width(text string) int {
	columns := 0
	for _, r := range text {
		columns += columnsOf(r)
	}
	return columns
}

func columnsOf(r rune) int {
	if unicode.Is(unicode.Mn, r) {
		return 0
	}
	if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
		return 2
	}
	return 1
}

// Clip cuts a plain text off that takes more columns than that, and shows that it did.
func Clip(text string, columns int) string {
	if Width(text) <= columns {
		return text
	}
	if columns <= 0 {
		return ""
	}
	used := 1 // by the dots
	for i, r := range text {
		if used += columnsOf(r); used > columns {
			return text[:i] + "…"
		}
	}
	return text
}

// Left and Right make a plain text take exactly so many columns.
func Left(text string, columns int) string {
	text = Clip(text, columns)
	return text + strings.Repeat(" ", columns-Width(text))
}

// Right is as Left, with the room in front.
func Right(text string, columns int) string {
	text = Clip(text, columns)
	return strings.Repeat(" ", columns-Width(text)) + text
}
