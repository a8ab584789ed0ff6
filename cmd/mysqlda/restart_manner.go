package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

// mannerTimeout bounds finding out whether TLS is spoken at an address.
const mannerTimeout = 3 * time.Second

// A restart may turn http.tls on or off: the process that goes and the one that comes are
// reached in two manners. A token is only ever shown in the manner that the command line
// asks for: who can listen in the node's place must not get it by speaking no TLS.

// notAsStarted explains why the first request got no answer, if the config file that was
// named is not any more what the node was started with.
func (t *target) notAsStarted(ctx context.Context, client *admin.Client, err error) error {
	if t.file == "" || !t.speaksOtherwise(ctx, client.Address(), err) {
		return err
	}
	how := fmt.Sprintf("--http %s", client.Address())
	if t.shown.TLS == nil {
		how = fmt.Sprintf("--http https://%s --ca FILE", client.Address())
	}
	return fmt.Errorf("the node at %s goes by http.tls as it was in %s when it was started: leave out -f, and say how it is reached until it has restarted, with %s, and --token-file if it asks for a token; or send it SIGUSR2",
		client.Address(), t.file, how)
}

// askNext asks the process that comes, which answered err at first, in the other manner if
// it speaks that. It is shown nothing then.
func (t *target) askNext(ctx context.Context, address string, err error) (admin.Process, error) {
	if !t.speaksOtherwise(ctx, address, err) {
		return admin.Process{}, err
	}
	var shown admin.Credentials
	if t.shown.TLS == nil {
		shown.TLS = unverified()
	}
	now, err := admin.NewClient(address, shown).Process(ctx)
	if refused := new(admin.RefusedError); errors.As(err, &refused) {
		return now, errNextUnknown
	}
	return now, err
}

var errNextUnknown = errors.New("the node has restarted with another http.tls, and asks who you are: `mysqlda status -f FILE`, with its config file, tells whether it serves clients")

// speaksOtherwise says that err came of asking with TLS where none is spoken, or without
// where nothing else is.
func (t *target) speaksOtherwise(ctx context.Context, address string, err error) bool {
	if refused := new(admin.RefusedError); err == nil || errors.As(err, &refused) || errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, mannerTimeout)
	defer cancel()
	conn, err := (&tls.Dialer{Config: unverified()}).DialContext(ctx, "tcp", address)
	if err != nil {
		return t.shown.TLS != nil && errors.As(err, new(tls.RecordHeaderError))
	}
	conn.Close() // all that counts is that there was a handshake
	return t.shown.TLS == nil
}

// unverified is for connections in which nothing secret is said.
func unverified() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}
}
