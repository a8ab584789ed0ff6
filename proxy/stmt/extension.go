package stmt

import "fmt"

// Kind is which extension statement it is.
type Kind uint8

const (
	// SelectLibrary is SELECT LIBRARY core.
	SelectLibrary Kind = iota + 1
	// SetCorrelObject is SET CORREL_OBJECT class object core.
	SetCorrelObject
	// SelectLibraryByCorrelObject is SELECT LIBRARY_BY_CORREL_OBJECT class object.
	SelectLibraryByCorrelObject
	// ShowMysqlda is SHOW MYSQLDA word... ['string'].
	ShowMysqlda
	// SetMysqlda is SET MYSQLDA word... ['string'].
	SetMysqlda
	// Mysqlda is MYSQLDA word...: what administrators say to the cluster.
	Mysqlda
)

// Arg is one argument of an extension statement.
type Arg struct {
	// Text is the argument's content, escapes resolved. "" for a placeholder.
	Text string
	// Start and End are where it stands in the statement, quotes included.
	Start, End int
	// Placeholder says that it is a ? whose value comes with the execution.
	Placeholder bool
}

// Extension is an extension statement.
type Extension struct {
	Kind   Kind
	Args   []Arg // as many as the kind has; see MaxWords and MaxAdminWords
	Params int   // how many of Args are placeholders
}

const (
	// MaxWords is how many words may follow SHOW MYSQLDA and SET MYSQLDA.
	MaxWords = 4
	// MaxAdminWords is how many may follow MYSQLDA.
	MaxAdminWords = 32
)

// Values returns the arguments as strings, with params in the places of the
// placeholders in order. There must be exactly Params of them.
func (e Extension) Values(params ...string) ([]string, error) {
	if len(params) != e.Params {
		return nil, fmt.Errorf("%d values for %d placeholders", len(params), e.Params)
	}
	values := make([]string, len(e.Args))
	for i, arg := range e.Args {
		values[i] = arg.Text
		if arg.Placeholder {
			values[i], params = params[0], params[1:]
		}
	}
	return values, nil
}

// Verdict is what Parse found.
type Verdict uint8

const (
	// NotOurs is ordinary SQL.
	NotOurs Verdict = iota
	// Ours is one extension statement and nothing else.
	Ours
	// OursInMulti is an extension statement among several statements. It must be
	// refused: neither we nor a server could run the whole.
	OursInMulti
	// Malformed is one statement that begins with MYSQLDA, and what follows are not the
	// words of one. No server may see it: a password may stand in it.
	Malformed
)
