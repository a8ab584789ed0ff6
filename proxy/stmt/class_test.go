package stmt

import "testing"

// startup is what clients were seen to send before anything else.
var startup = map[string]Class{
	"SET NAMES utf8mb4":                         ClassSet,
	"SET NAMES 'utf8mb4' COLLATE 'utf8mb4_bin'": ClassSet,
	"SET AUTOCOMMIT = 0":                        ClassSet,
	"set autocommit=1, session_track_schema=1, sql_mode = concat(@@sql_mode,',STRICT_TRANS_TABLES')":  ClassSet,
	"SET  @@SESSION.sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), @@SESSION.wait_timeout = 99": ClassSet,
	"SET character_set_results = NULL":                                          ClassSet,
	"SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED":                    ClassSet,
	"/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;":         ClassSet,
	"/*!50503 SET NAMES utf8mb4 */":                                             ClassSet,
	"SET SESSION sql_mode=(SELECT REPLACE(@@sql_mode,'ONLY_FULL_GROUP_BY',''))": ClassSet,
	"/* mysql-connector-j-8.0.33 (Revision: 7d6b0800528b6b25c68b52dc10d6c1c8429c100c) */SELECT  @@session.auto_increment_increment AS auto_increment_increment, @@character_set_client AS character_set_client, @@init_connect AS init_connect, @@license AS license": ClassHarmless,
	"select @@version_comment limit 1":                                              ClassHarmless,
	"SHOW VARIABLES LIKE 'sql_mode'":                                                ClassHarmless,
	"SHOW VARIABLES WHERE Variable_name ='language' OR Variable_name IN ('a', 'b')": ClassHarmless,
	"SHOW SESSION STATUS LIKE 'Ssl_cipher'":                                         ClassHarmless,
	"SELECT DATABASE()":                                                             ClassHarmless,
	"SELECT CONNECTION_ID()":                                                        ClassHarmless,
	"SELECT CAST('test plain returns' AS CHAR(60)) AS anon_1":                       ClassHarmless,
	"SELECT CAST('x' AS CHAR(60)) COLLATE utf8mb4_bin AS a":                         ClassHarmless,
	"SELECT @@transaction_isolation":                                                ClassHarmless,
	"SELECT @@max_allowed_packet,@@wait_timeout":                                    ClassHarmless,
	"select 1":            ClassHarmless,
	"/* ping */ SELECT 1": ClassHarmless,
	"select $$":           ClassHarmless,
	"SELECT TIMEDIFF(NOW(), UTC_TIMESTAMP())":                              ClassHarmless,
	"SELECT VERSION(), CONVERT_TZ('2001-01-01', 'UTC', 'UTC') IS NOT NULL": ClassHarmless,
	"SET NAMES utf8mb4;SELECT @@version;":                                  ClassSet | Multi,
	"SELECT CONNECTION_ID(), VERSION(); SELECT 1":                          ClassHarmless | Multi,
}

func TestStatementsThatDriversStartWith(t *testing.T) {
	classes(t, startup)
}

func classes(t *testing.T, table map[string]Class) {
	t.Helper()
	for sql, want := range table {
		if got := Classify([]byte(sql)); got != want {
			t.Errorf("Classify(%q) = %#x, want %#x", sql, uint16(got), uint16(want))
		}
	}
}

