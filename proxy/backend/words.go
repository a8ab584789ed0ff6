package backend

import (
	"fmt"
	"strings"

	"github.com/mysqlda/mysqlda/fsm/topology"
)

// words are the statements in which a server takes orders about replication.
type words struct {
	rights        string // that the account needs
	status        string // SHOW the replication status
	readOnly      string // the variable by which it refuses writes
	sourceEnabled string // the variable by which it waits for replicas; "" without
	replica       string // what a replica is called
	change        string // CHANGE ... TO
	source        string // the prefix of its options
	follow        string // the options by which a replica finds its place
	forChannel    bool   // the name of a connection goes behind a statement
}

// wordsOf chooses the words of a server's family and version.
func wordsOf(v variables) words {
	w := words{
		rights: rightsMySQL, status: "SHOW REPLICA STATUS", readOnly: "super_read_only",
		sourceEnabled: v.has(varSourceEnabled...),
		replica:       "REPLICA", change: "CHANGE REPLICATION SOURCE TO", source: "SOURCE",
		follow:     "SOURCE_AUTO_POSITION = 1, GET_SOURCE_PUBLIC_KEY = 1, SOURCE_RETRY_COUNT = 86400",
		forChannel: true,
	}
	if v.has(w.readOnly) == "" {
		w.readOnly = readOnly
	}
	switch {
	case v.flavour() == topology.MariaDB:
		w.rights, w.status, w.readOnly = rightsMariaDB, "SHOW ALL SLAVES STATUS", readOnly
		w.replica, w.change, w.source = "SLAVE", "CHANGE MASTER TO", "MASTER"
		w.follow, w.forChannel = "MASTER_USE_GTID = slave_pos", false
	case v.olderThan(8, 0, 23):
		w.status = "SHOW SLAVE STATUS"
		w.replica, w.change, w.source = "SLAVE", "CHANGE MASTER TO", "MASTER"
		w.follow = "MASTER_AUTO_POSITION = 1, MASTER_RETRY_COUNT = 86400"
		if !v.olderThan(8, 0, 4) { // before, no password needs a key
			w.follow += ", GET_MASTER_PUBLIC_KEY = 1"
		}
	}
	return w
}

// channel is what goes behind a statement about the connection of that name.
func (w words) channel(name string) string {
	if name == "" || !w.forChannel {
		return ""
	}
	return " FOR CHANNEL " + quoted(name)
}

func (w words) stop(name string) string { return "STOP " + w.replica + w.channel(name) }
func (w words) stopReceiving(name string) string {
	return "STOP " + w.replica + " IO_THREAD" + w.channel(name)
}
func (w words) start(name string) string { return "START " + w.replica + w.channel(name) }
func (w words) startApplying(name string) string {
	return "START " + w.replica + " SQL_THREAD" + w.channel(name)
}
func (w words) forget(name string) string { return "RESET " + w.replica + " ALL" + w.channel(name) }

// changeTo makes a stopped replica follow a source from where it is.
func (w words) changeTo(host, port, user, password string, encrypted bool, name string) string {
	options := []string{
		w.source + "_HOST = " + quoted(host), w.source + "_PORT = " + port,
		w.source + "_USER = " + quoted(user), w.source + "_PASSWORD = " + quoted(password),
		fmt.Sprintf("%s_CONNECT_RETRY = %d", w.source, connectRetrySeconds), w.follow,
	}
	if encrypted {
		options = append(options, w.source+"_SSL = 1")
	}
	return w.change + " " + strings.Join(options, ", ") + w.channel(name)
}

// connectRetrySeconds is the pause after which a replica tries its source again.
const connectRetrySeconds = 1

// quotingMode is the sql_mode in which quoted is right.
const quotingMode = "SET SESSION sql_mode = 'NO_BACKSLASH_ESCAPES'"

// quoted is a text where literal is not allowed.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
