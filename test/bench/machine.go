package main

import (
	"context"
	"strings"

	"github.com/mysqlda/mysqlda/test/bench/observe"
)

// machine is what the numbers were measured on and with.
type machine struct {
	observe.Machine
	mysqlda, server, haproxy, sysbench string
}

func describeMachine(ctx context.Context, o options, p programs) (m machine, err error) {
	if m.Machine, err = observe.ThisMachine(ctx); err != nil {
		return m, err
	}
	server, err := lookUp("mariadbd")
	if err != nil {
		if server, err = lookUp("mysqld"); err != nil {
			return m, err
		}
	}
	for _, ask := range []struct {
		into *string
		args []string
	}{
		{&m.mysqlda, []string{o.mysqlda, "version"}},
		{&m.server, []string{server, "--no-defaults", "--version"}},
		{&m.haproxy, []string{p.haproxy, "-v"}},
		{&m.sysbench, []string{p.sysbench, "--version"}},
	} {
		if *ask.into, err = observe.FirstLine(ctx, ask.args...); err != nil {
			return m, err
		}
	}
	m.server = strings.TrimSpace(strings.TrimPrefix(m.server, server))
	return m, nil
}
