//go:build !linux

package password

import (
	"errors"
	"os"
)

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func hideInput(*os.File) (show func() error, err error) {
	return nil, errors.New("not known how on this system")
}
