package backend

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
	"github.com/mysqlda/mysqlda/test/harness/fakeserver"
	"github.com/mysqlda/mysqlda/test/harness/mysqld"
)

const uuid = "3e11fa47-71ca-11e1-9e33-c80aa9429562"

// mysqlServer plays the part of MySQL that facts and operations see. It understands
// the words of its version and refuses others.
type mysqlServer struct {
	mu        sync.Mutex
	variables map[string]string
	executed  string
	replica   map[string]string // columns of the replication status; nil: none
	client    bool              // a client is connected
	old       bool              // it knows only the words of before 8.0.22
	turnsAway bool              // its source does not have its place, and says so later
	did       []string          // what changed something
}

func newMySQL(version string) *mysqlServer {
	s := &mysqlServer{executed: uuid + ":1-5", client: true, old: strings.HasPrefix(version, "5."), variables: map[string]string{
		"version": version, "server_uuid": uuid, "server_id": "7", "read_only": "OFF", "super_read_only": "OFF",
		"log_bin": "ON", "gtid_mode": "ON",
	}}
	words := []string{"log_replica_updates", "rpl_semi_sync_source_enabled", "rpl_semi_sync_replica_enabled", "rpl_semi_sync_source_timeout", "rpl_semi_sync_source_wait_for_replica_count"}
	if s.old {
		words = []string{"log_slave_updates", "rpl_semi_sync_master_enabled", "rpl_semi_sync_slave_enabled", "rpl_semi_sync_master_timeout", "rpl_semi_sync_master_wait_for_slave_count"}
	}
	for i, value := range []string{"ON", "ON", "ON", "10000", "2"} {
		s.variables[words[i]] = value
	}
	return s
}

// word gives what a replica is called, and what a source is.
func (s *mysqlServer) word() (replica, source string) {
	if s.old {
		return "SLAVE", "MASTER"
	}
	return "REPLICA", "SOURCE"
}

// follow makes it a replica that has received more than it has executed.
func (s *mysqlServer) follow(address string) {
	host, port, _ := net.SplitHostPort(address) // of the test's own
	r, m := "Replica", "Source"
	if s.old {
		r, m = "Slave", "Master"
	}
	s.replica = map[string]string{
		m + "_Host": host, m + "_Port": port, m + "_UUID": strings.ToUpper(uuid), r + "_IO_Running": "Yes", r + "_SQL_Running": "Yes",
		"Last_IO_Error": "", "Last_SQL_Error": "", "Seconds_Behind_" + m: "3", "Retrieved_Gtid_Set": uuid + ":6-9",
		"Executed_Gtid_Set": s.executed, "Auto_Position": "1", "Channel_Name": "",
	}
}

func (s *mysqlServer) column(name, value string) {
	for _, prefix := range []string{"Slave", "Replica"} {
		if _, ok := s.replica[prefix+name]; ok {
			s.replica[prefix+name] = value
		}
	}
}

