package main

import (
	"fmt"
	"os/exec"
)

// programs are the paths of what is not built here.
type programs struct{ sysbench, haproxy string }

func findPrograms() (programs, error) {
	var (
		p   programs
		err error
	)
	if p.sysbench, err = lookUp("sysbench"); err != nil {
		return p, err
	}
	p.haproxy, err = lookUp("haproxy")
	return p, err
}

// lookUp also looks where ordinary users' PATH often does not reach.
func lookUp(name string) (string, error) {
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s is not installed; as root, `scripts/deps.sh bench` installs it", name)
}
