package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/test/harness/child"
	"github.com/mysqlda/mysqlda/test/harness/need"
)

// programs are the names under which systems have Chromium, the first one found is used.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

// endTimeout bounds how long the browser may take to end when it is asked to.
const endTimeout = 20 * time.Second

// Browser is a running Chromium with a profile of its own.
type Browser struct {
	process *child.Process
	pipe    *pipe
	output  *output
	ends    []*os.File // of the pipe, ours
	profile string
}

// ForTest starts a browser that ends with the test. Without Chromium the test is
// skipped; where CI is set it fails.
func ForTest(tb testing.TB) *Browser {
	tb.Helper()
	program := ""
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		need.Missing(tb, "there is no Chromium")
	}
	b, err := start(program)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := b.close(); err != nil {
			tb.Errorf("end the browser: %v", err)
		}
		if tb.Failed() {
			tb.Logf("the browser's output:\n%s", b.output)
		}
	})
	return b
}

func start(program string) (*Browser, error) {
	profile, err := os.MkdirTemp("", "mysqlda-browser-")
	if err != nil {
		return nil, fmt.Errorf("make a profile: %w", err)
	}
	b := &Browser{profile: profile, output: new(output)}
	if err := b.launch(program); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *Browser) launch(program string) error {
	commands, toBrowser, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	fromBrowser, answers, err := os.Pipe()
	if err != nil {
		return errors.Join(fmt.Errorf("make a pipe: %w", err), commands.Close(), toBrowser.Close())
	}
	b.ends = []*os.File{toBrowser, fromBrowser}
	cmd := exec.Command(program,
		"--headless=new", "--remote-debugging-pipe", "--user-data-dir="+b.profile,
		"--no-sandbox", // which is not to be had as root, nor in most containers; the pages are our own
		"--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb",
		"--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-component-update",
		"--disable-background-networking", "--disable-sync", "--metrics-recording-only", "--no-proxy-server",
		"--password-store=basic", "--lang=en-GB", "about:blank")
	cmd.ExtraFiles = []*os.File{commands, answers} // its file descriptors 3 and 4
	cmd.Stdout, cmd.Stderr = b.output, b.output
	b.process, err = child.Start(cmd)
	err = errors.Join(err, commands.Close(), answers.Close())
	if err != nil {
		return fmt.Errorf("start the browser: %w", err)
	}
	b.pipe = newPipe(toBrowser, fromBrowser)
	return nil
}

// close ends the browser and removes its profile.
func (b *Browser) close() error {
	var errs []error
	if b.process != nil {
		ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
		defer cancel()
		if err := b.pipe.call(ctx, "", "Browser.close", struct{}{}, nil); err != nil && !errors.Is(err, errEnded) {
			errs = append(errs, err)
		}
		select {
		case <-b.process.Done():
		case <-ctx.Done():
			errs = append(errs, errors.New("it did not end when it was asked to"), b.process.Kill())
		}
	}
	for _, end := range b.ends {
		errs = append(errs, end.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(b.profile))...)
}

// maxOutput bounds what is kept of what the browser prints.
const maxOutput = 64 << 10

// output keeps the beginning of what is printed.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(p[:min(len(p), maxOutput-o.text.Len())])
	return len(p), nil
}

// String implements fmt.Stringer.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}
