package stmt

import "testing"

func TestDemands(t *testing.T) {
	const (
		writing, calls         = DemandsWriting, DemandsCalls
		locks, writable        = DemandsLocks, DemandsWritable
		reads           Demand = 0
	)
	for sql, want := range map[string]Demand{
		"":                                    reads,
		" ; ; -- c":                           reads,
		"select 1":                            reads,
		"SELECT c FROM sbtest1 WHERE id=5012": reads,
		"select count(*), max(a), now() from t where a in (1, 2) group by b having sum(c) > 1": reads,
		"(select a from t) union all (select b from t order by 1) limit 5":                     reads,
		"with x as (select 1), y as (select 2) select * from x join (select 3) z using (a)":    reads,
		"select rank() over (partition by a order by b) from t":                                reads,
		"show tables":                          reads,
		"desc t":                               reads,
		"explain update t set a=1":             reads,
		"values (1), (2)":                      reads,
		"select 'for update; x('":              reads,
		"select `for`, a from t":               reads,
		"select 1 /* for update */":            reads,
		"select 1; select 2":                   reads,
		"select if(a, 'read', 'write') from t": reads,
		"select @@tx_read_only":                reads,
		"select last_insert_id()":              reads,

		"insert into t values (1)":   writing,
		"update t set a=1":           writing,
		"select 1; update t set a=1": writing,
		"commit":                     writing,
		"create table t (a int)":     writing | calls,
		"begin":                      writing,
		"'select'":                   writing,
		"call p()":                   writing | calls,
		"set statement max_statement_time=1 for select 1":   writing,
		"with x as (select 1) update t, x set t.a=1":        writing,
		"WITH x AS (SELECT 1) DELETE FROM t USING t JOIN x": writing,
		"/*!99999 insert into t */ select 1":                writing,
		"analyze select 1":                                  writing,

		"select f(1)":                     calls,
		"select `max`(1)":                 calls,
		"select db.max(1)":                calls,
		"select a from t where f (b) = 1": calls,
		"select next value for s":         calls,
		"select nextval(s)":               calls,
		"do f()":                          calls,

		"select a from t for update":                      locks,
		"select a from t For /* c */ Update nowait":       locks,
		"select a from t for share":                       locks,
		"select a from t lock in share mode":              locks,
		"select 1; select a from t for update":            locks,
		"with x as (select 1) select * from x for update": locks,
		"select get_lock('a', 1)":                         locks | calls,
		"select GET_LOCK ('a', 1)":                        locks | calls,
		"lock tables t read":                              writing | locks,
		"flush tables with read lock":                     writing | locks,

		"start transaction read write":                           writing | writable,
		"start transaction with consistent snapshot, READ WRITE": writing | writable,
		"set transaction read write":                             writing | writable,
		"set @@tx_read_only = 0":                                 writing | writable,
		"set session transaction_read_only=off":                  writing | writable,
		"set statement tx_read_only=0 for update t set a=1":      writing | writable | locks,
		"start transaction read only":                            writing,
		"set transaction isolation level repeatable read":        writing,
	} {
		if got := Syntax(0).Demands([]byte(sql)); got != want {
			t.Errorf("Demands(%q) = %#b, want %#b", sql, got, want)
		}
	}
}

// Where a quote ends depends on the session.
func TestDemandsFollowTheSyntax(t *testing.T) {
	sql := []byte(`select 'a\' for update from t -- '`)
	if got := Syntax(0).Demands(sql); got != 0 {
		t.Errorf("with escapes: %#b", got)
	}
	if got := NoBackslashEscapes.Demands(sql); got != DemandsLocks {
		t.Errorf("without: %#b", got)
	}
}

func FuzzDemands(f *testing.F) {
	seed(f)
	for _, sql := range []string{"select a from t for update", "with x as (select f(1)) delete from t", "set statement a=1 for select 1"} {
		f.Add([]byte(sql), uint8(0))
	}
	f.Fuzz(func(t *testing.T, sql []byte, b uint8) {
		x := syntaxOf(b)
		d := x.Demands(sql)
		if class := x.Classify(sql).Base(); class == ClassHarmless && d&^DemandsCalls != 0 || class == ClassBegin && d&DemandsWriting == 0 {
			t.Fatalf("%#b of class %#x", d, class)
		}
		for _, blank := range []string{" ", " /* c; ' */ ", " -- it's\n ", "\t#;\"\r\n\n"} {
			spaced := withBlanks(x, sql, blank)
			if got := x.Demands(spaced); got != d {
				t.Fatalf("%#b of %q, but %#b of %q", d, sql, got, spaced)
			}
		}
	})
}