func (s *mysqlServer) answer(c *fakeserver.Conn, payload []byte) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	ok := [][]byte{fakeserver.OK{}.Payload(c.Capabilities())}
	table := func(columns []string, rows ...[]string) [][]byte {
		return fakeserver.Result(c.Capabilities(), columns, rows...)
	}
	statement := string(payload[1:])
	replica, source := s.word()
	begins := func(with string) bool { return strings.HasPrefix(statement, with) }
	switch {
	case begins("SELECT @@character_set_client"):
		return table([]string{"a", "b", "c", "d", "e"}, []string{"utf8mb4", "utf8mb4", "utf8mb4_general_ci", "NONE", "0"})
	case begins("SHOW GLOBAL VARIABLES"):
		var rows [][]string
		for name, value := range s.variables {
			rows = append(rows, []string{name, value})
		}
		return table([]string{"Variable_name", "Value"}, rows...)
	case begins("SHOW GLOBAL STATUS"):
		return table([]string{"Variable_name", "Value"}, []string{"Rpl_semi_sync_" + strings.ToLower(source) + "_status", "ON"})
	case begins("SELECT @@GLOBAL.gtid_executed"):
		return table([]string{"executed"}, []string{s.executed})
	case statement == "SHOW "+replica+" STATUS":
		var columns, row []string
		for column, value := range s.replica {
			columns, row = append(columns, column), append(row, value)
		}
		if s.replica == nil {
			return table([]string{"Channel_Name"})
		}
		if s.turnsAway && s.replica["Replica_IO_Running"] == "Yes" {
			s.replica["Replica_IO_Running"], s.replica["Last_IO_Error"] = "No", "Got fatal error 1236"
		}
		return table(columns, row)
	case begins("SELECT ID FROM information_schema.PROCESSLIST"):
		if s.client {
			return table([]string{"ID"}, []string{"99"})
		}
		return table([]string{"ID"})
	case begins("SELECT 1 FROM information_schema.INNODB_TRX"):
		return table([]string{"1"})
	case begins("SELECT WAIT_FOR_EXECUTED_GTID_SET"):
		s.executed = uuid + ":1-9"
		return table([]string{"0"}, []string{"0"})
	case begins("SET SESSION"):
		return ok
	}
	s.did = append(s.did, statement)
	switch {
	case begins("SET GLOBAL "):
		name, value, _ := strings.Cut(strings.TrimPrefix(statement, "SET GLOBAL "), " = ")
		if s.variables[name] == "" {
			return [][]byte{fakeserver.Err(codeUnknownVariable, "HY000", "Unknown system variable")}
		}
		s.variables[name] = value
		if name == "super_read_only" && value == "ON" {
			s.variables["read_only"] = value
		}
	case statement == "KILL 99":
		s.client = false
	case statement == "STOP "+replica:
		s.column("_IO_Running", "No")
		s.column("_SQL_Running", "No")
	case statement == "STOP "+replica+" IO_THREAD":
		s.column("_IO_Running", "No")
	case statement == "START "+replica:
		s.column("_IO_Running", "Yes")
		s.column("_SQL_Running", "Yes")
	case statement == "RESET "+replica+" ALL":
		s.replica = nil
	case begins("CHANGE REPLICATION SOURCE TO SOURCE_HOST = '10.0.0.1', SOURCE_PORT = 3306, ") && !s.old,
		begins("CHANGE MASTER TO MASTER_HOST = '10.0.0.1', MASTER_PORT = 3306, ") && s.old:
		s.follow("10.0.0.1:3306")
		s.column("_IO_Running", "No")
	default:
		return [][]byte{fakeserver.Err(1064, "42000", "You have an error in your SQL syntax near '"+statement+"'")}
	}
	return ok
}

// done returns what has changed something since the last call.
func (s *mysqlServer) done() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	did := s.did
	s.did = nil
	return did
}

// play starts the server, and a manager that watches it.
func (s *mysqlServer) play(t *testing.T) (*Manager, string) {
	t.Helper()
	greeting := fakeserver.MySQL8()
	greeting.Version = s.variables["version"]
	server := fakeserver.Start(t, fakeserver.Options{}, fakeserver.Script{
		fakeserver.Greet(greeting), fakeserver.ReadLogin(), fakeserver.CachingSHA2Fast(mysqld.Failover.Password),
		fakeserver.Serve(s.answer),
	})
	m := New(Config{})
	t.Cleanup(m.Close)
	settings := groupSettings()
	settings.Failover.ReplicationPassword = `a'b\c`
	m.Update(libraries([]string{server.Addr(), "127.0.0.1:1"}), settings)
	return m, server.Addr()
}

func TestMySQLIsObservedInItsOwnWords(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"8.4.3", "5.7.44-log"} {
		t.Run(version, func(t *testing.T) {
			s := newMySQL(version)
			s.follow("10.0.0.9:3307")
			m, address := s.play(t)
			o := m.Observe(t.Context(), []string{address}, 0)[0]
			if !o.Reachable || o.LastError != "" || o.Missing != "" {
				t.Fatalf("%+v", o)
			}
			f, source := o.Facts, o.Facts.Source
			f.Source = nil
			want := topology.Facts{
				Flavour: topology.MySQL, Version: version, ID: uuid, Feeds: true, Executed: uuid + ":1-5", History: uuid + ":1-5",
				SemiSync: topology.SemiSync{SourceEnabled: true, SourceActive: true, Timeout: 10 * time.Second, Acks: 2, ReplicaEnabled: true},
			}
			if f != want {
				t.Errorf("%+v, want %+v", f, want)
			}
			wantSource := topology.Source{
				Address: "10.0.0.9:3307", ID: strings.ToUpper(uuid), Receiving: true, Applying: true,
				Lag: 3 * time.Second, LagKnown: true, Received: uuid + ":1-9", UsesGTID: true,
			}
			if source == nil || *source != wantSource {
				t.Errorf("%+v, want %+v", source, wantSource)
			}
		})
	}
}

