package adminsql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// statement is one that Run knows.
type statement struct {
	verb      [2]string
	arguments []string // in their order, as the syntax shows them
	repeats   bool     // the arguments may come again and again
	options   []option // behind the arguments, in any order
	what      string   // it does, for people
	run       func(context.Context, *Console, given) error
	// slow says how long the statement may take, unless it is nil: then as long as
	// other changes.
	slow func(given) time.Duration
}

// option is a word that may stand behind the arguments, with its value if it has one.
type option struct {
	word     string
	value    string // as the syntax shows it; "": it has none
	required bool
}

// given is what a statement's text has said.
type given struct {
	arguments []string
	options   map[string]string // by word; "" for one without a value
}

// has tells whether an option was given.
func (g given) has(word string) bool {
	_, ok := g.options[word]
	return ok
}

// optional returns the value of an option, nil if it was not given.
func (g given) optional(word string) *string {
	value, ok := g.options[word]
	if !ok {
		return nil
	}
	return &value
}

func (s *statement) bound(g given) time.Duration {
	if s.slow != nil {
		return s.slow(g)
	}
	return admin.ChangeTimeout
}

// syntax is how the statement is written, in one line.
func (s *statement) syntax() string {
	var out strings.Builder
	out.WriteString("MYSQLDA " + s.verb[0] + " " + s.verb[1])
	for _, a := range s.arguments {
		out.WriteString(" " + a)
	}
	if s.repeats {
		out.WriteString(" [" + strings.Join(s.arguments, " ") + " ...]")
	}
	for _, o := range s.options {
		text := o.word
		if o.value != "" {
			text += " " + o.value
		}
		if !o.required {
			text = "[" + text + "]"
		}
		out.WriteString(" " + text)
	}
	return out.String()
}

// read reads the words behind the verb, before which so many stand. Its errors show no
// word: a password may stand anywhere in a statement that is written wrongly.
func (s *statement) read(before int, words []string) (given, error) {
	g := given{options: make(map[string]string)}
	n := len(s.arguments)
	if len(words) < n {
		return g, fmt.Errorf("%s is missing", s.arguments[len(words)])
	}
	if s.repeats {
		if odd := len(words) % n; odd != 0 {
			return g, fmt.Errorf("%s is missing at the end", s.arguments[odd])
		}
		n = len(words)
	}
	g.arguments = words[:n]
	for i := n; i < len(words); i++ {
		at := slices.IndexFunc(s.options, func(o option) bool { return strings.EqualFold(o.word, words[i]) })
		switch {
		case at < 0 && len(s.options) == 0:
			return g, fmt.Errorf("nothing stands behind word %d", before+i)
		case at < 0:
			return g, fmt.Errorf("word %d behind MYSQLDA is none of %s", before+i+1, s.optionWords())
		}
		o := s.options[at]
		if g.has(o.word) {
			return g, fmt.Errorf("%s is given twice", o.word)
		}
		value := ""
		if o.value != "" {
			if i++; i == len(words) {
				return g, fmt.Errorf("the value of %s is missing", o.word)
			}
			value = words[i]
		}
		g.options[o.word] = value
	}
	for _, o := range s.options {
		if o.required && !g.has(o.word) {
			return g, fmt.Errorf("%s is missing", o.word)
		}
	}
	return g, nil
}

func (s *statement) optionWords() string {
	words := make([]string, len(s.options))
	for i, o := range s.options {
		words[i] = o.word
	}
	return strings.Join(words, ", ")
}
