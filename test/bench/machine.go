package main

import (
	"context"

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
	if m.server, err = observe.ServerVersion(ctx); err != nil {
		return m, err
	}
	for _, ask := range []struct {
		into *string
		args []string
	}{
		{&m.mysqlda, []string{o.mysqlda, "version"}},
		{&m.haproxy, []string{p.haproxy, "-v"}},
		{&m.sysbench, []string{p.sysbench, "--version"}},
	} {
		if *ask.into, err = observe.FirstLine(ctx, ask.args...); err != nil {
			return m, err
		}
	}
	return m, nil
}
