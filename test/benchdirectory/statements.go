package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mysqlda/mysqlda/test/bench/observe"
)

const (
	statementClients = 16
	statementRounds  = 3 // of each statement, by turns
	statementTime    = 2 * time.Second
)

// statementRate is how fast clients of one node execute a statement.
type statementRate struct {
	Rate    float64       // a second
	CPU     time.Duration // of the node, each
	Latency latency
}

// asked is what was measured of single statements; medians of the rounds.
type asked struct{ Do, Select statementRate }

// ask compares `do 1`, which the node passes on to a server, with `select library`
// of core objects that it knows, any of all.
func (s *stage) ask(ctx context.Context) (a asked, err error) {
	followers, err := s.cluster.Followers(ctx)
	if err != nil {
		return a, err
	}
	node := followers[0]
	clients, err := connectAll(ctx, []string{node.Addresses().MySQL}, statementClients)
	defer func() { err = errors.Join(err, closeAll(clients)) }()
	if err != nil {
		return a, err
	}
	do := query("do 1")
	selects := make([][]byte, 0, sampleSize)
	for _, core := range randomNames(coreName, 0, s.size) {
		selects = append(selects, selectLibrary(core))
	}
	var dos, known []statementRate
	var turn atomic.Int64
	for range statementRounds {
		r, err := rateOf(ctx, clients, node.Process().PID(), func() []byte { return do })
		if err != nil {
			return a, err
		}
		dos = append(dos, r)
		r, err = rateOf(ctx, clients, node.Process().PID(), func() []byte { return selects[turn.Add(1)%sampleSize] })
		if err != nil {
			return a, err
		}
		known = append(known, r)
	}
	return asked{Do: middleRate(dos), Select: middleRate(known)}, nil
}

func rateOf(ctx context.Context, clients []*client, pid int, next func() []byte) (r statementRate, err error) {
	before, err := observe.CPUOf(pid)
	if err != nil {
		return r, err
	}
	var (
		group  sync.WaitGroup
		times  = make([]histogram, len(clients))
		failed = make([]error, len(clients))
		began  = time.Now()
		end    = began.Add(statementTime)
	)
	for i, c := range clients {
		group.Go(func() {
			for now := time.Now(); now.Before(end) && ctx.Err() == nil; {
				if err := c.do(next()); err != nil {
					failed[i] = fmt.Errorf("a client that executes statements: %w", err)
					return
				}
				then := now
				now = time.Now()
				times[i].add(now.Sub(then))
			}
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	if err := errors.Join(append(failed, ctx.Err())...); err != nil {
		return r, err
	}
	after, err := observe.CPUOf(pid)
	if err != nil {
		return r, err
	}
	var all histogram
	for i := range times {
		all.merge(&times[i])
	}
	r.Latency = all.latency()
	r.Rate = float64(all.total) / elapsed.Seconds()
	r.CPU = (after.Total() - before.Total()) / time.Duration(max(all.total, 1))
	return r, nil
}

// middleRate is the round whose rate is the median.
func middleRate(of []statementRate) statementRate {
	rate := middle(of, func(r statementRate) float64 { return r.Rate })
	for _, r := range of {
		if r.Rate == rate {
			return r
		}
	}
	return statementRate{}
}
