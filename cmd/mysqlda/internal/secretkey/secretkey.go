// Package secretkey gets the keys by which secrets are sealed to a node and to the
// commands: from the file secrets.key_file of a config or from the environment. What is
// done with them is package fsm/seal's.
package secretkey

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/secretfile"
	"github.com/mysqlda/mysqlda/fsm/seal"
)

// Keys are those of a node. They follow the file, which may be changed while the node
// runs. All methods may be called from any goroutine.
type Keys struct {
	file string // "" for keys of the environment, or none

	mu    sync.Mutex
	ring  seal.Ring
	stamp stamp
}

// stamp tells one content of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

// Open reads the keys of the file, which others must not be able to read, or, without one,
// of the environment. Without either
// there are none, which is no error.
func Open(file string, getenv func(string) string) (*Keys, error) {
	text := getenv(seal.Variable)
	switch {
	case file != "" && text != "":
		return nil, fmt.Errorf("keys are given twice: by secrets.key_file and by %s; leave one out", seal.Variable)
	case file != "":
		k := &Keys{file: file}
		_, err := k.Reread()
		return k, err
	case text == "":
		return &Keys{}, nil
	}
	ring, err := seal.ParseRing(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", seal.Variable, err)
	}
	return &Keys{ring: ring}, nil
}

// Ring is what is known now.
func (k *Keys) Ring() seal.Ring {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ring
}

// Reread reads the file again if it is another one than before, and tells whether it was.
// After an error the keys stay what they were.
func (k *Keys) Reread() (changed bool, err error) {
	if k.file == "" {
		return false, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	info, err := os.Stat(k.file)
	if err != nil {
		return false, fmt.Errorf("secrets.key_file: %w", err)
	}
	now := stamp{info.ModTime(), info.Size()}
	if now == k.stamp {
		return false, nil
	}
	text, err := secretfile.Read(k.file)
	if err != nil {
		return false, fmt.Errorf("secrets.key_file: %w", err)
	}
	ring, err := seal.ParseRing(string(text))
	if err != nil {
		return false, fmt.Errorf("secrets.key_file %s: %w", k.file, err)
	}
	k.ring, k.stamp = ring, now
	return true, nil
}
