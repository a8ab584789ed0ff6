package clients

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// matrix gathers what every program found on every route. Programs add to it
// from goroutines of their own.
type matrix struct {
	mu      sync.Mutex
	answers map[string]map[string]map[string]answer // program, route, feature
}

func (m *matrix) add(program string, all map[string]map[string]answer) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answers[program] = all
}

// report prints the matrix: a line for each feature, a column for each program, in
// each cell one sign for each route.
func (m *matrix) report(t *testing.T, routes []route) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range differences {
		if len(m.answers) == len(programs) && !m.shows(d) {
			t.Errorf("%s differs for no program: it is no difference any more (%s)", d.feature, d.why)
		}
	}
	var b strings.Builder
	b.WriteString("\nIn each cell: direct, default library, select library.  + works  x fails  . the client has nothing of the kind  ~ works otherwise than directly\n\n")
	for i, p := range programs {
		fmt.Fprintf(&b, "%s%s\n", strings.Repeat(" ", 27+5*i), p.name)
	}
	for _, f := range features {
		fmt.Fprintf(&b, "%-26s", f)
		for _, p := range programs {
			b.WriteByte(' ')
			for _, r := range routes {
				b.WriteString(sign(m.answers[p.name][r.name][f], m.answers[p.name][direct][f]))
			}
			b.WriteByte(' ')
		}
		for _, d := range differences {
			if d.feature == f {
				b.WriteString(" differs for a reason")
			}
		}
		b.WriteByte('\n')
	}
	summary := m.summary(routes)
	b.WriteString("\n" + summary)
	t.Log(b.String())
	if document := protocolDocument(t); len(m.answers) == len(programs) && !strings.Contains(document, summary) {
		t.Error("docs/protocol.md does not have the summary above")
	}
	if path := os.Getenv("CLIENT_MATRIX"); path != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Error(err)
		}
	}
}

// shows tells whether a program finds the difference.
func (m *matrix) shows(d difference) bool {
	for _, routes := range m.answers {
		for route, answers := range routes {
			if d.allows(route) && answers[d.feature] != routes[direct][d.feature] {
				return true
			}
		}
	}
	return false
}

// summary is a line for each program: how many features come out on every route as
// at the server, how many the client has nothing of, and which differ.
func (m *matrix) summary(routes []route) string {
	var b strings.Builder
	b.WriteString("| client | the same | not offered | otherwise |\n|---|---|---|---|\n")
	for _, p := range programs {
		same, none, otherwise := 0, 0, []string{}
		for _, f := range features {
			at := m.answers[p.name]
			differs := false
			for _, r := range routes {
				differs = differs || at[r.name][f] != at[direct][f]
			}
			switch {
			case differs || at[direct][f].verdict == fails:
				otherwise = append(otherwise, "`"+f+"`")
			case at[direct][f].verdict == cannot:
				none++
			default:
				same++
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %d | %s |\n", p.name, same, none, strings.Join(otherwise, ", "))
	}
	return b.String()
}

func sign(a, server answer) string {
	switch {
	case a.verdict == fails:
		return "x"
	case a.verdict == undecided:
		return " "
	case a != server:
		return "~"
	case a.verdict == cannot:
		return "."
	default:
		return "+"
	}
}
