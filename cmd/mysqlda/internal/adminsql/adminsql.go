// Package adminsql carries out what administrators say to the cluster in SQL:
// statements that begin with MYSQLDA. It reads their words and does what the HTTP API
// does for a request, within the same time, by the same Node. Who may use it, and how
// statements come and are answered, is package proxy's; package daemon makes the one of
// a node.
//
//	adminsql.go   carrying one out, and the list of all
//	statement.go  what a statement is made of, and reading one
//	library.go    MYSQLDA LIBRARY ...
//	settings.go   MYSQLDA SETTINGS ...
//	user.go       MYSQLDA USER ...
//	node.go       MYSQLDA NODE ..., MYSQLDA LOG ...
package adminsql

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/cluster"
	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy"
)

// Console is that of one node. All methods may be called from any goroutine.
type Console struct {
	node       admin.Node
	logger     *zap.Logger
	level      zap.AtomicLevel
	statements []statement
}

var _ proxy.Console = (*Console)(nil)

// New makes the console of a node. Level is that of the node's log.
func New(node admin.Node, logger *zap.Logger, level zap.AtomicLevel) *Console {
	return &Console{node: node, logger: logger, level: level, statements: statements()}
}

func statements() []statement {
	var all []statement
	for _, some := range [][]statement{ofLibraries(), ofSettings(), ofUsers(), ofNodes()} {
		all = append(all, some...)
	}
	return all
}

// Statements lists what Run knows.
func (c *Console) Statements() []proxy.Statement {
	list := make([]proxy.Statement, len(c.statements))
	for i, s := range c.statements {
		list[i] = proxy.Statement{Syntax: s.syntax(), What: s.what}
	}
	return list
}

// Run carries out a statement of the user at that host.
func (c *Console) Run(ctx context.Context, user, host string, words []string) error {
	s, rest, err := c.find(words)
	if err != nil {
		return &proxy.ConsoleError{Kind: proxy.ErrBadStatement, Text: err.Error()}
	}
	g, err := s.read(len(words)-len(rest), rest)
	if err != nil {
		return s.bad(err)
	}
	ctx, cancel := context.WithTimeout(cluster.WithOrigin(ctx, user, host), s.bound(g))
	defer cancel()
	return s.outcome(s.run(ctx, c, g))
}

// find finds the statement that words begin with, and returns those behind its verb.
func (c *Console) find(words []string) (s *statement, rest []string, err error) {
	var groups, verbs []string
	for i := range c.statements {
		s := &c.statements[i]
		group := s.verb[0]
		if len(groups) == 0 || groups[len(groups)-1] != group {
			groups = append(groups, group)
		}
		if len(words) == 0 || !strings.EqualFold(words[0], group) {
			continue
		}
		if len(words) > 1 && strings.EqualFold(words[1], s.verb[1]) {
			return s, words[2:], nil
		}
		verbs = append(verbs, s.verb[1])
	}
	if verbs != nil {
		return nil, nil, fmt.Errorf("behind MYSQLDA %s stands one of %s", strings.ToUpper(words[0]), strings.Join(verbs, ", "))
	}
	return nil, nil, fmt.Errorf("behind MYSQLDA stands one of %s", strings.Join(groups, ", "))
}

// badValue says that a value of a statement makes no sense.
type badValue struct{ error }

// bad is the error for a statement that is not written right.
func (s *statement) bad(err error) error {
	return &proxy.ConsoleError{Kind: proxy.ErrBadStatement, Text: fmt.Sprintf("%v; it is written %s", err, s.syntax())}
}

// outcome says what an error of the node means for who sent the statement.
func (s *statement) outcome(err error) error {
	var value badValue
	switch {
	case err == nil:
		return nil
	case errors.As(err, &value):
		return s.bad(err)
	case errors.Is(err, admin.ErrBadRequest):
		return s.bad(errors.New(strings.TrimPrefix(err.Error(), admin.ErrBadRequest.Error()+": ")))
	case admin.Refused(err):
		return &proxy.ConsoleError{Kind: proxy.ErrRefused, Text: strings.TrimPrefix(admin.Words(err), fsm.ErrBadChange.Error()+": ")}
	default:
		return &proxy.ConsoleError{Kind: proxy.ErrUnanswered, Text: admin.Words(err)}
	}
}
