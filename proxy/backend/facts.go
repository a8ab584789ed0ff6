package backend

import (
	"context"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/fsm/topology"
)

// state is what a server says of itself, and what operations at it need besides.
type state struct {
	topology.Facts
	words   words
	missing string // see topology.Observation
	replica replica
	// slavePos is MariaDB's gtid_slave_pos: from where it would go on as a replica.
	slavePos string
	// killTimeout is the value of varKillTimeout; "" where there is none.
	killTimeout string
}

// state asks a server for everything.
func (l *link) state(ctx context.Context) (state, error) {
	v, err := l.variables(ctx)
	if err != nil {
		return state{}, err
	}
	return l.stateOf(ctx, v)
}

// stateOf asks for what variables do not tell. Some of it may have to wait for
// others: a server keeps its replication status to itself while a replica stops.
func (l *link) stateOf(ctx context.Context, v variables) (state, error) {
	s := state{
		Facts: topology.Facts{
			Flavour: v.flavour(), Version: v["version"], ID: v.id(),
			ReadOnly: v.readOnly(), Feeds: v.feeds(), SemiSync: v.semiSync(),
		},
		words:       wordsOf(v),
		killTimeout: v[varKillTimeout],
	}
	if err := l.positions(ctx, &s); err != nil {
		return state{}, err
	}
	if s.SemiSync.SourceEnabled {
		answer, err := l.query(ctx, showNamed("GLOBAL STATUS", statusSourceActive))
		if err != nil {
			return state{}, err
		}
		s.SemiSync.SourceActive = variables(answer.pairs()).on(statusSourceActive...)
	}
	answer, err := l.query(ctx, s.words.status)
	var refused *RefusedError
	switch {
	case errors.As(err, &refused) && refused.lacksRight():
		s.missing = missingRight("what it replicates from cannot be seen", refused, s.words, l.user)
	case err != nil:
		return state{}, err
	default:
		s.replica = replicaOf(answer)
		s.Source = s.replica.source(s.Flavour, s.Executed, s.slavePos)
	}
	return s, nil
}

func (l *link) positions(ctx context.Context, s *state) error {
	var question string
	switch s.Flavour {
	case topology.MariaDB:
		question = "SELECT @@GLOBAL.gtid_current_pos AS executed, @@GLOBAL.gtid_binlog_state AS history, @@GLOBAL.gtid_slave_pos AS slave_pos"
	case topology.MySQL:
		question = "SELECT @@GLOBAL.gtid_executed AS executed"
	default:
		return nil
	}
	answer, err := l.query(ctx, question)
	if err != nil {
		return err
	}
	if len(answer.Rows) != 1 {
		return fmt.Errorf("server %s: %w: %d positions", l.server, errUnexpectedAnswer, len(answer.Rows))
	}
	s.Executed, s.History, s.slavePos = answer.value(0, "executed"), answer.value(0, "history"), answer.value(0, "slave_pos")
	if s.Flavour == topology.MySQL {
		s.History = s.Executed
	}
	return nil
}
