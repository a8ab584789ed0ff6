package main

import "github.com/mysqlda/mysqlda/test/bench/observe"

// programs are the paths of what is not built here.
type programs struct{ sysbench, haproxy string }

func findPrograms() (programs, error) {
	var (
		p   programs
		err error
	)
	if p.sysbench, err = observe.Program("sysbench"); err != nil {
		return p, err
	}
	p.haproxy, err = observe.Program("haproxy")
	return p, err
}
