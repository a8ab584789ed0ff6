// Package fsmpb holds the protobuf messages of package fsm: commands as they
// stand in the log, items as nodes forward them, and the header of a snapshot.
// Only fsm and cluster use it; everyone else uses the types of fsm.
package fsmpb

//go:generate protoc --go_out=. --go_opt=paths=source_relative fsm.proto
