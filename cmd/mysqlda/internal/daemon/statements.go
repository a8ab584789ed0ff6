package daemon

import (
	"fmt"
	"slices"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/digests"
)

// digests returns the node's table of digests once the data path is open.
func (d *daemon) digests() (*digests.Table, error) {
	server := d.proxy.Load()
	if server == nil {
		return nil, fmt.Errorf("%w yet: it is opening its data", admin.ErrNotRunning)
	}
	table := server.Digests()
	if table == nil {
		return nil, admin.ErrNoDigests
	}
	return table, nil
}

// Statements implements admin.Node.
func (d *daemon) Statements(query admin.StatementsQuery) (admin.StatementList, error) {
	node, err := d.running()
	if err != nil {
		return admin.StatementList{}, err
	}
	table, err := d.digests()
	if err != nil {
		return admin.StatementList{}, err
	}
	set, rows := node.Libraries(), table.Rows()
	if query.Library != "" {
		library := set.ByName(query.Library)
		if library == nil {
			return admin.StatementList{}, fmt.Errorf("%w: there is no library %q; `mysqlda library list` has their names", admin.ErrBadRequest, query.Library)
		}
		rows = slices.DeleteFunc(rows, func(r digests.Row) bool { return r.Library != library.ID })
	}
	list := admin.StatementList{
		Node: node.ID(), Since: table.Since().UTC(), Digests: table.Len(), Limit: table.Limit(), Evicted: table.GivenUp(),
		Statements: []admin.StatementStatus{},
	}
	for _, r := range digests.Top(rows, query.By, query.Limit) {
		list.Statements = append(list.Statements, admin.StatementStatus{
			Library: libraryOf(set, r.Library), Digest: r.Digest, Count: r.Count, Errors: r.Errors,
			TotalSeconds: r.Total.Seconds(), MeanSeconds: r.Mean().Seconds(), MinSeconds: r.Min.Seconds(),
			P95Seconds: r.P95.Seconds(), MaxSeconds: r.Max.Seconds(),
			AffectedRows: r.Affected, BytesToServer: r.ToServer, BytesToClient: r.ToClient,
			FirstSeen: r.First.UTC(), LastSeen: r.Last.UTC(),
		})
	}
	return list, nil
}

// libraryOf names a library, "" for none.
func libraryOf(set *fsm.LibrarySet, id fsm.LibraryID) string {
	switch library := set.ByID(id); {
	case id == 0:
		return ""
	case library == nil:
		return fmt.Sprintf("#%d", id)
	default:
		return library.Name
	}
}

// ResetStatements implements admin.Node.
func (d *daemon) ResetStatements() error {
	table, err := d.digests()
	if err != nil {
		return err
	}
	table.Reset()
	return nil
}
