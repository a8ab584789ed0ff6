package main

import (
	"context"
)

// pointQuery finds one row of a table that both libraries have.
const pointQuery = "select v from point where id = 1"

// largeResult is all of sysbench's table, about 13 MB.
const largeResult = "select id, c from sbtest1"

// repeated returns how statements are run in turn, all of them in one operation.
func repeated(statements ...string) func(context.Context, load) (sample, error) {
	packets := make([][]byte, len(statements))
	for i, sql := range statements {
		packets[i] = query(sql)
	}
	return func(ctx context.Context, l load) (sample, error) {
		return drive(ctx, l, func(c *client, _ int) loop {
			return func(int) error { return c.doAll(packets...) }
		})
	}
}

func (c *client) doAll(packets ...[]byte) error {
	for _, p := range packets {
		if err := c.do(p); err != nil {
			return err
		}
	}
	return nil
}

// selectKnown selects core objects of one library in turn.
func selectKnown(ctx context.Context, l load) (sample, error) {
	selects := selectsOf(l.target.homes[0])
	return drive(ctx, l, func(c *client, worker int) loop {
		return func(turn int) error { return c.do(selects[(worker+turn)%len(selects)]) }
	})
}

// switchLibraries selects core objects of the two libraries by turns, and asks
// each library something.
func switchLibraries(ctx context.Context, l load) (sample, error) {
	selects := [2][][]byte{selectsOf(l.target.homes[0]), selectsOf(l.target.homes[1])}
	ask := query(pointQuery)
	return drive(ctx, l, func(c *client, worker int) loop {
		return func(turn int) error {
			// Half of the clients are in the one library, half in the other.
			of := selects[(worker+turn)%2]
			return c.doAll(of[turn/2%len(of)], ask)
		}
	})
}

func selectsOf(cores []string) [][]byte {
	packets := make([][]byte, len(cores))
	for i, core := range cores {
		packets[i] = query("select library " + core)
	}
	return packets
}
