// Package background starts a node in a process of its own, detached from the terminal,
// and waits until it serves clients. `mysqlda start --background` calls it; what the node
// does there is `mysqlda start` once more.
package background

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// ReadyFlag names the flag that tells the node which open file to write to.
	ReadyFlag = "ready-fd"
	// ReadyWord is the line with which it says there that it serves clients. Other lines
	// show that it is not stuck.
	ReadyWord = "ready"
)

const (
	// startPatience is how long a node in the background may say nothing before the
	// command that has started it gives up waiting.
	startPatience = time.Minute
	// firstExtraFD is the number that the first extra file has in a child.
	firstExtraFD = 3
	maxLogTail   = 64 << 10
)

// Options say what is started.
type Options struct {
	Args       []string // of this program, without ReadyFlag
	ConfigFile string   // as it was named
	LogFile    string   // absolute; appended to
	PIDFile    string   // absolute; the node writes it
	Listen     string   // where it serves clients
	Say        func(line ...any)
}

// Start starts this program with the arguments in a process of its own, detached from the
// terminal, and waits until the node serves clients, has failed, or says nothing for a
// minute. In the last case it goes on, which the error says.
func Start(o Options) error {
	log, err := os.OpenFile(o.LogFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("log file: %w", err)
	}
	defer log.Close()
	info, err := log.Stat()
	if err != nil {
		return fmt.Errorf("log file: %w", err)
	}
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	news, write, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("starting in the background: %w", err)
	}
	defer news.Close()
	node := exec.Command(program, append(slices.Clone(o.Args), "--"+ReadyFlag, strconv.Itoa(firstExtraFD))...)
	// It holds no directory that somebody may want to unmount.
	node.Dir = "/"
	node.Stdout, node.Stderr, node.ExtraFiles = log, log, []*os.File{write}
	node.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = node.Start()
	if err = errors.Join(err, write.Close()); err != nil {
		return fmt.Errorf("starting in the background: %w", err)
	}
	switch ready, err := awaitReady(news, o.Say); {
	case ready:
		o.Say(fmt.Sprintf("the node serves clients at %s in the background: process %d, log %s, process id in %s",
			o.Listen, node.Process.Pid, o.LogFile, o.PIDFile))
		return node.Process.Release()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the node is not ready after %s and goes on in the background (process %d); `mysqlda status -f %s` and its log, %s, say what it waits for",
			startPatience, node.Process.Pid, o.ConfigFile, o.LogFile)
	case err != nil:
		return fmt.Errorf("waiting for the node (process %d), which goes on: %w", node.Process.Pid, err)
	}
	if err := node.Wait(); err != nil {
		return fmt.Errorf("the node has ended (%w): %s; its log is %s", err, lastWords(o.LogFile, info.Size()), o.LogFile)
	}
	return fmt.Errorf("the node has ended before it was ready: it was asked to stop; its log is %s", o.LogFile)
}

// awaitReady reads what the node says until it is ready or has closed its end. Other
// lines are passed on, and show that it is not stuck.
func awaitReady(news *os.File, say func(line ...any)) (ready bool, err error) {
	lines := bufio.NewScanner(news)
	for {
		if err := news.SetReadDeadline(time.Now().Add(startPatience)); err != nil {
			return false, err
		}
		if !lines.Scan() {
			return false, lines.Err()
		}
		if lines.Text() == ReadyWord {
			return true, nil
		}
		say(lines.Text())
	}
}

// lastWords finds the error with which a node has ended in what it has logged since.
func lastWords(logFile string, since int64) string {
	file, err := os.Open(logFile)
	if err != nil {
		return "its log cannot be read"
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil {
		since = max(since, info.Size()-maxLogTail)
	}
	text, err := io.ReadAll(io.NewSectionReader(file, since, maxLogTail))
	if err != nil {
		return "its log cannot be read"
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return strings.TrimPrefix(string(lines[len(lines)-1]), "mysqlda: ")
}
