package proxy

import (
	"context"
	"errors"
	"fmt"

	"github.com/mysqlda/mysqlda/fsm"
	"github.com/mysqlda/mysqlda/proxy/backend"
)

// clientError is an error that a client sees as an ERR packet. Its session goes
// on unless the caller ends it.
type clientError struct {
	code  uint16
	state string // SQLSTATE, five characters
	text  string
}

func (e *clientError) Error() string { return fmt.Sprintf("%d (%s): %s", e.code, e.state, e.text) }

// errorKind is one of our own errors: its number, its SQLSTATE and the format
// of its text, which says what happened and what to do next. docs/errors.md
// lists them all and a test compares. No SQLSTATE is of class 08, because
// drivers give up a connection for that, and ours goes on.
type errorKind struct {
	code   uint16
	state  string
	format string
}

func (k errorKind) with(args ...any) *clientError {
	return &clientError{k.code, k.state, fmt.Sprintf(k.format, args...)}
}

// tellsOfLoss says that the client has to learn of it, if not by the answer to
// this command then by that to the next: see session.loss.
func (e *clientError) tellsOfLoss() bool {
	return e.code == kindTransactionLost.code || e.code == kindStateLost.code
}

// Numbers that MySQL gave a meaning which is exactly ours.
var (
	kindTooManySessions   = errorKind{1040, "08004", "Too many connections: this node serves at most %d sessions; connect to another node"}
	kindAccessDenied      = errorKind{1045, "28000", "Access denied for user '%s'@'%s'"}
	kindShutdown          = errorKind{1053, "08S01", "This node is stopping; connect to another node"}
	kindMalformed         = errorKind{1835, "HY000", "Malformed communication packet"}
	kindTooManyStatements = errorKind{1461, "42000", "Can't create more than %d prepared statements in one session"}
	kindPrepareAgain      = errorKind{1615, "HY000", "Prepared statement needs to be re-prepared: it looks different in this library"}
	kindNotFrom           = errorKind{1130, "HY000", "User %s may not log in from %s: its networks do not hold that address; see `mysqlda user list`"}
	kindLocked            = errorKind{3118, "HY000", "User %s is locked; an operator can unlock it with `mysqlda user set`"}
	kindTooManyOfUser     = errorKind{1203, "42000", "User %s already has %d sessions on this node, which is the limit"}
	kindTooLarge          = errorKind{1153, "08S01", "Got a packet bigger than 'max_allowed_packet' (%d bytes)"}
	kindIdle              = errorKind{4031, "HY000", "The session was idle for %s and has been ended; connect again"}
	kindInterrupted       = errorKind{1317, "70100", "Query execution was interrupted; nothing was executed"}
	kindUnknownStatement  = errorKind{1243, "HY000", "Unknown prepared statement handler (%d) given to %s"}
	kindNeedsAdmin        = errorKind{1227, "42000", "Access denied; you need the admin role of mysqlda for this statement, which user %s does not have; an operator gives it with `mysqlda user set %[1]s --role admin`"}
)

