package password

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// hideInput has the terminal show nothing of what is typed until show is called, or
// somebody gives up with Ctrl-C.
func hideInput(f *os.File) (show func() error, err error) {
	was, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return nil, err
	}
	hidden := *was
	hidden.Lflag &^= unix.ECHO
	hidden.Lflag |= unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &hidden); err != nil {
		return nil, err
	}
	restore := func() error { return unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, was) }
	interrupted, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-interrupted:
			// The process ends either way.
			_ = restore()
			os.Exit(1)
		case <-done:
		}
	}()
	return func() error {
		signal.Stop(interrupted)
		close(done)
		return restore()
	}, nil
}
