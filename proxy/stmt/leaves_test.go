package stmt

import "testing"

func TestWhatIsLeftInTheConnectionIsMarkedWhereverItStands(t *testing.T) {
	classes(t, map[string]Class{
		"select a from t where get_lock('x', 1)":                      ClassOther | Pins,
		"insert into t select GET_LOCK ('x', 1)":                      ClassOther | Pins,
		"insert into t values (get_lock/* c */ -- d\n('x',1))":        ClassOther | Pins,
		"update t set a = 'get_lock(', b=`get_lock`":                  ClassOther,
		"insert into t values ('it''s get_lock(', \"\\\"get_lock(\")": ClassOther,
		"insert into t (forget_lock) values (1)":                      ClassOther,
		"select forget_lock(1) from t":                                ClassOther,
		"select a from t -- get_lock(\n where b":                      ClassOther,
		"select a from t /* @x:=1 */":                                 ClassOther,
		"select a, @x := a from t":                                    ClassOther | Pins,
		"select a from t where (@x:=a) > 1":                           ClassOther | Pins,
		"update t set a=@x where b=@@y":                               ClassOther,
		"select a from t into @x, @y":                                 ClassOther | Pins,
		"select a from t into -- c\n /* d */ @`x`":                    ClassOther | Pins,
		"(select a from t) into @x":                                   ClassOther | Pins,
		"with x as (select 1) select * from x into @a":                ClassOther | Pins,
		"values (5) into @c":                                          ClassOther | Pins,
		"select a into outfile 'x' from t where b='@'":                ClassOther,
		"load data infile 'x' into table t (a, @v)":                   ClassOther | Pins,
		"load data infile 'x' into table t; update t set a=@v":        ClassOther | Multi,
		"load data infile '@' into table t":                           ClassOther,
		"release_lock":                                                ClassOther,
		"select release_all_locks()":                                  ClassOther,
		"call p()":                                                    ClassOther | Pins,
		"call p(@x)":                                                  ClassOther | Pins,
		"execute p using @a":                                          ClassOther | Pins,
		"execute immediate 'select 1'":                                ClassOther | Pins,
		"prepare p from @x":                                           ClassOther | Pins,
		"deallocate prepare p":                                        ClassOther,
		"unlock tables":                                               ClassOther,
		"lock instance for backup":                                    ClassOther | Pins,
		"handler t read first":                                        ClassOther | Pins,
		"flush local tables t with read lock":                         ClassOther | Pins,
		"flush tables t, u for export":                                ClassOther | Pins,
		"flush tables t":                                              ClassOther,
		"flush tables `lock`":                                         ClassOther,
		"flush privileges; flush tables with read lock":               ClassOther | Pins | Multi,
		"backup stage start":                                          ClassOther | Pins,
		"backup lock t":                                               ClassOther | Pins,
		"backup unlock":                                               ClassOther,
		"xa start 'x'":                                                ClassOther | Pins,
		"xa prepare 'x'":                                              ClassOther | Pins,
		"xa commit 'x'":                                               ClassOther,
		"xa recover":                                                  ClassOther,
		"binlog 'x'":                                                  ClassOther | Pins,
		"create temporary sequence s":                                 ClassOther | Pins,
		"create table t select get_lock('a', 1)":                      ClassOther | Pins,
		"drop temporary table t":                                      ClassOther,
		"install plugin p soname 'x'":                                 ClassOther,
		"analyze select get_lock('a', 1) from t":                      ClassOther | Pins,
		"begin not atomic set @x=1; end":                              ClassOther | Pins,
		"if 1 then select 1; end if":                                  ClassOther | Pins,
		"for i in 1..2 do select i; end for":                          ClassOther | Pins,
		"l: loop leave l; end loop":                                   ClassOther | Pins,
		"declare x int; begin null; end":                              ClassOther | Pins,
		"select /*! get_lock( */ 1 from t":                            ClassOther | Pins,
		"select 1 from t where a = 'x\\'; get_lock('":                 ClassOther,
		"insert into t values (1); select @a := 1":                    ClassOther | Pins | Multi,
		"shutdown": ClassOther,
	})
}

