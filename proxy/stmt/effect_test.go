package stmt

import "testing"

func TestEffectIsThatOfTheFirstWord(t *testing.T) {
	for sql, want := range map[string]Effect{
		"":                                     EffectOther,
		"select 1":                             EffectRead,
		" /* c */ -- d\n SELECT * from t":      EffectRead,
		"(select a from t) union select 1":     EffectRead,
		"with x as (select 1) select * from x": EffectRead,
		"show tables":                          EffectRead,
		"explain select 1":                     EffectRead,
		"do sleep(1)":                          EffectRead,
		"insert into t values (1)":             EffectWrite,
		"Update t set a = 1":                   EffectWrite,
		"delete from t":                        EffectWrite,
		"replace t values (1)":                 EffectWrite,
		"load data infile 'f' into table t":    EffectWrite,
		"create table t (a int)":               EffectDDL,
		"ALTER TABLE t add b int":              EffectDDL,
		"drop table t":                         EffectDDL,
		"truncate t":                           EffectDDL,
		"rename table t to u":                  EffectDDL,
		"begin":                                EffectTransaction,
		"start transaction read only":          EffectTransaction,
		"commit":                               EffectTransaction,
		"rollback to s":                        EffectTransaction,
		"savepoint s":                          EffectTransaction,
		"release savepoint s":                  EffectTransaction,
		"xa end 'x'":                           EffectTransaction,
		"start slave":                          EffectOther,
		"begin not atomic select 1; end":       EffectOther,
		"set autocommit = 1":                   EffectOther,
		"use d":                                EffectOther,
		"call p()":                             EffectOther,
		"kill 5":                               EffectOther,
		"select library a":                     EffectOther,
		"select 1; select 2":                   EffectRead,
		"insert into t values (1); select 2":   EffectOther,
		"begin; commit":                        EffectTransaction,
		"'insert'":                             EffectOther,
	} {
		if _, got := Syntax(0).Recognise([]byte(sql)); got != want {
			t.Errorf("%q: %v, want %v", sql, got, want)
		}
	}
}

func TestEffectsHaveWordsOfTheirOwn(t *testing.T) {
	seen := map[string]bool{}
	for e := range Effect(Effects) {
		if seen[e.String()] {
			t.Errorf("%v stands for two", e)
		}
		seen[e.String()] = true
	}
}
