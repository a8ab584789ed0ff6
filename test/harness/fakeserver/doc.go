// Package fakeserver is a scripted MySQL server for tests, for what no real server
// at hand does: MySQL 8's capabilities, plugins and packets, and servers that lie
// about lengths, number packets wrongly, stop in the middle, or hang up.
//
// A Script is a list of steps that a connection goes through in order: Greet,
// ReadLogin, a step that authenticates, and then Expect and Send. The script is in
// charge of every byte: steps such as SendRaw, Number and SendCut break the
// protocol on purpose. What the client does other than expected fails the test,
// unless MayHangUp allows it to go.
//
// The package knows nothing of the product, so that a mistake of the one is not
// repeated by the other: capabilities are plain numbers, laid out as the protocol
// has them, MariaDB's extended ones in the upper 32 bits.
package fakeserver
