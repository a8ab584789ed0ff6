package backend

import (
	"fmt"
	"slices"
	"strings"
)

// Error numbers of servers: an account lacks a right, or they quote the statement.
const (
	codeSyntax               = 1064
	codeTooLong              = 1470
	codeTableAccessDenied    = 1142
	codeNotOwner             = 1095
	codeSpecificAccessDenied = 1227
)

// What the account by which servers are watched and operated needs, on everything.
const (
	rightsMariaDB = "PROCESS, RELOAD, READ_ONLY ADMIN, CONNECTION ADMIN, REPLICATION SLAVE ADMIN, REPLICATION MASTER ADMIN, SLAVE MONITOR"
	rightsMySQL   = "PROCESS, RELOAD, SYSTEM_VARIABLES_ADMIN, CONNECTION_ADMIN, REPLICATION_SLAVE_ADMIN, REPLICATION CLIENT"
)

// lacksRight tells whether the account may not do what was asked for.
func (e *RefusedError) lacksRight() bool {
	switch e.Code {
	case codeSpecificAccessDenied, codeNotOwner, codeTableAccessDenied:
		return true
	default:
		return false
	}
}

// quotes tells whether the text may hold one of the secrets, or a part of one: a
// server repeats what it does not understand, or finds too long, cut off somewhere.
func (e *RefusedError) quotes(secrets ...string) bool {
	if e.Code == codeSyntax || e.Code == codeTooLong {
		return true
	}
	return slices.ContainsFunc(secrets, func(secret string) bool {
		return secret != "" && strings.Contains(e.Message, secret)
	})
}

// missingRight says what a server refused to an account and what to do about it.
func missingRight(what string, refused *RefusedError, w words, user string) string {
	return fmt.Sprintf("%s: %s (%s); %s", what, strings.TrimSuffix(refused.Message, "."), refused.Server, grantTo(w, user))
}

// grantTo is what an administrator has to do for an account.
func grantTo(w words, user string) string {
	return fmt.Sprintf("grant %s on *.* to '%s'", w.rights, user)
}
