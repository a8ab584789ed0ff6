package proxy

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/mysqlda/mysqlda/fsm"
)

// form describes a form of SHOW MYSQLDA.
type form struct {
	name      string
	arguments string // in its syntax
	admin     bool   // it shows what is others' or everybody's, so it is for administrators
	what      string
}

// forms are those that Config.Reports may add, too. One that is not described here is
// for administrators. It is never changed.
var forms = []form{
	{name: "AUDIT", admin: true, what: "who has changed what, from where and when; the newest last"},
	{name: correlatedForm, arguments: " 'CLASS' 'OBJECT'", what: "the core object that a correlated object is bound to, and its library"},
	{name: helpForm, what: "the statements of mysqlda"},
	{name: "LIBRARIES", what: "the libraries with their state, weight, servers and failover"},
	{name: "NODES", what: "the nodes, their addresses, which one leads and which are alive"},
	{name: placementForm, arguments: " 'CORE_OBJECT'", what: "the library of a core object, without assigning one"},
	{name: "POOLS", what: "this node's backend connections by server"},
	{name: "SERVERS", what: "the servers of each library, who reaches them, what they replicate from, and fences"},
	{name: "SESSIONS", what: "this node's sessions: all for administrators, your own for others"},
	{name: "SETTINGS", admin: true, what: "what all nodes share besides the libraries"},
	{name: "STATEMENTS", admin: true, what: "what this node has executed, by library and digest"},
	{name: "STATUS", what: "this node and what it knows of its cluster: the leader, log, counts and lease"},
	{name: "USERS", what: "who may log in: all for administrators, you for others"},
	{name: "WARNINGS", what: "what is wrong now, and what could be lost as the libraries are set up"},
}

// The forms that are not reports of the moment alone.
const (
	placementForm  = "PLACEMENT"
	correlatedForm = "CORRELATED"
	helpForm       = "HELP"
)

// formOf returns the description of a form.
func formOf(name string) form {
	i := slices.IndexFunc(forms, func(f form) bool { return f.name == name })
	if i < 0 {
		return form{name: name, admin: true}
	}
	return forms[i]
}

// shown are the forms that this node has, in the order of their names.
func (server *Server) shown() []form {
	list := []form{formOf(placementForm), formOf(correlatedForm), formOf(helpForm)}
	for name := range server.reports {
		list = append(list, formOf(name))
	}
	slices.SortFunc(list, func(a, b form) int { return strings.Compare(a.name, b.name) })
	return list
}

func (server *Server) showForms() string {
	var words []string
	for _, f := range server.shown() {
		words = append(words, f.name+f.arguments)
	}
	return strings.Join(words, ", ")
}

// standing are the other statements of ours, and those that mean something of ours.
var standing = []Statement{
	{"SELECT LIBRARY 'CORE_OBJECT'", "go to the library of a core object; a new one is assigned one"},
	{"SELECT LIBRARY_BY_CORREL_OBJECT 'CLASS' 'OBJECT'", "go to the library of a correlated object"},
	{"SET CORREL_OBJECT 'CLASS' 'OBJECT' 'CORE_OBJECT'", "give a core object a second name"},
	{"SET MYSQLDA READ ACTIVE", "read at the active server"},
	{"SET MYSQLDA READ REPLICA [SECONDS]", "read at a replica that is no further behind than that"},
	{"KILL [QUERY] ID", "end a session, or its statement, at any node: anybody's for administrators, your own for others"},
}

// help lists the statements of mysqlda and who may use them.
func (server *Server) help() Report {
	report := Report{Columns: []string{"statement", "for", "what"}}
	add := func(admin bool, s Statement) {
		report.Rows = append(report.Rows, []string{s.Syntax, map[bool]string{true: "admin", false: "everybody"}[admin], s.What})
	}
	for _, s := range standing {
		add(false, s)
	}
	for _, f := range server.shown() {
		add(f.admin, Statement{"SHOW MYSQLDA " + f.name + f.arguments, f.what})
	}
	if console := server.cfg.Console; console != nil {
		for _, s := range console.Statements() {
			add(true, s)
		}
	}
	return report
}

func placementColumns() []string { return []string{"core", "library", "epoch"} }

func (server *Server) placement(ctx context.Context, core string) (Report, error) {
	report := Report{Columns: placementColumns()}
	p, err := server.cfg.Directory.Locate(ctx, core)
	switch {
	case errors.Is(err, fsm.ErrNoPlacement):
		return report, nil
	case err != nil:
		return report, directoryError(err, "", "", core)
	}
	report.Rows = [][]string{server.placementRow(p)}
	return report, nil
}

func (server *Server) placementRow(p fsm.Placement) []string {
	return []string{p.Core, nameOf(server.cfg.Directory.Libraries(), p.Library), strconv.FormatUint(p.Epoch, 10)}
}

func correlatedColumns() []string { return append([]string{"class", "object"}, placementColumns()...) }

func (server *Server) correlated(ctx context.Context, class, object string) (Report, error) {
	report := Report{Columns: correlatedColumns()}
	p, err := server.cfg.Directory.ResolveCorrelated(ctx, class, object)
	switch {
	case errors.Is(err, fsm.ErrNoBinding):
		return report, nil
	case err != nil:
		return report, directoryError(err, class, object, "")
	}
	report.Rows = [][]string{append([]string{class, object}, server.placementRow(p)...)}
	return report, nil
}
