package proxy

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/proxy/stmt"
)

// defaultLag is how far a replica may be behind where nobody says.
const defaultLag = 10 * time.Second

// maxLagSeconds bounds what a client may say.
const maxLagSeconds = 86400

// where says which server of the library a command is for.
type where uint8

const (
	// wherever the session is; without a backend connection, where it reads.
	wherever where = iota
	// atActive is the active server.
	atActive
	// atReplica is a replica, or the active server while none will do.
	atReplica
)

// aim is where a command is to be executed.
type aim struct {
	where where
	// lag is how far behind a replica may be; 0: however far, as long as it has what
	// the session itself has written.
	lag time.Duration
	// hinted says that this is said of one statement, and not of the session.
	hinted bool
}

func (a aim) String() string {
	switch {
	case a.where != atReplica:
		return "active"
	case a.lag == 0:
		return "replica"
	default:
		return "replica " + strconv.FormatFloat(a.lag.Seconds(), 'f', -1, 64)
	}
}

// parseAim reads what a client says about where to read: replica or active, and for
// a replica the lag. An empty lag is the default.
func parseAim(read, lag string, hasLag bool) (aim, error) {
	switch {
	case strings.EqualFold(read, "active") && !hasLag:
		return aim{where: atActive}, nil
	case strings.EqualFold(read, "active"):
		return aim{}, fmt.Errorf("the active server is never behind, so %q says nothing", lag)
	case !strings.EqualFold(read, "replica"):
		return aim{}, fmt.Errorf("%q is neither replica nor active", read)
	case !hasLag:
		return aim{where: atReplica, lag: defaultLag}, nil
	}
	seconds, err := strconv.ParseFloat(lag, 64)
	if err != nil || strings.Trim(lag, "0123456789.") != "" || seconds > maxLagSeconds {
		return aim{}, fmt.Errorf("%q is no number of seconds up to %d", lag, maxLagSeconds)
	}
	return aim{where: atReplica, lag: time.Duration(seconds * float64(time.Second))}, nil
}

// hintedAim is where a hint asks to execute its statement: wherever if it does not
// say.
func hintedAim(h stmt.Hints) (aim, error) {
	if h.Read == nil && h.Lag == nil {
		return aim{}, nil
	}
	to, err := parseAim(string(h.Read), string(h.Lag), h.Lag != nil)
	if err != nil {
		return aim{}, kindBadRead.with(err)
	}
	to.hinted = true
	return to, nil
}

// setMysqlda executes SET MYSQLDA.
func (s *session) setMysqlda(ctx context.Context, args []string) error {
	if len(args) < 2 || len(args) > 3 || !strings.EqualFold(args[0], "read") {
		return kindBadRead.with(fmt.Errorf("%q", strings.Join(args, " ")))
	}
	lag := ""
	if len(args) == 3 {
		lag = args[2]
	}
	to, err := parseAim(args[1], lag, len(args) == 3)
	if err != nil {
		return kindBadRead.with(err)
	}
	return s.setReads(ctx, to)
}

// setReads changes where the session reads. What it has made on a server, as a
// temporary table, ends there, as when it selects another library.
func (s *session) setReads(ctx context.Context, to aim) error {
	switch {
	case to == s.reads:
		return nil
	case s.inTransaction():
		return kindReadInTransaction.with(s.reads, to)
	case s.state.unrepeatable:
		return kindStateTooLarge.with(maxSettings, maxSettingBytes)
	}
	if to.where == atReplica && s.library != 0 && s.atActive() && s.written().unknown {
		// While there is a connection to ask on. If that fails, it is asked again.
		if _, err := s.position(ctx); err != nil {
			s.server.log.Debug("asking for the position of the active server", s.fields(err)...)
		}
	}
	s.move()
	s.reads = to
	s.publish()
	return nil
}

// aimed says where a statement is to be executed and whether data may change by
// it. to is what its hint asks for, class and demands what its text tells. The
// error says that it cannot be executed there; so it is told apart from whether a
// replica is at hand.
func (s *session) aimed(to aim, class stmt.Class, demands stmt.Demand) (aim, bool, error) {
	writes := s.mayWrite(class, demands)
	if to.hinted && follows(class) {
		to = aim{}
	}
	if to.where == wherever {
		to = s.reads
	}
	base := class.Base()
	switch {
	case base == stmt.ClassHarmless && class&stmt.LooksBack != 0: // as SHOW WARNINGS
		return aim{}, writes, nil
	case to.where == atReplica && demands&stmt.DemandsLocks != 0:
		return to, writes, kindNotAtReplica.with("What takes locks")
	case to.where == atReplica && demands&stmt.DemandsWritable != 0 && base != stmt.ClassSet:
		return to, writes, kindNotAtReplica.with("A transaction that may write")
	case !to.hinted:
		return to, writes, nil
	case to.where == atReplica && demands&stmt.DemandsWriting != 0 && base != stmt.ClassBegin:
		return to, writes, kindNotAtReplica.with("What does not only read")
	case to.where != s.reads.where && class&(stmt.Pins|stmt.Unrepeatable|stmt.LooksAhead) != 0:
		return to, writes, kindHintPins.with()
	case to.where == atActive && s.att.conn != nil && s.att.replica && s.anchor() == anchorTransaction:
		return to, writes, kindReadInTransaction.with("replica", to)
	case to.where == atActive && s.att.conn != nil && s.att.replica && s.anchor() == anchorMade:
		return to, writes, kindMadeAtReplica.with()
	}
	return to, writes, nil
}

// follows tells whether a hint means nothing for a statement of that class, which
// is about the session and not about data.
func follows(class stmt.Class) bool {
	switch class.Base() {
	case stmt.ClassSet, stmt.ClassNextTransaction, stmt.ClassUse, stmt.ClassEnd:
		return true
	default:
		return false
	}
}

// unknownDemands are those of a text that is not at hand as a whole.
const unknownDemands = stmt.DemandsWriting | stmt.DemandsCalls

// demandsOf says what a text demands of a server, as far as that makes a
// difference: where it is for a replica, and once there is something to be told of
// a session that has not written yet.
func (s *session) demandsOf(to aim, class stmt.Class, syntax stmt.Syntax, sql []byte) stmt.Demand {
	switch {
	case to.where == atReplica, s.reads.where == atReplica:
		return syntax.Demands(sql)
	case class.Base() != stmt.ClassOther, s.written().unknown:
		return unknownDemands
	}
	if library := s.server.cfg.Directory.Libraries().ByID(s.library); library == nil || len(library.Servers) < 2 {
		return unknownDemands // there is nothing to read from instead
	}
	return syntax.Demands(sql)
}