// Numbers of our own, from 9500 on, never given a second meaning.
var (
	kindNoLibrary = errorKind{
		9501, "3D000",
		"No library selected: say `select library CORE_OBJECT` first",
	}
	kindBadName = errorKind{9502, "22023", "%v"}
	kindInMulti = errorKind{
		9503, "0A000",
		"This statement of mysqlda cannot stand in a multi-statement query; nothing was executed: send it alone",
	}
	kindInTransaction = errorKind{
		9504, "25001",
		"The library cannot change from %s to %s while a transaction is open; COMMIT or ROLLBACK first",
	}
	kindNoLeader = errorKind{
		9505, "HY000",
		"The cluster could not decide in time (no leader, or no majority reachable); known core objects keep working; try again, repeating is safe",
	}
	kindOverloaded = errorKind{
		9506, "HY000",
		"Too many requests wait for the cluster's decision; nothing was done; try again later",
	}
	kindNoOpenLibrary = errorKind{
		9507, "HY000",
		"No library takes new core objects; open or add one with `mysqlda library`",
	}
	kindNotBound = errorKind{
		9508, "02000",
		"Correlated object %s %s is not bound; bind it with `set correl_object %[1]s %[2]s CORE_OBJECT`",
	}
	kindNoPlacement = errorKind{
		9509, "02000",
		"Core object %s has no home library yet; say `select library %[1]s` first",
	}
	kindBoundElsewhere = errorKind{
		9510, "23000",
		"Correlated object %s %s is bound to another core object; nothing was changed",
	}
	kindNoServer = errorKind{
		9511, "HY000",
		"No server of library %s can be reached; nothing was executed; try again later (%v)",
	}
	kindPoolFull = errorKind{
		9512, "HY000",
		"All backend connections to library %s are in use; nothing was executed; try again later",
	}
	kindOutcomeUnknown = errorKind{
		9513, "HY000",
		"The connection to library %s was lost before the answer arrived: whether the statement was executed is unknown, and an open transaction, user variables, temporary tables and locks are gone; check before repeating it",
	}
	kindTransactionLost = errorKind{
		9514, "40000",
		"The connection to library %s was lost and the open transaction was rolled back; nothing of this statement was executed; start the transaction again",
	}
	kindCutOff = errorKind{
		9515, "HY000",
		"The connection to library %s was lost in the middle of the answer; what was received is incomplete",
	}
	kindNotSupported = errorKind{
		9516, "0A000",
		"%s is not supported through mysqlda; connect to the server itself for that",
	}
	kindNotReady = errorKind{
		9517, "08004",
		"This node is not ready: it has not caught up with the cluster yet; connect to another node or try again",
	}
	kindBadShow = errorKind{
		9518, "42000",
		"Unknown SHOW MYSQLDA statement; use %s",
	}
	kindUnknownCore = errorKind{
		9519, "HY000",
		"The library of core object %s is not known to this node; check `mysqlda status`",
	}
	kindBadParameter = errorKind{
		9520, "22023",
		"The parameters of this prepared statement of mysqlda cannot be read (%v); bind them as strings or integers",
	}
	kindBackendRefused = errorKind{
		9521, "HY000",
		"Library %s cannot serve this session: %v",
	}
	kindNoKill = errorKind{
		9522, "HY000",
		"You have no session with connection id %d on any node; KILL takes the id that a client was greeted with, not one of a server's process list",
	}
	kindStateTooLarge = errorKind{
		9523, "HY000",
		"This session has set what cannot follow it to another backend connection (more than %d SET statements or %d bytes, SET or USE among other statements, or a value that the text does not tell); reconnect",
	}
	kindLongDataLost = errorKind{
		9524, "HY000",
		"Parameters that were sent in advance were lost with the backend connection; nothing was executed; bind them again",
	}
	kindStateLost = errorKind{
		9525, "HY000",
		"The connection to library %s was lost, and with it what the session had made there (user variables, temporary tables, locks); nothing of this statement was executed; make them again",
	}
	kindKillFailed = errorKind{
		9527, "HY000",
		"Session %d could not be told to end (%v); try again",
	}
	kindTooManyInLibrary = errorKind{
		9526, "HY000",
		"Library %s already has %d sessions on this node, which is the limit; try again later, or through another node",
	}
	kindNoActive = errorKind{
		9528, "HY000",
		"The active server of library %s is being changed, and there is no new one yet; nothing was executed; try again, and see `mysqlda status` if that lasts",
	}
	kindNoLease = errorKind{
		9529, "HY000",
		"This node has lost contact with the majority of the cluster, and library %s may have another active server by now; nothing was executed; connect to another node or try again",
	}
	kindBadRead = errorKind{
		9530, "42000",
		"Where to read is not understood (%v); use SET MYSQLDA READ REPLICA [SECONDS], SET MYSQLDA READ ACTIVE, or the hints read=replica, lag=SECONDS and read=active",
	}
	kindReadInTransaction = errorKind{
		9531, "25001",
		"Where the session reads cannot change from %v to %v while a transaction is open; COMMIT or ROLLBACK first",
	}
	kindNotAtReplica = errorKind{
		9532, "0A000",
		"%s cannot be executed where a replica is asked for; nothing was executed; say SET MYSQLDA READ ACTIVE first, or use the hint read=active",
	}
	kindHintPins = errorKind{
		9533, "0A000",
		"This statement leaves something behind for later ones, which would not find it where the session reads; nothing was executed; say SET MYSQLDA READ ... first instead of using a hint",
	}
	kindMadeAtReplica = errorKind{
		9534, "0A000",
		"The session has made something at a replica (user variables, temporary tables) that would end; nothing was executed; say SET MYSQLDA READ ACTIVE first, which ends it",
	}
	kindExpelled = errorKind{
		9540, "HY000",
		"User %s was removed or locked, and the session has been ended",
	}
	kindBadAdmin = errorKind{
		9550, "42000",
		"Nothing was changed: %v; SHOW MYSQLDA HELP lists all statements of mysqlda",
	}
	kindAdminRefused = errorKind{
		9551, "HY000",
		"Nothing was changed: %v",
	}
	kindAdminUnanswered = errorKind{
		9552, "HY000",
		"The change was not confirmed, and whether it was made is unknown: %v; look with SHOW MYSQLDA, and repeat it if it was not",
	}
	kindAdminInTransaction = errorKind{
		9553, "25001",
		"Statements that begin with MYSQLDA are no part of a transaction; nothing was changed: COMMIT or ROLLBACK first",
	}
	kindSystem = errorKind{
		9599, "HY000",
		"Internal error of mysqlda: %v",
	}
)

