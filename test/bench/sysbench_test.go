package main

import (
	"strings"
	"testing"
	"time"
)

// printed is what sysbench 1.0 prints, without what is not read.
const printed = `Latency histogram (values are in milliseconds)
       value  ------------- distribution ------------- count
       0.100 |****                                     10
       0.200 |**************************************** 80
       0.400 |****                                     8
      10.000 |*                                        2

SQL statistics:
    queries performed:
        read:                            160
        total:                           200
    transactions:                        100    (50.00 per sec.)
    queries:                             200    (100.50 per sec.)
`

func TestSysbenchReportIsRead(t *testing.T) {
	// The bars of real reports have no spaces behind them.
	s, queries, err := readSysbench([]byte(squeeze(printed)))
	if err != nil {
		t.Fatal(err)
	}
	if queries != 200 || s.rate != 100.5 {
		t.Errorf("got %d queries at %v/s, want 200 at 100.5/s", queries, s.rate)
	}
	// Half of 100 events is the 40th of the 80 between 0.1 and 0.2 ms.
	if s.p50 != 150*time.Microsecond {
		t.Errorf("p50 is %v, want 150µs", s.p50)
	}
	// 99 of 100 is half of the way between 0.4 and 10 ms.
	if want := 5200 * time.Microsecond; s.p99 != want {
		t.Errorf("p99 is %v, want %v", s.p99, want)
	}
}

func TestSysbenchReportWithoutNumbersIsAnError(t *testing.T) {
	for _, text := range []string{"", strings.Split(printed, "SQL")[0], "SQL" + strings.Split(printed, "SQL")[1]} {
		if s, _, err := readSysbench([]byte(squeeze(text))); err == nil {
			t.Errorf("%q gave %+v", text, s)
		}
	}
}

// squeeze puts one space between a bar and its count.
func squeeze(text string) string {
	for strings.Contains(text, "*  ") {
		text = strings.ReplaceAll(text, "*  ", "* ")
	}
	return text
}
