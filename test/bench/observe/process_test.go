package observe

import (
	"os"
	"testing"
	"time"
)

func TestCPUTimeIsThatOfTheProcess(t *testing.T) {
	before, err := CPUOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	const work = 200 * time.Millisecond
	spin(work)
	after, err := CPUOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	user, system := after.Each(before, 2)
	// Other processes may take the processor meanwhile, so there is no lower
	// bound that always holds but a small one.
	if each := user + system; each < work/100 || each > work {
		t.Errorf("%v of CPU time for each half of %v of work", each, work)
	}
	if none, err := CPUOf(0); err != nil || none != (CPUTime{}) {
		t.Errorf("no process: %v, %v", none, err)
	}
}

func spin(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
}
