package backupfile

import (
	"errors"
	"io"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/wholefile"
)

// Write writes a backup to a file that only its owner may read, because it holds
// the account's password. The file appears under its name when it is whole, was
// checked and is on disk; whatever goes wrong before leaves nothing behind. A
// file that is there is replaced with force, else the error wraps
// wholefile.ErrExists.
func Write(path string, force bool, backup io.Reader) (contents Contents, err error) {
	file, err := wholefile.Create(path, force)
	if err != nil {
		return Contents{}, err
	}
	defer func() { err = errors.Join(err, file.Discard()) }()
	contents, err = Read(io.TeeReader(backup, file), Question{})
	if err != nil {
		return Contents{}, err
	}
	return contents, file.Commit()
}
