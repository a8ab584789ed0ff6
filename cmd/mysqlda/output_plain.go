package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/terminal"
)

// plainWriter replaces what a terminal could take for a command in lines of text: names
// and errors come from servers and nodes, and so from others. It has to get whole runes.
type plainWriter struct{ to io.Writer }

func (p plainWriter) Write(text []byte) (int, error) {
	var plain strings.Builder
	for part := range strings.SplitAfterSeq(string(text), "\n") {
		line, ended := strings.CutSuffix(part, "\n")
		plain.WriteString(terminal.Plain(line))
		if ended {
			plain.WriteByte('\n')
		}
	}
	if _, err := io.WriteString(p.to, plain.String()); err != nil {
		return 0, err
	}
	return len(text), nil
}

// printRow writes cells of a table, or a line, as fmt.Fprintf does, but no text among the
// values ends a cell or a line: then it could make up other ones. An error of writing is
// that of the table's Flush.
func printRow(w io.Writer, format string, values ...any) {
	plain := make([]any, len(values))
	for i, v := range values {
		if text, ok := v.(string); ok {
			v = terminal.Plain(text)
		}
		plain[i] = v
	}
	fmt.Fprintf(w, format, plain...)
}
