// Package stmt recognises statements without parsing SQL: our own extension
// statements, and the few classes of ordinary statements that a session must
// treat in a way of their own. It is pure, needs time linear in the statement's
// length, and allocates only to hand out what an extension statement says.
//
// It is called by package proxy for every query: Hint, then Syntax.Recognise, which
// also says when to call Parse, Use, Kill or Settings; Syntax.Demands where it
// matters whether a text only reads; and Syntax.AppendDigest for the log of slow
// statements. It decides nothing about sessions or libraries.
//
// # Syntax
//
// Where a quote ends depends on the session: on two SQL modes, and on a character
// set in which a backslash may be the second byte of a character. The caller keeps a
// Syntax up to date: from the collation of the handshake, from the status flags of
// every answer, from Setting.Syntax or the server's session tracking. If it is wrong,
// a semicolon or a quote may be seen wrongly.
//
// # Repeating what was set
//
// Settings takes a SET statement apart, so that a session has to remember the newest
// setting of each key only. All values of one statement are computed before the
// first is assigned, so a statement in which a value is made of other variables stays
// whole. To bring another connection to the same state, keep a list:
//
//   - A Constant takes out of the list every setting of its key that stands behind
//     the last ScopeWhole, and is appended.
//   - A setting FromItself is appended, unless it is Again and the newest of its key
//     has the same text.
//   - A ScopeWhole is appended. What stands before it may have been read by it, and
//     stays.
//   - A ScopeNextStatement is not kept.
//
// Repeated in the order of the list, the last to write a variable is the same as it
// was, also where settings of several keys write one variable (NAMES and
// character_set_results). SET CHARACTER SET takes a collation from the default
// database, which has to be the same then.
//
// # What is not seen
//
// What stored functions, and the routines that CALL runs, do. Statements behind the
// body of a routine or a block in the same text. NEXTVAL and CURRVAL in the form
// sequence.nextval of Oracle's mode. Within an executable comment that a server
// skips, everything is seen as if it ran.
package stmt
