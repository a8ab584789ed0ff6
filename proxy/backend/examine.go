package backend

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/fsm/topology"
)

// Login says by which account to look at a server once, and how.
type Login struct {
	User, Password string      // must not be logged or shown
	Database       string      // the default database; "" for none
	TLS            fsm.TLSMode // how the connection is protected
	Material       *tls.Config // as Config.TLS
}

// Examination is what one look at a server found.
type Examination struct {
	Facts topology.Facts
	// Missing is what the account may not see of the facts, and what to do about
	// that; "" for nothing.
	Missing string
	// Variables are those of the global variables asked for that the server has, by
	// name in lower case.
	Variables map[string]string
	// Granted are the rights that the account has on everything, in upper case.
	Granted []string
	// Needed are those that an account needs by which servers are watched and
	// operated.
	Needed []string
}

// Examine logs in to a server for a look at it, beside any Manager, and asks for
// the named global variables besides. Nothing is changed at the server. ctx bounds
// it. Errors name the server: *RefusedError, *CapabilityError, or what the network
// said.
func Examine(ctx context.Context, address string, as Login, variables []string) (Examination, error) {
	t := &target{server: address, tls: as.Material}
	l, err := t.dial(ctx, account{user: as.User, password: as.Password, tls: as.TLS}, Profile{Collation: probeCollation, Database: as.Database})
	if err != nil {
		return Examination{}, err
	}
	defer l.quit()
	s, err := l.state(ctx)
	if err != nil {
		return Examination{}, err
	}
	asked, err := l.query(ctx, showNamed("GLOBAL VARIABLES", variables))
	if err != nil {
		return Examination{}, err
	}
	grants, err := l.query(ctx, "SHOW GRANTS")
	if err != nil {
		return Examination{}, fmt.Errorf("rights of '%s': %w", as.User, err)
	}
	found := Examination{
		Facts: s.Facts, Missing: s.missing, Variables: asked.pairs(),
		Needed: strings.Split(s.words.rights, ", "),
	}
	for _, row := range grants.Rows {
		if len(row) > 0 {
			found.Granted = append(found.Granted, grantedOnAll(string(row[0]))...)
		}
	}
	return found, nil
}

// grantedOnAll are the rights on everything that a row of SHOW GRANTS names.
func grantedOnAll(row string) []string {
	rights, _, found := strings.Cut(strings.TrimPrefix(row, "GRANT "), " ON *.* TO ")
	if !found {
		return nil
	}
	// MySQL writes some lists without spaces.
	return strings.Split(strings.ReplaceAll(strings.ToUpper(rights), ", ", ","), ",")
}

// HasRight tells whether the account has a right on everything.
func (e *Examination) HasRight(right string) bool {
	for _, granted := range e.Granted {
		if granted == right || granted == "ALL PRIVILEGES" {
			return true
		}
	}
	return false
}
