package stmt

import (
	"strings"
	"testing"
)

// typical is what applications send all day.
func typical() map[string][]byte {
	row := "(5012,'68487932199-96439406143-93774651418-41631865787','it is what it is',17,NULL,'2026-01-02 03:04:05')"
	return map[string][]byte{
		"PointSelect": []byte("SELECT c FROM sbtest1 WHERE id=5012"),
		"RangeSelect": []byte("SELECT DISTINCT c FROM sbtest1 WHERE id BETWEEN 5012 AND 5111 ORDER BY c"),
		"Insert":      []byte("INSERT INTO sbtest1 (id, k, c, pad) VALUES (5012, 4989, '68487932199-96439406143', '67847967377-48000963322')"),
		"Update":      []byte("UPDATE sbtest1 SET k=k+1 WHERE id=5012"),
		"Delete":      []byte("DELETE FROM sbtest1 WHERE id=5012"),
		"Begin":       []byte("BEGIN"),
		"Commit":      []byte("COMMIT"),
		"SetCommit":   []byte("SET autocommit=1"),
		"SetNames":    []byte("SET NAMES utf8mb4"),
		"SelectOne":   []byte("SELECT 1"),
		"Join": []byte("SELECT o.id, o.total, c.name FROM orders o JOIN customers c ON c.id = o.customer_id " +
			"WHERE o.state = 'open' AND o.created_at > '2026-01-01' ORDER BY o.created_at DESC LIMIT 20"),
		"Insert10KB": []byte("INSERT INTO t (id, c, note, n, x, at) VALUES " + strings.Repeat(row+",", 100) + row),
		"Blob32KB":   []byte("INSERT INTO t VALUES (1, '" + strings.Repeat("some text; with (all) @kinds -- of values ", 780) + "')"),
	}
}

// BenchmarkRecognise is what a relayed statement pays.
func BenchmarkRecognise(b *testing.B) {
	for name, text := range typical() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Hint(text)
				Classify(text)
			}
		})
	}
}

// BenchmarkDemands is what a statement pays besides until its session has written.
func BenchmarkDemands(b *testing.B) {
	for name, text := range typical() {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Syntax(0).Demands(text)
			}
		})
	}
}

func BenchmarkRecogniseGBK(b *testing.B) {
	text := typical()["Insert10KB"]
	syntax := Syntax(0).With(GBK)
	b.ReportAllocs()
	for b.Loop() {
		syntax.Classify(text)
	}
}

func BenchmarkSettings(b *testing.B) {
	text := []byte("SET autocommit=1, sql_mode='ANSI', @a=5")
	key := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		all := Syntax(0).Settings(text)
		for set, ok := all.Next(); ok; set, ok = all.Next() {
			key = set.AppendKey(key[:0])
		}
	}
}

func BenchmarkParseLibrary(b *testing.B) {
	text := []byte("select library 13812345678")
	b.ReportAllocs()
	for b.Loop() {
		Classify(text)
		Parse(text)
	}
}

func TestRecognitionCostsNoAllocation(t *testing.T) {
	texts := typical()
	for sql := range startup {
		texts[sql] = []byte(sql)
	}
	for _, sql := range []string{
		"insert into t values ('a;b'); select 2", "create table t (a int); select 1",
		"SET @a=@b+1, sql_mode=concat(@@sql_mode, ',ANSI')", "set character set gbk",
		"kill query 5", "prepare p from 'kill 5'", "select 1 as `x`",
		"/* mysqlda core=1 read='replica' lag=2 */ select a, count(*) from t for update", "set mysqlda = 1",
		"explain select 1", "mysqlda: loop select 1; end loop",
	} {
		texts[sql] = []byte(sql)
	}
	key := make([]byte, 0, 1<<10)
	for name, text := range texts {
		for _, syntax := range []Syntax{0, Syntax(0).With(GBK) | AnsiQuotes} {
			if n := testing.AllocsPerRun(20, func() {
				Hint(text)
				syntax.Parse(text)
				syntax.Demands(text)
				if syntax.Classify(text).Base() == ClassSet {
					all := syntax.Settings(text)
					for set, ok := all.Next(); ok; set, ok = all.Next() {
						key = set.AppendKey(set.AppendStatement(key[:0]))
					}
				}
				Kill(text)
				syntax.ConnectionID(text)
			}); n != 0 && !strings.Contains(strings.ToUpper(name), "CONNECTION_ID()") {
				t.Errorf("%q: %v allocations", name, n)
			}
		}
	}
}