// ownErrors lists every kind, for the metric and for the test of docs/errors.md.
var ownErrors = []errorKind{
	kindTooManySessions, kindAccessDenied, kindShutdown, kindMalformed, kindTooManyStatements, kindUnknownStatement,
	kindPrepareAgain, kindTooManyOfUser, kindTooLarge, kindIdle, kindInterrupted, kindTooManyInLibrary, kindKillFailed,
	kindNoLibrary, kindBadName, kindInMulti, kindInTransaction, kindNoLeader, kindOverloaded,
	kindNoOpenLibrary, kindNotBound, kindNoPlacement, kindBoundElsewhere, kindNoServer,
	kindPoolFull, kindOutcomeUnknown, kindTransactionLost, kindCutOff, kindNotSupported,
	kindNotReady, kindBadShow, kindUnknownCore, kindBadParameter, kindBackendRefused, kindNoKill,
	kindStateTooLarge, kindLongDataLost, kindStateLost, kindNoActive, kindNoLease,
	kindBadRead, kindReadInTransaction, kindNotAtReplica, kindHintPins, kindMadeAtReplica,
	kindNotFrom, kindLocked, kindExpelled, kindSystem,
	kindNeedsAdmin, kindBadAdmin, kindAdminRefused, kindAdminUnanswered, kindAdminInTransaction,
}

// directoryError says for the client what a Directory's error means. The
// arguments name what was asked for; unused ones are "".
func directoryError(err error, class, object, core string) *clientError {
	switch {
	case errors.Is(err, fsm.ErrBadName):
		return kindBadName.with(err)
	case errors.Is(err, fsm.ErrNoBinding):
		return kindNotBound.with(class, object)
	case errors.Is(err, fsm.ErrNoPlacement):
		return kindNoPlacement.with(core)
	case errors.Is(err, fsm.ErrBound):
		return kindBoundElsewhere.with(class, object)
	case errors.Is(err, fsm.ErrNoOpenLibrary):
		return kindNoOpenLibrary.with()
	case errors.Is(err, fsm.ErrOverloaded):
		return kindOverloaded.with()
	case errors.Is(err, fsm.ErrNoLeader), errors.Is(err, context.DeadlineExceeded):
		return kindNoLeader.with()
	default:
		return kindSystem.with(err)
	}
}

// acquireError says for the client why there is no backend connection.
func acquireError(err error, library string) *clientError {
	var (
		unavailable *backend.UnavailableError
		refused     *backend.RefusedError
	)
	switch {
	case errors.As(err, &refused) && refused.AboutDatabase():
		return &clientError{refused.Code, refused.State, refused.Message}
	case errors.Is(err, backend.ErrPoolFull):
		return kindPoolFull.with(library)
	case errors.Is(err, backend.ErrNoActiveServer):
		return kindNoActive.with(library)
	case errors.Is(err, backend.ErrNoLease):
		return kindNoLease.with(library)
	case errors.As(err, &unavailable), errors.Is(err, context.DeadlineExceeded):
		return kindNoServer.with(library, err)
	default:
		return kindBackendRefused.with(library, err)
	}
}
