// Package password gets passwords into commands without anybody seeing them: from a
// file, from standard input (a terminal asks and does not show what is typed), or
// made up. Never from the command line, which every user of the machine can read.
// Only the commands use it.
package password

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
	"github.com/mysqlda/mysqlda/fsm"
)

// Generate makes a password of 26 letters and digits, which has 128 bits of
// randomness.
func Generate() string { return rand.Text() }

// FromFile reads the first line of a file, which others must not be able to read; of "-",
// of in.
func FromFile(file string, in io.Reader) (string, error) {
	if file == "-" {
		return firstLine("standard input", in)
	}
	text, err := secretfile.Read(file)
	if err != nil {
		return "", fmt.Errorf("reading a password: %w", err)
	}
	return firstLine(file, bytes.NewReader(text))
}

// Ask asks for a password twice if in is a terminal, and reads the first line of it
// otherwise. What it asks goes to out.
func Ask(what string, in io.Reader, out io.Writer) (string, error) {
	terminal, ok := in.(*os.File)
	if !ok || !isTerminal(terminal) {
		return firstLine("standard input", in)
	}
	lines := bufio.NewReader(terminal)
	first, err := askOnce(what, terminal, lines, out)
	if err != nil {
		return "", err
	}
	second, err := askOnce(what+" once more", terminal, lines, out)
	if err != nil {
		return "", err
	}
	if first != second {
		return "", errors.New("the two passwords are not the same; nothing was changed")
	}
	return first, nil
}

func askOnce(what string, terminal *os.File, lines *bufio.Reader, out io.Writer) (string, error) {
	if _, err := fmt.Fprintf(out, "%s: ", what); err != nil {
		return "", err
	}
	show, err := hideInput(terminal)
	if err != nil {
		return "", fmt.Errorf("the terminal cannot hide what is typed (%w): use --password-file", err)
	}
	line, err := lines.ReadString('\n')
	if _, newline := fmt.Fprintln(out); newline != nil {
		err = errors.Join(err, newline)
	}
	if err := errors.Join(err, show()); err != nil {
		return "", fmt.Errorf("reading a password: %w", err)
	}
	return checked("what was typed", line)
}

func firstLine(name string, r io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(r, fsm.MaxCredentialLen+3)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading a password from %s: %w", name, err)
	}
	return checked(name, line)
}

// checked takes the end of a line off.
func checked(name, line string) (string, error) {
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	switch {
	case line == "":
		return "", fmt.Errorf("the first line of %s is empty: a password is needed there", name)
	case len(line) > fsm.MaxCredentialLen:
		return "", fmt.Errorf("the first line of %s is no password: it has more than %d bytes", name, fsm.MaxCredentialLen)
	case strings.IndexByte(line, 0) >= 0:
		return "", fmt.Errorf("the first line of %s is no password: it has a zero byte", name)
	}
	return line, nil
}
