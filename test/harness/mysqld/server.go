package mysqld

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/port"
)

// portTries bounds how often Start looks for another port when a program that
// does not use package port takes the chosen one first.
const portTries = 5

// Server is one server process and its data. Its methods may be called from any
// goroutine, one at a time.
type Server struct {
	options Options
	flavour flavour
	account string
	dir     string // holds data/, log and init file
	ownDir  bool   // we made dir

	mu      sync.Mutex
	process *child.Process // the last one started; it may have ended
}

// Start starts a server and returns once it has answered a login with the
// account. The error of a server that fails to start holds the end of its log.
func Start(ctx context.Context, opts Options) (*Server, error) {
	opts, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	f, err := find(ctx)
	if err != nil {
		return nil, err
	}
	account, err := accountOfProcess()
	if err != nil {
		return nil, err
	}
	s := &Server{options: opts, flavour: f, account: account, dir: opts.Dir}
	if s.dir == "" {
		if s.dir, err = os.MkdirTemp("", "mysqlda-mysqld-"); err != nil {
			return nil, fmt.Errorf("make the server's directory: %w", err)
		}
		s.ownDir = true
	}
	if err := s.create(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// create lays out the directory and starts the server for the first time.
func (s *Server) create(ctx context.Context) error {
	from, err := template(ctx, s.flavour, s.account)
	if err != nil {
		return err
	}
	if err := copyTemplate(s.dataDir(), from); err != nil {
		return err
	}
	if err := os.WriteFile(s.initFile(), []byte(s.options.initSQL(s.flavour)), 0o600); err != nil {
		return fmt.Errorf("write the init file: %w", err)
	}
	if s.options.Port != 0 {
		return s.launch(ctx, "--init-file="+s.initFile())
	}
	for range portTries {
		if s.options.Port, err = port.Reserve(); err != nil {
			return err
		}
		if err = s.launch(ctx, "--init-file="+s.initFile()); err == nil || !s.portTaken() {
			return err
		}
	}
	return err
}

// launch starts the process and waits until it answers.
func (s *Server) launch(ctx context.Context, extra ...string) error {
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	command := append(slices.Clone(s.options.Prefix), s.flavour.program)
	command = append(command, s.flavour.arguments(s.account)...)
	command = append(command, "--datadir="+s.dataDir(), "--tmpdir="+s.dir, "--bind-address="+s.options.BindAddress, "--port="+strconv.Itoa(s.options.Port))
	command = append(command, s.options.Replication.arguments(s.flavour)...)
	command = append(append(command, extra...), s.options.Args...)
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = log, log
	process, err := child.Start(cmd)
	if err = errors.Join(err, log.Close()); err != nil {
		return err
	}
	s.mu.Lock()
	s.process = process
	s.mu.Unlock()
	if err := s.waitForLogin(ctx, process); err != nil {
		return errors.Join(fmt.Errorf("%s at %s: %w\n%s", s.flavour.program, s.Addr(), err, s.LogTail()), process.Kill())
	}
	return nil
}

// Stop shuts the server down cleanly. When ctx ends first it is killed and the
// context's error returned. The data stays: Restart starts it again.
func (s *Server) Stop(ctx context.Context) error { return s.current().Stop(ctx) }

// Kill ends the server with SIGKILL. The data stays as a crash leaves it.
func (s *Server) Kill() error { return s.current().Kill() }

// Restart stops the server if it runs, starts it on the same port with the same
// data, and waits until it answers.
func (s *Server) Restart(ctx context.Context) error {
	if p := s.current(); p.Running() {
		if err := p.Stop(ctx); err != nil {
			return err
		}
	}
	return s.launch(ctx)
}

// Pause freezes the server with SIGSTOP: its connections stay open and the
// kernel still accepts new ones, but nothing answers.
func (s *Server) Pause() error { return s.current().Pause() }

// Resume lets a paused server go on.
func (s *Server) Resume() error { return s.current().Resume() }

// Close ends the server without ceremony and removes its directory if Start
// made it.
func (s *Server) Close() error {
	var err error
	if p := s.current(); p != nil {
		err = p.Kill()
	}
	if s.ownDir {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}

// Addr is the server's address, "ip:port".
func (s *Server) Addr() string {
	return net.JoinHostPort(s.options.BindAddress, strconv.Itoa(s.options.Port))
}

// Port is the port that the server listens on.
func (s *Server) Port() int { return s.options.Port }

// Running tells whether the server that was started last has not ended.
func (s *Server) Running() bool { return s.current().Running() }

// PID is the process id of the server that was started last.
func (s *Server) PID() int { return s.current().PID() }

// LogFile is the path of the server's log.
func (s *Server) LogFile() string { return filepath.Join(s.dir, "mysqld.log") }

// LogTail is the end of the server's log, for error messages.
func (s *Server) LogTail() string {
	text, err := os.ReadFile(s.LogFile())
	if err != nil {
		return err.Error()
	}
	return tail(text)
}

// DataDir is where the server keeps its data and its binary log.
func (s *Server) DataDir() string { return s.dataDir() }

func (s *Server) dataDir() string  { return filepath.Join(s.dir, "data") }
func (s *Server) initFile() string { return filepath.Join(s.dir, "init.sql") }

func (s *Server) current() *child.Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process
}

// portTaken tells whether somebody listens on the port, which is why a server
// of ours that has just failed to start may have failed. Of an address that is not
// this process's it says no.
func (s *Server) portTaken() bool {
	l, err := net.Listen("tcp", s.Addr())
	if err != nil {
		return errors.Is(err, syscall.EADDRINUSE)
	}
	return l.Close() != nil
}

// tailBytes bounds how much of a log goes into an error.
const tailBytes = 4 << 10

func tail(text []byte) string {
	if len(text) > tailBytes {
		text = text[len(text)-tailBytes:]
	}
	return string(text)
}