func TestWhatReadsOrChangesDataIsOther(t *testing.T) {
	classes(t, map[string]Class{
		"select 1 from t":                              ClassOther,
		"select 1 from dual, t":                        ClassOther,
		"select 1 from dual join t":                    ClassOther,
		"select (select a from t)":                     ClassOther,
		"select 1 into outfile '/tmp/x'":               ClassOther,
		"select 1 into @x":                             ClassOther | Pins,
		"select @x:=1":                                 ClassOther | Pins,
		"select f(1)":                                  ClassOther,
		"select f (1)":                                 ClassOther,
		"select db.version()":                          ClassOther,
		"select `version`()":                           ClassOther,
		"select get_lock('a', 1)":                      ClassOther | Pins,
		"select sleep(1)":                              ClassOther,
		"select last_insert_id()":                      ClassOther | LooksBack,
		"select next value for s":                      ClassOther | LooksAhead,
		"select 1 /*!99999 -- */ from t":               ClassOther,
		"/*!99999 */ select 1":                         ClassOther,
		"do release_lock('a')":                         ClassOther,
		"show tables":                                  ClassOther,
		"show master status":                           ClassOther,
		"show variables where f(1)":                    ClassOther,
		"show status where (select 1 from t)":          ClassOther,
		"show":                                         ClassOther,
		"insert into t values (1)":                     ClassOther,
		"with x as (select 1) select 1":                ClassOther,
		"create procedure p() begin select 1; end":     ClassOther,
		"begin not atomic select 1; end":               ClassOther | Pins,
		"'":                                            ClassOther,
		"select 1; insert into t values (1)":           ClassOther | Multi,
		"insert into t values (1); select 1":           ClassOther | Multi,
		"begin; commit":                                ClassOther | Multi,
		"select ';' from t;":                           ClassOther,
		"insert into t values (';'), (\"; x\") -- ; x": ClassOther,
	})
}

func TestSettingWhatIsNotTheSessionsIsOther(t *testing.T) {
	classes(t, map[string]Class{
		"SET GLOBAL x=1":         ClassOther,
		"SET a=1, global b=2":    ClassOther | Unrepeatable,
		"SET @@global.x=1":       ClassOther,
		"SET a=1, @@persist.b=2": ClassOther | Unrepeatable,
		"SET PERSIST_ONLY x=1":   ClassOther,
		"SET PASSWORD = 'x'":     ClassOther,
		"SET ROLE r":             ClassSet,
		"SET DEFAULT ROLE r":     ClassOther,
		"SET STATEMENT max_statement_time=1 FOR SELECT 1": ClassOther,
		"SET @a = (select max(id) from t)":                ClassOther | Pins,
		"SET @a = now()":                                  ClassOther | Pins,
		"SET @a = current_timestamp":                      ClassOther | Pins,
		"SET @a = rand()":                                 ClassOther | Pins,
		"SET @a = f(1)":                                   ClassOther | Pins,
		"SET":                                             ClassOther,
		"SET;":                                            ClassOther,
		"SET @@transaction_isolation = 'READ-COMMITTED'": ClassNextTransaction,
		"SET TRANSACTION READ ONLY":                      ClassNextTransaction,
		"set transaction isolation level serializable;":  ClassNextTransaction,
		"SET transaction_isolation = 'READ-COMMITTED'":   ClassSet,
		"SET @a := 5, @b = @a + 1":                       ClassSet,
		"SET @a = @@global.x":                            ClassSet,
		"SET `autocommit` = 0":                           ClassSet,
		"set character set utf8mb4":                      ClassSet,
		"set x = if(a, b, global)":                       ClassSet,
	})
}

func TestChangesOfTheSessionThatCannotBeRepeatedAreMarked(t *testing.T) {
	classes(t, map[string]Class{
		"SET time_zone = ?":                      ClassOther | Unrepeatable,
		"SET @a = ?":                             ClassOther | Pins,
		"SET sql_mode = (select m from t)":       ClassOther | Unrepeatable,
		"SET timestamp = unix_timestamp()":       ClassOther | Unrepeatable,
		"SET time_zone = 'UTC'; select 1 from t": ClassOther | Unrepeatable | Multi,
		"insert into t values (1); SET NAMES x":  ClassOther | Unrepeatable | Multi,
		"SET @a = 1; select @a from t":           ClassOther | Pins | Multi,
		"USE db; select 1 from t":                ClassOther | Unrepeatable | Multi,
		"USE db; USE db":                         ClassOther | Unrepeatable | Multi,
		"SET TRANSACTION READ ONLY; begin":       ClassOther | Unrepeatable | Multi,
		"select 1; SET NAMES utf8":               ClassSet | Multi,
	})
}

