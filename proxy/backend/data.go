package backend

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

const (
	// dataStatementSeconds is how long a server may work on a reading.
	dataStatementSeconds = 8
	// dataTimeout bounds one reading, the login included.
	dataTimeout = 10 * time.Second
	// dataRetryPart of the time between two readings passes after one that failed.
	dataRetryPart = 10
	// dataLifeIntervals is after how many such times without a reading the last one
	// counts no more.
	dataLifeIntervals = 6

	codeUnknownVariable = 1193
)

// dataSize asks how large a default database is. Views have no size.
const dataSize = "SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS UNSIGNED) FROM information_schema.tables WHERE table_schema = %s"

// dataState is what is known of the data at one server.
type dataState struct {
	server   *server
	database string

	// Guarded by Manager.mu.
	bytes        uint64    // of the last reading that worked, at least 1; 0: not known
	readAt       time.Time // when that was
	next         time.Time // when to read again
	failing      bool      // the last reading failed
	read, failed uint64    // readings
}

// DataStats is what this node has read of one library's data.
type DataStats struct {
	ID      fsm.LibraryID
	Library string // its name
	// Bytes are data and indexes of the default database at the active server; at
	// least 1, or 0 while that is not known.
	Bytes uint64
	// Readings of that server that worked and that failed.
	Read, Failed uint64
}

// Data describes what was read of the libraries' data, in their order. It has
// those only whose active server is being read: none, unless balancing goes by
// data.
func (m *Manager) Data() []DataStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []DataStats
	for _, l := range m.set.All() {
		if d := m.data[l.Active]; d != nil {
			all = append(all, DataStats{ID: l.ID, Library: l.Name, Bytes: d.bytes, Read: d.read, Failed: d.failed})
		}
	}
	return all
}

// readData reads the sizes of the libraries while the settings ask for it, one at
// a time, until the manager is closed. It uses connections of its own, outside of
// the pools, so that neither a session nor a probe waits for an answer that may
// take seconds.
func (m *Manager) readData() {
	timer := time.NewTimer(math.MaxInt64)
	defer timer.Stop()
	for {
		m.forgetData()
		d, wait := m.nextReading(time.Now())
		if d != nil {
			bytes, err := d.server.readData(m.ctx, d.database)
			if m.ctx.Err() != nil {
				return
			}
			m.noteReading(d, bytes, err)
			continue
		}
		timer.Reset(wait)
		select {
		case <-m.ctx.Done():
			return
		case <-m.measure:
		case <-timer.C:
		}
	}
}

// forgetData drops what is known of servers that are not read any more.
func (m *Manager) forgetData() {
	m.mu.Lock()
	wanted := make(map[string]bool)
	if m.database != "" {
		for _, l := range m.set.All() {
			wanted[l.Active] = true
		}
	}
	var gone []string
	for address, d := range m.data {
		if !wanted[address] || m.servers[address] != d.server || m.database != d.database {
			gone = append(gone, address)
			delete(m.data, address)
		}
	}
	m.mu.Unlock()
	for _, address := range gone {
		m.measured(address, 0)
	}
}

// nextReading returns what is to be read now, or how long to wait for it.
func (m *Manager) nextReading(now time.Time) (due *dataState, wait time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	wait = math.MaxInt64
	if m.database == "" || m.closed {
		return nil, wait
	}
	for _, l := range m.set.All() {
		if s := m.servers[l.Active]; s != nil && m.data[l.Active] == nil {
			m.data[l.Active] = &dataState{server: s, database: m.database, next: now}
		}
	}
	for _, d := range m.data {
		if left := d.next.Sub(now); left < wait {
			due, wait = d, left
		}
	}
	if wait > 0 {
		return nil, wait
	}
	return due, 0
}

// noteReading takes in what became of a reading.
func (m *Manager) noteReading(d *dataState, bytes uint64, err error) {
	address := d.server.address
	logger := m.cfg.Logger.With(zap.String("server", address))
	m.mu.Lock()
	now, known, wasFailing := time.Now(), d.bytes, d.failing
	d.failing = err != nil
	if err == nil {
		d.read++
		d.bytes, d.readAt = max(bytes, 1), now
		d.next = now.Add(jittered(m.cfg.DataInterval))
	} else {
		d.failed++
		d.next = now.Add(jittered(m.cfg.DataInterval / dataRetryPart))
		if now.Sub(d.readAt) > dataLifeIntervals*m.cfg.DataInterval {
			d.bytes = 0
		}
	}
	bytes = d.bytes
	m.mu.Unlock()

	switch {
	case err == nil:
		m.measured(address, bytes)
		if wasFailing {
			logger.Info("the size of the data can be read again", zap.Uint64("bytes", bytes))
		}
		return
	case !wasFailing:
		logger.Warn("the size of the data cannot be read", zap.Error(err))
	}
	if bytes != known {
		m.measured(address, 0)
	}
}

func (m *Manager) measured(address string, bytes uint64) {
	if m.cfg.Measured != nil {
		m.cfg.Measured(address, bytes)
	}
}

// readData reads the size of a database, over a connection that is closed
// afterwards.
func (s *server) readData(ctx context.Context, database string) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, dataTimeout)
	defer cancel()
	as, _ := s.pool.login()
	l, err := s.pool.target.dial(ctx, as, Profile{Collation: probeCollation, Database: database})
	if err != nil {
		return 0, err
	}
	defer l.quit()
	deadline, _ := ctx.Deadline()
	if err := l.raw.SetDeadline(deadline); err != nil {
		return 0, fmt.Errorf("server %s: %w", s.address, err)
	}
	stop := context.AfterFunc(ctx, func() { interrupt(l.raw) })
	defer stop()
	return l.dataSize(database)
}

func (l *link) dataSize(database string) (uint64, error) {
	// The server itself ends what takes too long: the first is MariaDB's variable,
	// the others are MySQL's, which would also answer from a cache of a day.
	for _, setting := range []string{
		fmt.Sprintf("max_statement_time = %d", dataStatementSeconds),
		fmt.Sprintf("max_execution_time = %d", dataStatementSeconds*1000),
		"information_schema_stats_expiry = 0",
	} {
		err := l.exchange(command{wire.ComQuery, "SET SESSION " + setting})
		var refused *RefusedError
		if err != nil && !(errors.As(err, &refused) && refused.Code == codeUnknownVariable) {
			return 0, err
		}
	}
	row, err := l.ask(fmt.Sprintf(dataSize, literal([]byte(database))), 1)
	if err != nil {
		var refused *wire.ServerError
		if errors.As(err, &refused) {
			return 0, refusal(l.server, refused)
		}
		return 0, fmt.Errorf("server %s: the size of its data: %w", l.server, err)
	}
	bytes, err := strconv.ParseUint(string(row[0]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("server %s: the size of its data: %w", l.server, err)
	}
	return bytes, nil
}
