package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// syncFiles of syncBytes are written to see how long a sync takes, for
	// syncPatience at most.
	syncFiles    = 20
	syncBytes    = 4 << 10
	syncPatience = 15 * time.Second
	// A sync that usually takes longer than slowSync makes assigning slow, and one
	// that ever takes longer than longSync may cost a leader its office. After
	// hangingSync a node ends.
	slowSync    = 20 * time.Millisecond
	longSync    = 500 * time.Millisecond
	hangingSync = 5 * time.Second

	// leastFree and fewFree are bytes. A snapshot takes about placementBytes for
	// each placement, and three of them and a log of the size of one have to fit.
	leastFree      = 128 << 20
	fewFree        = 1 << 30
	placementBytes = 32
	copies         = 4
)

// diskChecks looks at the file system of the data directory.
func diskChecks(ctx context.Context, v *view) []Finding {
	dir, err := existing(v.cfg.Node.DataDir)
	if err != nil {
		return []Finding{problem("data_dir", err.Error(), "make it a directory of the user that the node runs as, or set node.data_dir")}
	}
	found := []Finding{syncCheck(ctx, dir)}
	if free, known := freeBytes(dir); known {
		found = append(found, spaceCheck(dir, free, v.status.Placements))
	}
	return found
}

// existing is the directory itself or the first one above it that exists: a node
// makes the rest.
func existing(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is no directory", dir)
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir:
			return "", err
		}
		dir = filepath.Dir(dir)
	}
}

func syncCheck(ctx context.Context, dir string) Finding {
	const check = "disk sync"
	took, err := syncTimes(ctx, dir)
	if err != nil {
		return problem(check, err.Error(), fmt.Sprintf("let the user that the node runs as write to %s, and look after the disk", dir))
	}
	return judgeSync(check, dir, took)
}

func judgeSync(check, dir string, took []time.Duration) Finding {
	slices.Sort(took)
	median, worst := took[len(took)/2], took[len(took)-1]
	seen := fmt.Sprintf("%s: %d writes of 4 KiB, median %s, worst %s", dir, len(took), rounded(median), rounded(worst))
	const advice = "put node.data_dir on a faster disk, or on one that nothing else uses"
	switch {
	case worst > hangingSync:
		return problem(check, fmt.Sprintf("%s: after %s a node takes the disk for hanging and ends", seen, hangingSync), advice)
	case median > slowSync:
		return warning(check, fmt.Sprintf("%s: above %s, and each new core object and each lease waits for that on a majority", seen, slowSync), advice)
	case worst > longSync:
		return warning(check, fmt.Sprintf("%s: above %s a leader is late with all that others wait for", seen, longSync), advice)
	}
	return ok(check, "%s", seen)
}

func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// syncTimes writes small files in a directory of its own and says how long each took
// to be on the disk: one at least.
func syncTimes(ctx context.Context, parent string) (took []time.Duration, err error) {
	dir, err := os.MkdirTemp(parent, ".mysqlda-doctor-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	began := time.Now()
	for i := 0; i < syncFiles && (i == 0 || ctx.Err() == nil && time.Since(began) < syncPatience); i++ {
		t := time.Now()
		if err := writeSynced(filepath.Join(dir, fmt.Sprint(i))); err != nil {
			return nil, err
		}
		took = append(took, time.Since(t))
	}
	return took, nil
}

func writeSynced(path string) error {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(make([]byte, syncBytes))
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func spaceCheck(dir string, free, placements uint64) Finding {
	const check = "disk space"
	need := placements * placementBytes * copies
	seen := fmt.Sprintf("%d MiB free at %s", free>>20, dir)
	advice := fmt.Sprintf("free space there until there are %d MiB: three snapshots and the log have to fit", (fewFree+need)>>20)
	switch {
	case free < leastFree+need:
		return problem(check, seen, advice)
	case free < fewFree+need:
		return warning(check, seen, advice)
	}
	return ok(check, "%s", seen)
}
