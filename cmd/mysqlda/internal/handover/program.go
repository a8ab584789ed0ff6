package handover

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// checkTimeout bounds asking a program whether it can take over.
const checkTimeout = 30 * time.Second

// Program returns the absolute path by which this process's program was called: where a
// new release is put. It goes through no symbolic links, so that one which is set to
// another release counts.
func Program() (string, error) {
	running, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	called, err := exec.LookPath(os.Args[0])
	if err != nil {
		return running, nil
	}
	if called, err = filepath.Abs(called); err != nil {
		return running, nil
	}
	a, errA := os.Stat(running)
	b, errB := os.Stat(called)
	if errA != nil || errB != nil || !os.SameFile(a, b) {
		return running, nil // it was called by another name, which may stand for anything
	}
	return called, nil
}

// Running is what a running node says of itself to the program that shall take over.
type Running struct {
	Node    string            `json:"node"`     // its id
	DataDir string            `json:"data_dir"` // absolute
	Listen  map[string]string `json:"listen"`   // addresses by Names, and "gossip"
}

// Answer is what that program says.
type Answer struct {
	Version  string `json:"version"`  // the release
	Handover int    `json:"handover"` // its Version
	Sessions int    `json:"sessions"` // its proxy.ImageVersion
	HTTP     string `json:"http"`     // where its HTTP address can be reached from this machine
}

// CheckCommand is the hidden command by which a program is asked, with a Running as its
// input. Its output is an Answer, or else the error says why it cannot take over.
const CheckCommand = "check-restart"

// Ask asks a program whether it can take over with that config file.
func Ask(ctx context.Context, program, file string, running Running) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	input, err := json.Marshal(running)
	if err != nil {
		return Answer{}, fmt.Errorf("asking %s: %w", program, err)
	}
	var out, complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, program, CheckCommand, "-f", file)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(input), &out, &complaint
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		said := strings.TrimPrefix(strings.TrimSpace(complaint.String()), "mysqlda: ")
		if exit := new(exec.ExitError); errors.As(err, &exit) && said != "" {
			return Answer{}, fmt.Errorf("%s cannot take over: %s", program, said)
		}
		return Answer{}, fmt.Errorf("%s cannot be executed, so it cannot take over: %w", program, err)
	}
	var answer Answer
	if err := json.Unmarshal(out.Bytes(), &answer); err != nil {
		return Answer{}, fmt.Errorf("%s is not a program of mysqlda that can take over: %w", program, err)
	}
	if answer.Handover != Version {
		return answer, fmt.Errorf("%s is release %s, which cannot take over from this one: stop the node and start it with that program", program, answer.Version)
	}
	return answer, nil
}
