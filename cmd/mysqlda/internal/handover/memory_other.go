//go:build !linux

package handover

import (
	"errors"
	"os"
)

// Supported says whether this system can do all that is needed.
const Supported = false

func memoryFile(string) (*os.File, error) { return nil, errors.ErrUnsupported }