func TestWhatLivesInTheConnectionOnlyIsMarked(t *testing.T) {
	classes(t, map[string]Class{
		"lock tables t write":                       ClassOther | Pins,
		"create temporary table t (a int)":          ClassOther | Pins,
		"create or replace temporary table t":       ClassOther | Pins,
		"create table temporary (a int)":            ClassOther,
		"prepare p from 'select 1'":                 ClassOther | Pins,
		"handler t open":                            ClassOther | Pins,
		"flush tables with read lock":               ClassOther | Pins,
		"flush tables":                              ClassOther,
		"do get_lock('a', 1)":                       ClassOther | Pins,
		"select count(*) into /* x */ @n from t":    ClassOther | Pins,
		"select 1 into outfile '@'":                 ClassOther,
		"insert into t values (1); lock tables t":   ClassOther | Pins | Multi,
		"create definer=a@b procedure p() select 1": ClassOther,
	})
}

func TestTransactionsAndTargets(t *testing.T) {
	classes(t, map[string]Class{
		"":                                  ClassHarmless,
		" /* nothing */ ; -- x":             ClassHarmless,
		"do 1":                              ClassHarmless,
		"(select 1)":                        ClassHarmless,
		"select 1 from dual":                ClassHarmless,
		"show count(*) warnings":            ClassHarmless | LooksBack,
		"show character set like 'u%'":      ClassHarmless,
		"BEGIN":                             ClassBegin,
		"begin work;":                       ClassBegin,
		"start transaction read only":       ClassBegin,
		"start slave":                       ClassOther,
		"COMMIT":                            ClassEnd,
		"rollback work":                     ClassEnd,
		"commit and no chain no release":    ClassEnd,
		"commit and chain":                  ClassOther,
		"commit release":                    ClassOther,
		"rollback to savepoint a":           ClassOther,
		"USE db":                            ClassUse,
		"use `a b`;":                        ClassUse,
		"use":                               ClassOther,
		"use db x":                          ClassOther,
		"use `open":                         ClassOther,
		"KILL 5":                            ClassKill,
		"kill user calvin":                  ClassKill,
		"select 1; kill 5":                  ClassKill | Multi,
		"select 1 from t; kill 5; select 1": ClassKill | Multi,
	})
}

func TestUseGivesTheDatabase(t *testing.T) {
	for sql, want := range map[string]string{
		"use db": "db", "USE  `a``b` ;": "a`b", "/* c */ use 1db -- x": "1db",
		"/*!40000 use db */": "db",
		"use":                "", "use 'db'": "", "use db; select 1": "", "used db": "", "use `db": "", "": "",
	} {
		got, ok := Use([]byte(sql))
		if got != want || ok != (want != "") {
			t.Errorf("Use(%q) = %q, %v; want %q", sql, got, ok, want)
		}
	}
}

func TestKillGivesTheTarget(t *testing.T) {
	for sql, want := range map[string]KillTarget{
		"kill 5":                          {ID: 5},
		"KILL CONNECTION 5;":              {ID: 5},
		"kill query 18446744073709551615": {ID: 1<<64 - 1, Query: true},
		"kill hard query 7":               {ID: 7, Query: true},
		"kill soft 7":                     {ID: 7},
	} {
		if got, ok := Kill([]byte(sql)); !ok || got != want {
			t.Errorf("Kill(%q) = %v, %v; want %v", sql, got, ok, want)
		}
	}
	for _, sql := range []string{
		"", "kill", "kill x", "kill query id 5", "kill user root", "kill 5; kill 6", "kill 5 6",
		"kill 18446744073709551616", "kill -1", "kill @a", "kill 'a'", "killer 5",
	} {
		if got, ok := Kill([]byte(sql)); ok {
			t.Errorf("Kill(%q) = %v, want none", sql, got)
		}
	}
}
