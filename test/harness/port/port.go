// Package port gives out TCP ports of 127.0.0.1 that test servers can rely on:
// also between a stop and a restart, and while other test processes of the same
// machine look for ports at the same time.
//
// Ports are taken from below the range from which the kernel picks the local
// ports of outgoing connections, and each one given out is locked with a file
// for as long as this process lives.
package port

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

const (
	lowest   = 18000
	highest  = 31999 // Linux hands out local ports from 32768 on
	maxTries = 500
)

var (
	mu sync.Mutex
	// held keeps the lock files open: closing one gives the port away.
	held = map[int]*os.File{}
)

// Reserve returns a free port that no other caller of this package gets until
// this process ends.
func Reserve() (int, error) { return ReserveRun(1) }

// ReserveRun reserves n consecutive ports and returns the first.
func ReserveRun(n int) (int, error) {
	for range maxTries {
		first := lowest + rand.IntN(highest-lowest+1-n)
		if ok, err := claimRun(first, n); err != nil {
			return 0, err
		} else if ok {
			return first, nil
		}
	}
	return 0, fmt.Errorf("no %d free ports of 127.0.0.1 found between %d and %d in %d tries", n, lowest, highest, maxTries)
}

// PreferRun reserves the n ports from first on if all of them are free, and any
// other n consecutive ones if not.
func PreferRun(first, n int) (int, error) {
	if ok, err := claimRun(first, n); err != nil {
		return 0, err
	} else if ok {
		return first, nil
	}
	return ReserveRun(n)
}

// claimRun claims all of the ports or none.
func claimRun(first, n int) (bool, error) {
	mu.Lock()
	defer mu.Unlock()
	for p := first; p < first+n; p++ {
		ok, err := claim(p)
		if ok {
			continue
		}
		for back := first; back < p; back++ {
			err = errors.Join(err, held[back].Close())
			delete(held, back)
		}
		return false, err
	}
	return true, nil
}

// claim locks the port among the users of this package and then asks the
// kernel whether anybody else listens on it.
// mu is held.
func claim(p int) (bool, error) {
	if held[p] != nil {
		return false, nil
	}
	dir := filepath.Join(os.TempDir(), "mysqlda-test-ports-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return false, fmt.Errorf("make the directory of port locks: %w", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, strconv.Itoa(p)), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return false, fmt.Errorf("open the lock of port %d: %w", p, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		closeErr := file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return false, closeErr
		}
		return false, fmt.Errorf("lock port %d: %w", p, err)
	}
	if !free(p) {
		return false, file.Close()
	}
	held[p] = file
	return true, nil
}

// free tells whether TCP and UDP of the port can be bound; gossip needs both.
func free(p int) bool {
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(p))
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return false
	}
	u, err := net.ListenPacket("udp", addr)
	if err != nil {
		return errors.Join(err, l.Close()) == nil
	}
	return errors.Join(l.Close(), u.Close()) == nil
}
