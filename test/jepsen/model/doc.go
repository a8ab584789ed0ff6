// Package model says how the directory behaves if it is one thing in one place:
// each core object and each correlated object by itself. Package check holds
// histories against it.
package model
