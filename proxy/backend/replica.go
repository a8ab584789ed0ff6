package backend

import (
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm/topology"
)

// replica is a server's replication status, which it has if it was told to follow
// another. Of several connections to sources it is the one without a name, else the
// first.
type replica struct {
	configured bool
	others     int    // connections to other sources besides
	channel    string // the connection's name; "" is usual

	address              string
	sourceID             string
	receiver, applier    string // Yes, No, Connecting, ...
	receiveErr, applyErr string
	lag                  string // seconds; "" while unknown
	received             string
	usesGTID             bool
	// appliedAll says that what was received last, by file and position, was executed.
	appliedAll bool
}

const threadRuns = "Yes"

// replicaOf reads the answer to SHOW ALL SLAVES STATUS, SHOW SLAVE STATUS or SHOW
// REPLICA STATUS.
func replicaOf(t table) replica {
	var r replica
	for row := range t.Rows {
		host := t.value(row, "Master_Host", "Source_Host")
		if host == "" {
			continue // it was told to forget its source
		}
		channel := t.value(row, "Connection_name", "Channel_Name")
		if r.configured && (r.channel == "" || channel != "") {
			r.others++
			continue
		}
		others := r.others
		if r.configured {
			others++
		}
		r = replica{
			configured: true, others: others, channel: channel,
			address:    net.JoinHostPort(host, t.value(row, "Master_Port", "Source_Port")),
			sourceID:   sourceID(t, row),
			receiver:   t.value(row, "Slave_IO_Running", "Replica_IO_Running"),
			applier:    t.value(row, "Slave_SQL_Running", "Replica_SQL_Running"),
			receiveErr: t.value(row, "Last_IO_Error"),
			applyErr:   t.value(row, "Last_SQL_Error"),
			lag:        t.value(row, "Seconds_Behind_Master", "Seconds_Behind_Source"),
			received:   t.value(row, "Gtid_IO_Pos", "Retrieved_Gtid_Set"),
			usesGTID:   usesGTID(t, row),
			appliedAll: t.value(row, "Master_Log_File", "Source_Log_File") == t.value(row, "Relay_Master_Log_File", "Relay_Source_Log_File") &&
				t.value(row, "Read_Master_Log_Pos", "Read_Source_Log_Pos") == t.value(row, "Exec_Master_Log_Pos", "Exec_Source_Log_Pos"),
		}
	}
	return r
}

// sourceID is MySQL's server_uuid or else the server_id, "" before it is known.
func sourceID(t table, row int) string {
	if uuid, ok := t.known(row, "Master_UUID", "Source_UUID"); ok {
		return uuid
	}
	if id := t.value(row, "Master_Server_Id", "Source_Server_Id"); id != "0" {
		return id
	}
	return ""
}

func usesGTID(t table, row int) bool {
	if using, ok := t.known(row, "Using_Gtid"); ok {
		return !strings.EqualFold(using, "No")
	}
	return t.value(row, "Auto_Position") == "1"
}

func (r *replica) receives() bool { return r.receiver == threadRuns }
func (r *replica) applies() bool  { return r.applier == threadRuns }

// trouble is what keeps it from receiving or applying, in the server's words.
func (r *replica) trouble() string {
	var all []string
	if r.receiveErr != "" {
		all = append(all, "it does not receive: "+r.receiveErr)
	}
	if r.applyErr != "" {
		all = append(all, "it does not apply: "+r.applyErr)
	}
	if r.others > 0 {
		all = append(all, "it replicates from "+strconv.Itoa(r.others+1)+" servers, of which only one is looked at")
	}
	return strings.Join(all, "; ")
}

// source describes the server that it follows; nil for none. It has received what
// it has executed as well: after a restart a server knows no more than that.
func (r *replica) source(f topology.Flavour, executed, slavePos string) *topology.Source {
	if !r.configured {
		return nil
	}
	has := executed
	if f == topology.MariaDB {
		has = slavePos // what it has written by itself does not count
	}
	received, err := topology.Merge(f, has, r.received)
	if err != nil {
		received = r.received // its own words say more than none
	}
	s := &topology.Source{
		Address: r.address, ID: r.sourceID,
		Receiving: r.receives(), Applying: r.applies(),
		Received: received, UsesGTID: r.usesGTID, LastError: r.trouble(),
	}
	if seconds, err := strconv.ParseUint(r.lag, 10, 32); err == nil && s.Receiving && s.Applying {
		s.Lag, s.LagKnown = time.Duration(seconds)*time.Second, true
	}
	return s
}
