// Package script reads ../../statements.txt and runs what the environment asks
// for. The two Go programs use it.
package script

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"time"
)

// patience bounds how long a condition may take to come true.
const patience = 20 * time.Second

// Answer is what one statement came back with; values are strings or nil.
type Answer struct {
	Rows         [][]any
	Affected, ID int64
	Err          string // number and SQLSTATE, or ""
}

// Conn is a client connection.
type Conn interface {
	Run(ctx context.Context, statement string) Answer
	Close() error
}

// NotOffered is the reason why a driver cannot do something.
type NotOffered string

func (n NotOffered) Error() string { return string(n) }

// Program is what the features of one driver consist of. Native features return
// what they have seen, or "".
type Program[C Conn] struct {
	Connect func(ctx context.Context) (C, error)
	Native  map[string]func(ctx context.Context, c C) (string, error)
}

// Check returns an error unless got is want.
func Check(got, want any) error {
	if reflect.DeepEqual(got, want) {
		return nil
	}
	return fmt.Errorf("got %v want %v", got, want)
}

// Poll waits until look returns want.
func Poll(ctx context.Context, look func() (any, error), want any) error {
	end := time.After(patience)
	for {
		got, err := look()
		if err != nil {
			return err
		}
		if err = Check(got, want); err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end:
			return err
		case <-time.After(20 * time.Millisecond):
		}
	}
}

type step struct {
	on, statement, err, says string
	until                    bool
	rows                     [][]any
}

type feature struct {
	whole bool
	steps []step
}

func read() (map[string]*feature, error) {
	text, err := os.ReadFile(os.Getenv("STATEMENTS"))
	if err != nil {
		return nil, err
	}
	features := map[string]*feature{}
	var f *feature
	lines := bufio.NewScanner(strings.NewReader(strings.ReplaceAll(string(text), "${DB_NAME}", os.Getenv("DB_NAME"))))
	for lines.Scan() {
		word, rest, _ := strings.Cut(lines.Text(), " ")
		switch word {
		case "=", "+":
			f = &feature{whole: word == "="}
			features[rest] = f
		case "1", "2", "1?", "2?":
			f.steps = append(f.steps, step{on: word[:1], until: len(word) > 1, statement: rest})
		case ">":
			var row []any
			for _, v := range strings.Split(rest, "\t") {
				if v == `\N` {
					row = append(row, nil)
				} else {
					row = append(row, v)
				}
			}
			f.steps[len(f.steps)-1].rows = append(f.steps[len(f.steps)-1].rows, row)
		case "!":
			f.steps[len(f.steps)-1].err = rest
		case "~":
			f.steps[len(f.steps)-1].says = rest
		}
	}
	return features, lines.Err()
}

func (s step) check(a Answer) error {
	if a.Err != s.err {
		return fmt.Errorf("%s: got error %q want %q", s.statement, a.Err, s.err)
	}
	if err := Check(a.Rows, s.rows); err != nil {
		return fmt.Errorf("%s: %w", s.statement, err)
	}
	affected, id, _ := strings.Cut(s.says, " ")
	if s.says != "" && affected != fmt.Sprint(a.Affected) || id != "" && id != "-" && id != fmt.Sprint(a.ID) {
		return fmt.Errorf("%s: got %d %d want %s", s.statement, a.Affected, a.ID, s.says)
	}
	return nil
}

func (p Program[C]) script(ctx context.Context, first C, steps []step) (err error) {
	connections := map[string]C{"1": first}
	for _, s := range steps {
		c, ok := connections[s.on]
		if !ok {
			if c, err = p.Connect(ctx); err != nil {
				return err
			}
			defer func() { err = errors.Join(err, c.Close()) }()
			connections[s.on] = c
		}
		if s.until {
			err = Poll(ctx, func() (any, error) { return c.Run(ctx, s.statement).Rows, nil }, s.rows)
		} else {
			err = s.check(c.Run(ctx, s.statement))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p Program[C]) feature(ctx context.Context, f *feature, name string) (seen string, err error) {
	native := p.Native[name]
	if native == nil && (f == nil || !f.whole) {
		return "", NotOffered("the driver has nothing of the kind")
	}
	c, err := p.Connect(ctx)
	if err != nil {
		return "", err
	}
	// The feature may have broken its connection on purpose.
	defer func() { _ = c.Close() }()
	if f != nil {
		if err := p.script(ctx, c, f.steps); err != nil {
			return "", err
		}
	}
	if native == nil {
		return "", nil
	}
	return native(ctx, c)
}

// Main checks the features that the environment asks for, each on a connection
// of its own.
func (p Program[C]) Main() {
	features, err := read()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, name := range strings.Fields(os.Getenv("FEATURES")) {
		seen, err := p.feature(context.Background(), features[name], name)
		line, reason := "ok "+name, NotOffered("")
		switch {
		case errors.As(err, &reason):
			line = fmt.Sprintf("n/a %s: %v", name, err)
		case err != nil:
			line = fmt.Sprintf("FAIL %s: %v", name, err)
		case seen != "":
			line += ": " + seen
		}
		fmt.Println(strings.ReplaceAll(line, "\n", " "))
	}
}
