package proxy

import (
	"github.com/mysqlda/mysqlda/proxy/latency"
	"github.com/mysqlda/mysqlda/proxy/stmt"
)

// Activity is what the sessions of this node do and have done, at about one moment:
// they go on while it is read. What counts up begins with 0 when the process starts.
type Activity struct {
	Sessions  SessionCounts
	Libraries map[string]LibraryActivity // by name, all; "" is for sessions in none yet
}

// SessionCounts counts sessions. Login, Running, Idle and Parked add up to Open.
type SessionCounts struct {
	Open, Login, Running, Idle, Parked int
	// InTransaction is of those that wait for a command.
	InTransaction int
}

// LibraryActivity is what happened in one library through this node.
type LibraryActivity struct {
	Sessions   int               // that are there now
	Statements map[string]uint64 // by kind: read, write, ddl, transaction, other
	Errors     uint64            // with which servers answered
	Slow       uint64            // statements
	BytesIn    uint64            // passed on to servers
	BytesOut   uint64            // passed on to clients
	Latency    latency.Total     // of statements
}

// Activity reads what the sessions do and have done. It may be called from any
// goroutine, and costs some hundred nanoseconds a session.
func (server *Server) Activity() Activity {
	a := Activity{Libraries: make(map[string]LibraryActivity)}
	for _, library := range server.cfg.Directory.Libraries().All() {
		a.Libraries[library.Name] = libraryActivity(new(meterTotals), 0)
	}
	for library, m := range server.meters.all() {
		t := m.totals()
		a.Libraries[library] = libraryActivity(&t, m.countErrors())
	}
	for _, s := range server.appendSessions(nil) {
		a.Sessions.Open++
		switch s.doing() {
		case stateLogin:
			a.Sessions.Login++
		case stateRunning:
			a.Sessions.Running++
		case stateIdle:
			a.Sessions.Idle++
		case stateParked:
			a.Sessions.Parked++
		}
		info := s.describe()
		if info.InTransaction {
			a.Sessions.InTransaction++
		}
		library, known := a.Libraries[info.Library]
		if !known {
			library = libraryActivity(new(meterTotals), 0)
		}
		library.Sessions++
		a.Libraries[info.Library] = library
	}
	return a
}

func libraryActivity(t *meterTotals, errors uint64) LibraryActivity {
	kinds := make(map[string]uint64, len(t.statements))
	for effect, n := range t.statements {
		kinds[stmt.Effect(effect).String()] = n
	}
	return LibraryActivity{
		Statements: kinds, Errors: errors, Slow: t.slow,
		BytesIn: t.toServer, BytesOut: t.toClient, Latency: t.relay,
	}
}
