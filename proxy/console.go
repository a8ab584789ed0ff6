package proxy

import (
	"context"
	"errors"

	"github.com/mysqlda/mysqlda/fsm"
)

// Console carries out what administrators say to the cluster. Package daemon has one;
// who may use it is decided here. All methods may be called from any goroutine.
type Console interface {
	// Run carries out a statement of the user, who is at that host: words are what
	// stands behind MYSQLDA, without quotes. It returns when the cluster has made the
	// change, within a bound of its own. Errors wrap one of those below, and hold no
	// secret of the statement's.
	Run(ctx context.Context, user, host string, words []string) error
	// Statements lists what Run knows.
	Statements() []Statement
}

// Statement describes a statement of ours for people.
type Statement struct {
	Syntax string // in one line
	What   string // it does
}

// Errors of a Console.
var (
	// ErrBadStatement says that the words are no statement. Nothing was changed.
	ErrBadStatement = errors.New("bad statement")
	// ErrRefused says that the cluster does not allow the change. Nothing was changed.
	ErrRefused = errors.New("refused")
	// ErrUnanswered says that the cluster has not answered: it may have made the change.
	ErrUnanswered = errors.New("no answer")
)

// ConsoleError is an error of a Console: of one of the kinds above, in words for the
// client.
type ConsoleError struct {
	Kind error
	Text string
}

func (e *ConsoleError) Error() string { return e.Text }

// Unwrap returns the kind.
func (e *ConsoleError) Unwrap() error { return e.Kind }

// administer carries out a statement that begins with MYSQLDA.
func (s *session) administer(ctx context.Context, cmd command, words []string) error {
	if err := s.mayAdminister(); err != nil {
		return s.refuse(cmd, err)
	}
	if s.inTransaction() {
		return s.refuse(cmd, kindAdminInTransaction.with())
	}
	host, _ := clientHost(s.info.Client)
	err := s.server.cfg.Console.Run(ctx, s.user, host, words)
	switch cause := context.Cause(ctx); {
	case err == nil:
		return s.ok(cmd)
	case errors.Is(err, ErrBadStatement):
		return s.refuse(cmd, kindBadAdmin.with(err))
	case errors.Is(err, ErrRefused):
		return s.refuse(cmd, kindAdminRefused.with(err))
	case errors.Is(cause, errClientGone):
		return &clientLost{errClientGone}
	case cause != nil: // a KILL, or the end of the node; something may have been done
		return s.refuse(cmd, kindAdminUnanswered.with(cause))
	default:
		return s.refuse(cmd, kindAdminUnanswered.with(err))
	}
}

// mayAdminister says why the session's client is no administrator, nil if it is.
func (s *session) mayAdminister() error {
	if u, _ := s.server.user(s.user); u.Role != fsm.RoleAdmin {
		return kindNeedsAdmin.with(s.user)
	}
	if s.server.cfg.Console == nil {
		return kindNotSupported.with("A statement that begins with MYSQLDA")
	}
	return nil
}

// malformed is the error for a text that begins with MYSQLDA and is no statement.
func (s *session) malformed() error {
	if err := s.mayAdminister(); err != nil {
		return err
	}
	return kindBadAdmin.with("behind MYSQLDA stand words and quoted texts, separated by blanks")
}
