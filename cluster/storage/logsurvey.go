package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// The buckets of the log's file, as raft-boltdb names them.
const (
	entriesBucket = "logs"
	promiseBucket = "conf"
)

// promiseKeys are what Raft keeps beside the entries.
var promiseKeys = [...]string{termKey, "LastVoteTerm", "LastVoteCand"}

// logSurvey is what the file of the log holds.
type logSurvey struct {
	exists      bool     // false: there is no file
	first, last uint64   // entries; 0 if there is none
	unbroken    uint64   // the entries from this one to the last follow each other without a gap
	sizes       []uint32 // of those, in bytes
}

// since returns how many bytes of entries follow one.
func (s *logSurvey) since(index uint64) (bytes uint64) {
	for i, size := range s.sizes {
		if s.unbroken+uint64(i) > index {
			bytes += uint64(size)
		}
	}
	return bytes
}

// reaches reports whether the entries after one, up to another, are all there.
func (s *logSurvey) reaches(after, upTo uint64) bool {
	return after >= upTo || s.last >= upTo && s.unbroken <= after+1
}

// surveyLog reads the file of the log in dir before bbolt opens it. The error is
// ErrDamaged if something else than what was written is found.
func surveyLog(dir string) (*logSurvey, error) {
	file, err := os.Open(filepath.Join(dir, LogFile))
	if errors.Is(err, fs.ErrNotExist) {
		return &logSurvey{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the log: %w", err)
	}
	survey, err := survey(file)
	if err := errors.Join(err, file.Close()); err != nil {
		return nil, Damaged(file.Name(), err)
	}
	return survey, nil
}

func survey(file *os.File) (*logSurvey, error) {
	s := &logSurvey{exists: true}
	promises := 0
	err := walkBolt(file, func(bucket string, key, value []byte, valueLen int) error {
		switch bucket {
		case entriesBucket:
			return s.entry(key, valueLen)
		case promiseBucket:
			promises++
			return checkPromise(key, value)
		default:
			return fmt.Errorf("it has the bucket %q, which no log has", bucket)
		}
	})
	if err == nil && s.last > 0 && promises == 0 {
		err = errors.New("it has entries and no term")
	}
	return s, err
}

func (s *logSurvey) entry(key []byte, valueLen int) error {
	if len(key) != 8 {
		return fmt.Errorf("the key %x is no index", key)
	}
	index := binary.BigEndian.Uint64(key)
	if s.first == 0 {
		s.first = index
	}
	if index != s.last+1 || len(s.sizes) == 0 {
		s.unbroken, s.sizes = index, nil
	}
	s.sizes = append(s.sizes, uint32(len(key)+valueLen))
	s.last = index
	return nil
}

// checkPromise checks what the log's file keeps beside the entries. A vote that
// is forgotten could be given twice.
func checkPromise(key, value []byte) error {
	for _, known := range promiseKeys {
		if string(key) == known {
			_, err := unseal(key, value)
			return err
		}
	}
	return fmt.Errorf("it has the key %q, which no log has", key)
}
