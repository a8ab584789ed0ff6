// Package stmt recognises statements without parsing SQL: our own extension
// statements, and the few classes of ordinary statements that a session must
// treat in a way of their own. It is pure, needs time linear in the statement's
// length, and allocates only to hand out what an extension statement says.
//
// It is called by package proxy for every query. It decides nothing about
// sessions or libraries.
//
// The default SQL mode is assumed: a backslash escapes within single and double
// quotes (not so under NO_BACKSLASH_ESCAPES), and text is in a character set
// whose bytes below 0x80 are ASCII (not so for the second bytes of GBK, Big5 and
// Shift JIS). Where that does not hold a semicolon or a quote may be seen
// wrongly; the worst that follows is a refused statement.
package stmt
