package topology

import "time"

// Flavour is the family of a server: they replicate in different words.
type Flavour uint8

// The families.
const (
	UnknownFlavour Flavour = iota
	MariaDB
	MySQL
)

// String returns the family's name.
func (f Flavour) String() string {
	switch f {
	case MariaDB:
		return "MariaDB"
	case MySQL:
		return "MySQL"
	default:
		return "unknown"
	}
}

// Facts are what a server has said of itself. The zero value says nothing.
type Facts struct {
	Flavour Flavour
	Version string
	// ID names the server in its replication streams: MariaDB's server_id in
	// decimal, MySQL's server_uuid.
	ID string
	// ReadOnly says that read_only or super_read_only is on.
	ReadOnly bool
	// Feeds says that others can replicate from it all that it has: it writes a
	// binary log, of what it has received too, and knows GTIDs.
	Feeds bool
	// Executed is the position up to which it has executed everything:
	// gtid_current_pos of MariaDB, gtid_executed of MySQL.
	Executed string
	// History is everything that its binary log has ever held:
	// gtid_binlog_state of MariaDB, gtid_executed of MySQL.
	History string
	// SemiSync is what is set up so that an acknowledged write is on two servers.
	SemiSync SemiSync
	// Source is the server that it replicates from; nil for none.
	Source *Source
}

// Resemble tells whether facts are the same but for positions, and for less than a
// second of lag.
func (f Facts) Resemble(other Facts) bool {
	return f.withoutPositions() == other.withoutPositions() && f.source() == other.source()
}

func (f Facts) withoutPositions() Facts {
	f.Executed, f.History, f.Source = "", "", nil
	return f
}

// source is the zero value for none.
func (f Facts) source() Source {
	if f.Source == nil {
		return Source{}
	}
	s := *f.Source
	s.Received, s.Lag = "", s.Lag.Truncate(time.Second)
	return s
}

// SemiSync is a server's part in semi-synchronous replication.
type SemiSync struct {
	SourceEnabled bool // as a source it waits for acknowledgements
	SourceActive  bool // it does now: it has not fallen back for lack of replicas
	// Timeout is after how long without an acknowledgement it stops waiting.
	Timeout time.Duration
	// Acks is how many replicas have to acknowledge; 1 on MariaDB.
	Acks           int
	ReplicaEnabled bool // as a replica it acknowledges
}

// Source is a replica's view of the server that it replicates from.
type Source struct {
	Address   string // host:port, as the replica was told
	ID        string // as Facts.ID; "" until it was connected once
	Receiving bool   // connected and told nothing is wrong
	Applying  bool   // executing what it receives
	// Lag is how far its data is behind the source's; meaningful if LagKnown.
	Lag      time.Duration
	LagKnown bool
	// Received is the position up to which it has received everything, which it
	// may not have executed yet.
	Received  string
	UsesGTID  bool   // it finds its place by GTID, so that it can follow another source
	LastError string // why it is not receiving or applying
}

// Observation is what one node sees of one server at one moment.
type Observation struct {
	Address string
	// Age is how long ago it looked. The observer measures it on its own clock.
	Age time.Duration
	// Known is false when it has never looked.
	Known bool
	// Reachable says that the server answered a login and a query, or that it takes
	// no more connections; LastError why not, or why it could not be asked for all
	// of the Facts.
	Reachable bool
	LastError string
	// Facts are the last ones that came whole: old ones if there is a LastError.
	Facts Facts
	// Missing is what the account lacks by which servers are watched, and what to
	// do about that; "" for nothing. What it may not see is missing in Facts.
	Missing string
}