func TestWhatDependsOnTheStatementBeforeIsMarked(t *testing.T) {
	classes(t, map[string]Class{
		"select found_rows()":                                   ClassOther | LooksBack,
		"SELECT FOUND_ROWS ( )":                                 ClassOther | LooksBack,
		"select row_count()":                                    ClassOther | LooksBack,
		"insert into t values (LAST_INSERT_ID ( ), 1)":          ClassOther | LooksBack,
		"insert into t values (last_insert_id(/* x */))":        ClassOther | LooksBack,
		"update t set a = last_insert_id(a+1)":                  ClassOther | LooksAhead,
		"select last_insert_id(5)":                              ClassOther | LooksAhead,
		"select a from t where b = last_insert_id( (1) )":       ClassOther | LooksAhead,
		"select lastval(s)":                                     ClassOther | LooksBack,
		"insert into t select lastval(s), nextval(s)":           ClassOther | LooksBack | LooksAhead,
		"select nextval(s)":                                     ClassOther | LooksAhead,
		"insert into t values (NEXT VALUE FOR s)":               ClassOther | LooksAhead,
		"insert into t values (next/**/value/**/for s)":         ClassOther | LooksAhead,
		"insert into t values (previous value for s)":           ClassOther | LooksBack,
		"select previous value for s":                           ClassOther | LooksBack,
		"select value for from t":                               ClassOther,
		"insert into t select nextvalue for update":             ClassOther,
		"(set names utf8)":                                      ClassOther,
		"(values (nextval(s)))":                                 ClassOther | LooksAhead,
		"insert into next values (1)":                           ClassOther,
		"select a from t where value = 1 for update":            ClassOther,
		"select sql_calc_found_rows a from t":                   ClassOther | LooksAhead,
		"(select SQL_CALC_FOUND_ROWS a from t)":                 ClassOther | LooksAhead,
		"with x as (select 1) select sql_calc_found_rows 1":     ClassOther | LooksAhead,
		"select * from (select sql_calc_found_rows 1) x":        ClassOther | LooksAhead,
		"select sql_cache a from t":                             ClassOther,
		"show warnings limit 1":                                 ClassHarmless | LooksBack,
		"show errors":                                           ClassHarmless | LooksBack,
		"show count(*) errors":                                  ClassHarmless | LooksBack,
		"show profile for query 1":                              ClassOther | LooksBack,
		"get diagnostics @n = number":                           ClassOther | LooksBack | Pins,
		"get current diagnostics condition 1 @p = message_text": ClassOther | LooksBack | Pins,
		"select @@warning_count":                                ClassHarmless | LooksBack,
		"select @@session.error_count, @@identity":              ClassHarmless | LooksBack,
		"insert into t values (@@last_insert_id)":               ClassOther | LooksBack,
		"insert into t values (@@`identity`)":                   ClassOther | LooksBack,
		"select @@wait_timeout":                                 ClassHarmless,
		"show warnings; select 1 from t":                        ClassOther | LooksBack | Multi,
	})
}

func TestHiddenKillIsFound(t *testing.T) {
	classes(t, map[string]Class{
		"prepare p from 'kill 5'":                          ClassKill,
		"execute immediate ' /* c */ Kill query 5'":        ClassKill,
		"execute immediate 'select ''kill'''":              ClassOther | Pins,
		"loop kill 5; end loop":                            ClassKill,
		"execute immediate '":                              ClassOther | Pins,
		"begin not atomic kill 5; end":                     ClassKill,
		"begin not atomic select 1; kill 5; end":           ClassKill,
		"if 1 then kill 5; end if":                         ClassKill,
		"l: begin not atomic kill 5; end":                  ClassKill,
		"begin not atomic select kill from t; end":         ClassOther | Pins,
		"create procedure p() begin kill 5; end":           ClassOther,
		"set statement a=1 for execute immediate 'kill 5'": ClassKill,
	})
}

