package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// The targets, by the names that the report gives them.
const (
	directName  = "direct"
	haproxyName = "HAProxy"
	nodeName    = "mysqlda"
	clusterName = "mysqlda, 3 nodes"
)

// target is something that speaks MySQL.
type target struct {
	name string
	addr string
	pid  int    // of the process between client and server; 0 for the server itself
	http string // of a node, host:port; "" for others
	most int    // clients that it can take, 0 for more than are ever wanted
	// homes are core objects of each of the two libraries that the target knows;
	// nil for what is no node.
	homes *[2][]string
}

// coresEach is how many core objects of each library a target knows. Selecting
// them in turn shows what finding one costs, not what repeating one does.
const coresEach = 64

// maxTries bounds the search for core objects of both libraries.
const maxTries = 100 * coresEach

// learnHomes gives core objects a home in the node's cluster until there are
// enough of each library. servers are the ports of the libraries' servers, by
// which the sessions' places are told apart.
func learnHomes(ctx context.Context, n *cluster.Node, servers [2]int) (homes *[2][]string, err error) {
	db, err := n.OpenDB(nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	conn, err := db.Conn(ctx) // the library is the session's
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	homes = &[2][]string{}
	for i := range maxTries {
		core := fmt.Sprintf("bench-%04d", i)
		server, err := home(ctx, conn, core)
		if err != nil {
			return nil, fmt.Errorf("home of core object %s: %w", core, err)
		}
		for l := range homes {
			if servers[l] == server && len(homes[l]) < coresEach {
				homes[l] = append(homes[l], core)
			}
		}
		if len(homes[0]) == coresEach && len(homes[1]) == coresEach {
			return homes, nil
		}
	}
	return nil, fmt.Errorf("%d core objects are not spread over both libraries: %d and %d", maxTries, len(homes[0]), len(homes[1]))
}

func home(ctx context.Context, conn *sql.Conn, core string) (server int, err error) {
	if _, err := conn.ExecContext(ctx, "select library "+core); err != nil {
		return 0, err
	}
	return server, conn.QueryRowContext(ctx, "select @@port").Scan(&server)
}
