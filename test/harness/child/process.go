// Package child runs child processes that never outlive the process that
// started them: not when it ends by a panic, and not when it is killed.
//
// The harness's servers and nodes are children of this kind. A process may be
// used from any goroutine.
package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Process is a started child.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error // of Wait; written before done is closed
}

// Start starts cmd in a process group of its own, so that a Ctrl-C in the
// terminal reaches only the parent, which decides how its children end.
func Start(cmd *exec.Cmd) (*Process, error) {
	tieToParent(cmd)
	p := &Process{cmd: cmd, done: make(chan struct{})}
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run starts the child and waits for it on one locked thread: the kernel ends
// the child when the thread that started it ends, so that thread has to live as
// long as the child does.
func (p *Process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := p.cmd.Start(); err != nil {
		started <- err
		return
	}
	started <- nil
	p.err = p.cmd.Wait()
	close(p.done)
}

// PID is the child's process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Done is closed once the child has ended and was waited for.
func (p *Process) Done() <-chan struct{} { return p.done }

// Running tells whether the child has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Err tells how the child ended: nil for exit code 0. It may be called only
// after Done was closed.
func (p *Process) Err() error { return p.err }

// State says in words how the child ended. It may be called only after Done was
// closed.
func (p *Process) State() string { return p.cmd.ProcessState.String() }

// Signal sends a signal. A child that has ended already is not an error.
func (p *Process) Signal(sig syscall.Signal) error {
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("send %s to process %d: %w", sig, p.PID(), err)
	}
	return nil
}

// Stop asks the child to end with SIGTERM and waits for it. When ctx ends first
// the child is killed and the context's error is returned.
func (p *Process) Stop(ctx context.Context) error {
	if err := p.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		return errors.Join(
			fmt.Errorf("process %d did not end on SIGTERM: %w", p.PID(), ctx.Err()),
			p.Kill(),
		)
	}
}

// Kill ends the child with SIGKILL, even one that is paused, and waits for it.
func (p *Process) Kill() error {
	if err := p.Signal(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.done
	return nil
}

// Pause stops the child's execution with SIGSTOP and waits until it stands
// still; its connections stay open.
func (p *Process) Pause() error {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	return awaitStopped(p.PID())
}

// Resume lets a paused child go on.
func (p *Process) Resume() error { return p.Signal(syscall.SIGCONT) }