func TestRunningStatementsAndRoutinesAreOneStatement(t *testing.T) {
	for sql, want := range map[string]Class{
		"create function f() returns int begin set @a=1; return 1; end": ClassOther,
		"create or replace definer=`a`@`b` package body p as x; end":    ClassOther,
		"create event e on schedule every 1 day do begin a; b; end":     ClassOther,
		"create table t (a int); select 1 from t":                       ClassOther | Multi,
		"begin; select 1 from t":                                        ClassOther | Multi,
		"begin work; select 1 from t":                                   ClassOther | Multi,
		"select 1 from t; # nothing":                                    ClassOther,
		"select 1 from t;; ;":                                           ClassOther,
		"select 1 from t; /* c */ ; select 2 from t":                    ClassOther | Multi,
		"select 1 from t where a='--'; select 2 from t":                 ClassOther | Multi,
		"select 1 from t where a--1; select 2 from t":                   ClassOther | Multi,
		"select 1 from t --; select 2 from t":                           ClassOther | Multi,
		"select 1 from t -- ; select 2 from t":                          ClassOther,
		"select 1 from t # ; select 2 from t":                           ClassOther,
		"select 1 from t /*!50000 ; */ select 2 from t":                 ClassOther | Multi,
		"select 1 from t /*M! ; */ select 2 from t":                     ClassOther | Multi,
		"select 1 from t /*m! ; */":                                     ClassOther,
		"select 1 from t /*!50000 /* ; */ */":                           ClassOther,
		"select 1 from t /* ; /* */ ; select 2 from t":                  ClassOther | Multi,
	} {
		if got := Classify([]byte(sql)); got != want {
			t.Errorf("Classify(%q) = %#x, want %#x", sql, uint16(got), uint16(want))
		}
	}
}

func TestExtensionsHaveAClass(t *testing.T) {
	classes(t, map[string]Class{
		"select library x":                ClassExtension,
		" set correl_object a b c;":       ClassExtension,
		"select library x; kill 5":        ClassExtension | Multi,
		"kill 5; show mysqlda":            ClassExtension | Multi,
		"select library from t":           ClassOther,
		"/*! select library x */":         ClassOther,
		"/*! select library x */; commit": ClassExtension | Multi,
	})
}

func TestConnectionIDIsRecognised(t *testing.T) {
	// The names are those that MariaDB 10.11 was seen to give.
	for sql, want := range map[string]string{
		"SELECT CONNECTION_ID()":                      "CONNECTION_ID()",
		"select  connection_id (  ) ; ":               "connection_id (  )",
		"/* a */ select/* x */connection_id()/* y */": "connection_id()",
		"select connection_id() # x":                  "connection_id()",
		"select connection_id() /* b */ as x /* c */": "x",
		"select connection_id()as x":                  "x",
		"select connection_id()x;":                    "x",
		"select connection_id() _x":                   "_x",
		"select connection_id() as `x y`":             "x y",
		"select connection_id() 'z'":                  "z",
		"select connection_id() as 'a''b'":            "a'b",
		`select connection_id() as "q""q"`:            `q"q`,
	} {
		if got, ok := Syntax(0).ConnectionID([]byte(sql)); !ok || got != want {
			t.Errorf("ConnectionID(%q) = %q, %v; want %q", sql, got, ok, want)
		}
		if class := Classify([]byte(sql)); class != ClassHarmless {
			t.Errorf("Classify(%q) = %#x", sql, uint16(class))
		}
	}
	for _, sql := range []string{
		"", "select", "select connection_id", "select connection_id(", "select connection_id(1)",
		"select connection_id(), 1", "select connection_id()+1", "select (connection_id())",
		"select connection_id() limit 1", "select connection_id() from dual", "select connection_id() from t",
		"select connection_id(/* x */)", "select connection_id/* x */()", "select /*! connection_id() */",
		"select connection_id(); select 1", "select connection_id() as ''", "select connection_id() as ' q'",
		"select connection_id() as 'q '", "select connection_id() as 'a' 'b'", "select connection_id() x.y",
		"select connection_id() as 5", "select connection_id() as 'open", "select `connection_id`()",
		"select db.connection_id()", "select connection_id() as", "select all connection_id()",
		"select connection_id() for update", "select connection_id() union select 1", "do connection_id()",
	} {
		if got, ok := Syntax(0).ConnectionID([]byte(sql)); ok {
			t.Errorf("ConnectionID(%q) = %q, want none", sql, got)
		}
	}
}
