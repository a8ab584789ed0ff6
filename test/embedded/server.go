package main

import (
	"fmt"
	"net"

	sqle "github.com/dolthub/go-mysql-server"
	"github.com/dolthub/go-mysql-server/memory"
	"github.com/dolthub/go-mysql-server/server"
	"github.com/dolthub/go-mysql-server/sql"
)

type config struct {
	listen         string // host:port; port 0 takes a free one
	user, password string // the only account; it may do everything
	database       string
}

// version is what the server calls itself. Clients decide on the number in
// front; the rest says what it really is.
const version = "8.0.31-embedded-go-mysql-server"

type embeddedServer struct {
	inner    *server.Server
	listener net.Listener
}

// newServer makes a server that listens already: connections wait in the
// kernel until serve is called.
func newServer(cfg config) (*embeddedServer, error) {
	listener, err := net.Listen("tcp", cfg.listen)
	if err != nil {
		return nil, fmt.Errorf("listen for clients: %w", err)
	}
	db := memory.NewDatabase(cfg.database)
	db.EnablePrimaryKeyIndexes()
	provider := memory.NewDBProvider(db)
	engine := sqle.NewDefault(provider)

	accounts := engine.Analyzer.Catalog.MySQLDb
	editor := accounts.Editor()
	accounts.AddSuperUser(editor, cfg.user, "%", cfg.password)
	editor.Close()

	inner, err := server.NewServer(server.Config{
		Listener: listener,
		Protocol: "tcp",
		Address:  listener.Addr().String(),
		Version:  version,
	}, engine, sql.NewContext, memory.NewSessionBuilder(provider), nil)
	if err != nil {
		return nil, fmt.Errorf("make the server: %w", err)
	}
	return &embeddedServer{inner: inner, listener: listener}, nil
}

func (s *embeddedServer) addr() string { return s.listener.Addr().String() }

// serve returns after close.
func (s *embeddedServer) serve() error { return s.inner.Start() }

func (s *embeddedServer) close() {
	// Close of this server cannot fail: it reports no error of its listener.
	_ = s.inner.Close()
}
