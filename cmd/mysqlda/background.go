package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/config"
)

const (
	// startPatience is how long a node in the background may say nothing before the
	// command that has started it gives up waiting.
	startPatience = time.Minute
	// readyWord is the line with which it says that it serves clients.
	readyWord = "ready"
	// firstExtraFD is the number that the first extra file has in a child.
	firstExtraFD = 3
	maxLogTail   = 64 << 10
)

// beside is the name of a file next to the config file: n1.conf, n1.log, n1.pid.
func beside(cfg *config.Config, extension string) string {
	return strings.TrimSuffix(cfg.Path, ".conf") + extension
}

// startInBackground starts the same node in a process of its own, detached from the
// terminal, and waits until it serves clients, has failed, or takes too long.
func startInBackground(cmd *cobra.Command, cfg *config.Config, o startOptions) error {
	log, err := os.OpenFile(o.logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
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
	node := exec.Command(program, o.foreground(cfg)...)
	// It holds no directory that somebody may want to unmount.
	node.Dir = "/"
	node.Stdout, node.Stderr, node.ExtraFiles = log, log, []*os.File{write}
	node.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = node.Start()
	if err = errors.Join(err, write.Close()); err != nil {
		return fmt.Errorf("starting in the background: %w", err)
	}
	switch ready, err := awaitReady(news, cmd.Println); {
	case ready:
		cmd.Printf("the node serves clients at %s in the background: process %d, log %s, process id in %s\n",
			cfg.Server.Listen, node.Process.Pid, o.logFile, o.pidFile)
		return node.Process.Release()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("the node is not ready after %s and goes on in the background (process %d); `mysqlda status -f %s` and its log, %s, say what it waits for",
			startPatience, node.Process.Pid, o.file, o.logFile)
	case err != nil:
		return fmt.Errorf("waiting for the node (process %d), which goes on: %w", node.Process.Pid, err)
	}
	if err := node.Wait(); err != nil {
		return fmt.Errorf("the node has ended (%w): %s; its log is %s", err, lastWords(o.logFile, info.Size()), o.logFile)
	}
	return fmt.Errorf("the node has ended before it was ready: it was asked to stop; its log is %s", o.logFile)
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
		if lines.Text() == readyWord {
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

// foreground is the command line with which the process in the background runs. The
// pid file in it tells scripts that a process is the one they look for.
func (o startOptions) foreground(cfg *config.Config) []string {
	args := []string{"start", "-f", cfg.Path, "--pid-file", o.pidFile, "--ready-fd", strconv.Itoa(firstExtraFD)}
	if o.node.Bootstrap {
		args = append(args, "--bootstrap")
	}
	if len(o.node.Join) > 0 {
		args = append(args, "--join", strings.Join(o.node.Join, ","))
	}
	if o.joinToken != "" {
		args = append(args, "--join-token-file", o.joinToken)
	}
	if o.logLevel != "" {
		args = append(args, "--log-level", o.logLevel)
	}
	for _, path := range o.saved.placements {
		args = append(args, "--save-file", path)
	}
	for _, path := range o.saved.bindings {
		args = append(args, "--class-file", path)
	}
	return args
}

// makeAbsolute makes all paths independent of the working directory.
func (o *startOptions) makeAbsolute() error {
	paths := []*string{&o.pidFile, &o.logFile, &o.joinToken}
	for _, list := range [][]string{o.saved.placements, o.saved.bindings} {
		for i := range list {
			paths = append(paths, &list[i])
		}
	}
	for _, path := range paths {
		if *path == "" {
			continue
		}
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return fmt.Errorf("%s: %w", *path, err)
		}
		*path = absolute
	}
	return nil
}
