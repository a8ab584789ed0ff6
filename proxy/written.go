package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// written is what a session has to find again in a library wherever it reads.
type written struct {
	library fsm.LibraryID
	// unknown says that the session may have written since position was asked for.
	unknown bool
	// position holds everything that it had written until then, as the active server
	// tells it; "" for nothing.
	position string
	epoch    uint64 // the library's ActiveEpoch then
}

// written is what the session has written in its library. A session remembers that
// of every library where it was.
func (s *session) written() *written {
	if s.writes.library == s.library {
		return &s.writes
	}
	if s.writes.unknown || s.writes.position != "" {
		s.writtenBefore = append(s.writtenBefore, s.writes)
	}
	s.writes = written{library: s.library}
	if i := slices.IndexFunc(s.writtenBefore, func(w written) bool { return w.library == s.library }); i >= 0 {
		s.writes = s.writtenBefore[i]
		s.writtenBefore = slices.Delete(s.writtenBefore, i, i+1)
	}
	return &s.writes
}

// mayWrite tells whether data may change by a statement.
func (s *session) mayWrite(class stmt.Class, demands stmt.Demand) bool {
	switch class.Base() {
	case stmt.ClassHarmless, stmt.ClassSet, stmt.ClassNextTransaction, stmt.ClassUse, stmt.ClassBegin, stmt.ClassEnd:
		return false // what a COMMIT makes seen was noted when it was written
	default:
		return demands&(stmt.DemandsWriting|stmt.DemandsCalls) != 0
	}
}

// The questions by which servers tell of positions. MariaDB reads what stands
// behind M!, MySQL from 5.7 on what stands behind !50700. With GTIDs off both tell
// of no position.
const (
	askPosition   = "SELECT /*M! @@gtid_binlog_pos */ /*!50700 IF(@@GLOBAL.gtid_mode='ON',@@GLOBAL.gtid_executed,'') */"
	awaitPosition = "SELECT /*M! MASTER_GTID_WAIT('%[1]s', %[2]g) */ /*!50700 WAIT_FOR_EXECUTED_GTID_SET('%[1]s', %[2]g) */"
)

// Bounds of asking for a position and of waiting for it.
const (
	positionTimeout = 2 * time.Second
	catchUpTimeout  = time.Second
)

var (
	errNoPosition = errors.New("the active server tells of no position: its GTIDs are off")
	errBehind     = errors.New("the replica does not have yet what the session has written")
)

// position returns what a replica must have before the session reads from it, or
// "" for nothing. If the session may have written since it knew, it asks the active
// server, on its own connection or else on another.
func (s *session) position(ctx context.Context) (string, error) {
	w := s.written()
	library := s.server.cfg.Directory.Libraries().ByID(s.library)
	if library == nil {
		return "", errNoPosition
	}
	if w.position != "" && w.epoch != library.ActiveEpoch {
		// Another server may be active that has lost some of it: then no replica will
		// ever have it.
		w.unknown = true
	}
	if !w.unknown {
		return w.position, nil
	}
	text, err := s.askActive(ctx, askPosition)
	if err != nil {
		return "", err
	}
	position := strings.Join(strings.Fields(text), "")
	if position == "" || strings.Trim(position, positionBytes) != "" {
		return "", errNoPosition
	}
	*w = written{library: w.library, position: position, epoch: library.ActiveEpoch}
	return position, nil
}

// positionBytes are what positions consist of.
const positionBytes = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-:,"

// askActive asks the library's active server for one value.
func (s *session) askActive(ctx context.Context, sql string) (string, error) {
	if s.atActive() && s.fresh() && s.att.conn.Begin(false) <= backend.Moved {
		defer s.endTurn()
		s.att.check = time.Time{}
		text, err := askValue(ctx, s.att.conn, positionTimeout, sql)
		s.att.tainted = s.att.tainted || err != nil
		return text, err
	}
	conn, err := s.acquire(ctx)
	if err != nil {
		return "", err
	}
	text, err := askValue(ctx, conn, positionTimeout, sql)
	if err != nil {
		conn.Discard()
		return "", err
	}
	conn.ReleaseSettled()
	return text, nil
}

// atActive tells whether the session has a connection to the active server.
func (s *session) atActive() bool { return s.att.conn != nil && !s.att.replica }

// catchUp waits until a replica has executed everything up to a position.
func catchUp(ctx context.Context, conn *backend.Conn, position string) error {
	if position == "" {
		return nil
	}
	sql := fmt.Sprintf(awaitPosition, position, catchUpTimeout.Seconds())
	text, err := askValue(ctx, conn, catchUpTimeout+positionTimeout, sql)
	if err == nil && text != "0" {
		err = errBehind
	}
	return err
}

// askValue asks a server for one value, within a bound and as long as ctx lasts.
// After an error the connection is of no use.
func askValue(ctx context.Context, conn *backend.Conn, bound time.Duration, sql string) (string, error) {
	socket := conn.NetConn()
	if err := socket.SetDeadline(time.Now().Add(bound)); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() {
		if err := socket.SetDeadline(time.Unix(1, 0)); err != nil {
			_ = shutDown(socket) // then it is closed already
		}
	})
	text, err := readValue(socket, conn.Capabilities(), sql)
	if !stop() {
		return "", fmt.Errorf("waiting for server %s: %w", conn.Server(), context.Cause(ctx))
	}
	if err != nil {
		return "", err
	}
	return text, socket.SetDeadline(time.Time{})
}

func readValue(socket net.Conn, caps wire.Capability, sql string) (string, error) {
	if _, err := socket.Write(wire.AppendCommand(nil, caps, wire.ComQuery, sql)); err != nil {
		return "", err
	}
	row, err := wire.ReadRow(socket, caps, 1)
	if err != nil {
		return "", err
	}
	return string(row[0]), nil
}
