package mtr

// differences are the tests that pass at a server and not through a node, with
// the reason.
var differences = map[string]string{}
