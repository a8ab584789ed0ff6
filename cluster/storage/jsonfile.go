package storage

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// NewSuffix marks a file that is being written and not yet in its place.
const NewSuffix = ".new"

// WriteJSON writes a value with a checksum to a file so that it survives a crash
// at any moment: either the old or the new file is found afterwards. v points to
// the value and checksum to the field of it that takes the checksum, which is of
// all the rest.
func WriteJSON(path string, v any, checksum *string) error {
	var err error
	*checksum = ""
	if *checksum, err = sumOfJSON(v); err != nil {
		return err
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeDurably(path, append(text, '\n'))
}

// ParseJSON reads the text of a file that WriteJSON wrote, into the same. The error says what is wrong with the text.
func ParseJSON(text []byte, v any, checksum *string) error {
	if err := json.Unmarshal(text, v); err != nil {
		return err
	}
	said := *checksum
	*checksum = ""
	want, err := sumOfJSON(v)
	if err != nil {
		return err
	}
	if said != want {
		return errWrongSum
	}
	*checksum = said
	return nil
}

// sumOfJSON is the checksum of what a file in JSON says, whatever its layout.
func sumOfJSON(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%08x", sum(text)), nil
}

func writeDurably(path string, content []byte) error {
	tmp := path + NewSuffix
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.Write(content); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	return SyncDir(filepath.Dir(path))
}

// SyncDir makes durable which files a directory has.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
