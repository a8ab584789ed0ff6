package doctor

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestSyncTimesAreJudged(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name string
		took []time.Duration
		want Level
	}{
		{"fast", []time.Duration{ms, ms, 2 * ms}, OK},
		{"slow once", []time.Duration{100 * ms, ms, ms}, OK},
		{"slow", []time.Duration{21 * ms, ms, 22 * ms}, Warning},
		{"long once", []time.Duration{ms, 501 * ms, ms}, Warning},
		{"hanging", []time.Duration{ms, 5001 * ms, ms}, Problem},
	} {
		if f := judgeSync("disk", "/d", c.took); f.Level != c.want || (f.Advice == "") != (c.want == OK) {
			t.Errorf("%s: got %+v", c.name, f)
		}
	}
}

func TestSpaceHasToBeThereForThePlacements(t *testing.T) {
	for _, c := range []struct {
		free, placements uint64
		want             Level
	}{
		{2 << 30, 0, OK},
		{1 << 29, 0, Warning},
		{100 << 20, 0, Problem},
		{2 << 30, 10_000_000, Warning},
		{1 << 30, 10_000_000, Problem},
	} {
		if f := spaceCheck("/d", c.free, c.placements); f.Level != c.want {
			t.Errorf("%d free with %d placements: got %+v", c.free, c.placements, f)
		}
	}
}

func TestClocksAreJudgedWithTheirUncertainty(t *testing.T) {
	const within = 500 * time.Millisecond
	for offset, want := range map[time.Duration]Level{
		0: OK, -3 * time.Second: OK, 3400 * time.Millisecond: OK, 4 * time.Second: Warning, -time.Hour: Warning,
	} {
		if f := judgeClock("clock", offset, within); f.Level != want {
			t.Errorf("%s: got %+v", offset, f)
		}
	}
}

func TestPrivateKeysAreForTheirOwner(t *testing.T) {
	key := filepath.Join(t.TempDir(), "key.pem")
	if keyMode(key) != nil {
		t.Error("a key that is not there has a mode")
	}
	if err := os.WriteFile(key, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[os.FileMode]Level{0o600: OK, 0o400: OK, 0o640: Warning, 0o644: Problem, 0o601: Problem} {
		if err := os.Chmod(key, mode); err != nil {
			t.Fatal(err)
		}
		if f := keyMode(key); f.Level != want {
			t.Errorf("%04o: got %+v", mode, f)
		}
	}
}
