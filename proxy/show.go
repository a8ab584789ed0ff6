package proxy

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/stmt"
	"github.com/mysqlda/mysqlda/proxy/wire"
)

// Report is a table that SHOW MYSQLDA shows.
type Report struct {
	Columns []string
	Rows    [][]string
}

// Reporter makes a Report of the moment. It may be called from any goroutine.
type Reporter func() Report

// forEverybody makes a report that does not depend on who looks.
func forEverybody(make Reporter) func(viewer) Report { return func(viewer) Report { return make() } }

// show executes SHOW MYSQLDA.
func (s *session) show(ctx context.Context, cmd command, words []string, result appendResult) error {
	report, err := s.server.report(ctx, s.viewer(), words)
	if err != nil {
		return s.refuse(cmd, err)
	}
	if err := s.drop(cmd); err != nil {
		return err
	}
	return s.write(result(nil, s.sequence, s.caps, s.status, wire.TextColumns(report.Columns...), report.Rows))
}

// report makes the report that the words behind SHOW MYSQLDA name.
func (server *Server) report(ctx context.Context, by viewer, words []string) (Report, error) {
	if len(words) == 0 {
		return Report{}, kindBadShow.with(server.showForms())
	}
	name, arguments := strings.ToUpper(words[0]), words[1:]
	reporter := server.reports[name]
	switch {
	case name == placementForm && len(arguments) == 1:
		return server.placement(ctx, arguments[0])
	case name == correlatedForm && len(arguments) == 2:
		return server.correlated(ctx, arguments[0], arguments[1])
	case len(arguments) > 0:
	case name == helpForm:
		return server.help(), nil
	case reporter != nil && formOf(name).admin && !by.all:
		return Report{}, kindNeedsAdmin.with(by.user)
	case reporter != nil:
		return reporter(by), nil
	}
	return Report{}, kindBadShow.with(server.showForms())
}

// showColumns returns the columns of a report that is not made yet.
func (server *Server) showColumns(ctx context.Context, by viewer, e stmt.Extension) ([]string, error) {
	if len(e.Args) == 2 && strings.EqualFold(e.Args[0].Text, placementForm) {
		return placementColumns(), nil
	}
	if len(e.Args) == 3 && strings.EqualFold(e.Args[0].Text, correlatedForm) {
		return correlatedColumns(), nil
	}
	words, err := e.Values()
	if err != nil {
		return nil, kindBadShow.with(server.showForms())
	}
	report, err := server.report(ctx, by, words)
	return report.Columns, err
}

func (server *Server) librariesReport() Report {
	report := Report{Columns: []string{"library", "state", "weight", "tls", "active", "servers", "data_bytes", "failover", "epoch", "switch"}}
	bytes := make(map[fsm.LibraryID]string) // that this node has read
	for _, d := range server.cfg.Backends.Data() {
		if d.Bytes > 0 {
			bytes[d.ID] = strconv.FormatUint(d.Bytes, 10)
		}
	}
	for _, l := range server.cfg.Directory.Libraries().All() {
		var servers []string
		for _, server := range l.Servers {
			servers = append(servers, server.Address)
		}
		phase := ""
		if l.Switch != nil {
			phase = l.Switch.Phase.String()
		}
		report.Rows = append(report.Rows, []string{
			l.Name, l.State.String(), fmt.Sprint(l.Weight), l.TLS.String(), l.Active, strings.Join(servers, ","), bytes[l.ID],
			l.Failover.Policy.String(), fmt.Sprint(l.ActiveEpoch), phase,
		})
	}
	return report
}

func (server *Server) sessionsReport(by viewer) Report {
	report := Report{Columns: []string{"id", "user", "client", "core", "library", "server", "reads", "seconds"}}
	for _, s := range server.Sessions() {
		if !by.sees(s.User) {
			continue
		}
		report.Rows = append(report.Rows, []string{
			fmt.Sprint(s.ID), s.User, s.Client, s.Core, s.Library, s.Server, s.Reads,
			fmt.Sprint(int(time.Since(s.Since).Seconds())),
		})
	}
	return report
}

func (server *Server) poolsReport() Report {
	report := Report{Columns: []string{"library", "server", "idle", "in_use", "resetting", "waiting", "opened", "reused", "failed"}}
	for _, p := range server.cfg.Backends.Pools() {
		report.Rows = append(report.Rows, []string{
			p.Library, p.Server, fmt.Sprint(p.Idle), fmt.Sprint(p.InUse), fmt.Sprint(p.Resetting), fmt.Sprint(p.Waiting),
			fmt.Sprint(p.Opened), fmt.Sprint(p.Reused), fmt.Sprint(p.Failed),
		})
	}
	return report
}

func (server *Server) settingsReport() Report {
	settings := server.cfg.Directory.Settings()
	return Report{
		Columns: []string{"setting", "value"},
		Rows: [][]string{
			{"cluster_id", settings.ClusterID},
			{"auth.user", settings.User},
			{"auth.db", settings.Database},
			{"auth.default_library", settings.DefaultLibrary},
			{"auth.default_core", settings.DefaultCore},
			{"session_pool.unused_forward_session_timeout", wholeSeconds(settings.UnusedForwardSessionTimeout)},
			{"max_share", fsm.FormatShare(settings.MaxShareMille)},
			{"balance", settings.Balance.String()},
			{"failover.wait", wholeSeconds(settings.Failover.Wait)},
			{"failover.lease", wholeSeconds(settings.Failover.Lease)},
			{"failover.cooldown", wholeSeconds(settings.Failover.Cooldown)},
			{"failover.require_fencing", strconv.FormatBool(settings.Failover.RequireFencing)},
			{"failover.user", settings.Failover.User},
			{"failover.replication_user", settings.Failover.ReplicationUser},
		},
	}
}

func wholeSeconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