func TestMySQLIsOperatedInItsOwnWords(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"8.4.3", "5.7.44-log"} {
		t.Run(version, func(t *testing.T) {
			s := newMySQL(version)
			m, address := s.play(t)
			replica, source := s.word()
			semiSync := "SET GLOBAL rpl_semi_sync_" + strings.ToLower(source) + "_enabled = "
			change := "CHANGE REPLICATION SOURCE TO SOURCE_HOST = '10.0.0.1', SOURCE_PORT = 3306, SOURCE_USER = 'replicator'," +
				` SOURCE_PASSWORD = 'a''b\c', SOURCE_CONNECT_RETRY = 1, SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_RETRY_COUNT = 86400`
			if s.old {
				change = "CHANGE MASTER TO MASTER_HOST = '10.0.0.1', MASTER_PORT = 3306, MASTER_USER = 'replicator'," +
					` MASTER_PASSWORD = 'a''b\c', MASTER_CONNECT_RETRY = 1, MASTER_AUTO_POSITION = 1, MASTER_RETRY_COUNT = 86400`
			}
			for _, step := range []struct {
				op    topology.Operation
				first []string // what it does
				again []string // what it does when all is done
			}{
				{fenceWrites, []string{"KILL 99", "SET GLOBAL super_read_only = ON"}, nil},
				{
					topology.Operation{Kind: topology.Follow, Source: "10.0.0.1:3306"},
					[]string{semiSync + "OFF", change, "START " + replica},
					nil,
				},
				{topology.Operation{Kind: topology.CatchUp, Position: uuid + ":1-3"}, nil, nil},
				{seal, []string{"STOP " + replica + " IO_THREAD"}, nil},
				{
					promote,
					[]string{"STOP " + replica, "RESET " + replica + " ALL", semiSync + "ON", "SET GLOBAL super_read_only = OFF", "SET GLOBAL read_only = OFF"},
					nil,
				},
				{unfence, nil, nil},
			} {
				step.op.Server, step.op.Timeout = address, operationTimeout
				for i, want := range [][]string{step.first, step.again} {
					facts, err := m.Operate(t.Context(), step.op)
					if err != nil {
						t.Fatal(err)
					}
					did := s.done()
					if step.op.Kind == topology.Fence { // it does both at the same time
						slices.Sort(did)
					}
					if !slices.Equal(did, want) {
						t.Errorf("%s, time %d: %q, want %q", step.op.Kind, i+1, did, want)
					}
					if step.op.Kind == topology.Promote && (facts.Source != nil || facts.ReadOnly || facts.Executed != uuid+":1-9") {
						t.Errorf("%+v", facts)
					}
				}
			}
		})
	}
}

func TestFollowNoticesASourceThatTurnsItAway(t *testing.T) {
	t.Parallel()
	s := newMySQL("8.4.3")
	s.turnsAway = true
	m, address := s.play(t)
	op := topology.Operation{Kind: topology.Follow, Server: address, Source: "10.0.0.1:3306", Timeout: operationTimeout}
	if _, err := m.Operate(t.Context(), op); err == nil || !strings.Contains(err.Error(), "fatal error 1236") {
		t.Error(err)
	}
}

func TestErrorsHoldNoPassword(t *testing.T) {
	t.Parallel()
	s := newMySQL("8.4.3")
	m, address := s.play(t)
	op := topology.Operation{Kind: topology.Follow, Server: address, Source: "10.0.0.2:3306", Timeout: operationTimeout}
	_, err := m.Operate(t.Context(), op) // this address it does not understand, and quotes everything
	if err == nil || strings.Contains(err.Error(), `b\c`) || !strings.Contains(err.Error(), "change the source to 10.0.0.2:3306: error 1064") {
		t.Error(err)
	}
	for _, text := range []string{fmt.Sprint(m.Health()), fmt.Sprint(m.Observe(t.Context(), []string{address}, 0))} {
		if strings.Contains(text, `b\c`) {
			t.Error(text)
		}
	}
}
