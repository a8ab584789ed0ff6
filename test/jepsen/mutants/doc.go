// Command mutants shows that the failure tests can fail: it builds the product with
// one mistake at a time, of the kind that a careless engineer makes, and has
// test/jepsen catch each.
//
// A mutant is a few replacements in the product's source, see table.go, which the
// compiler sees through an overlay: the product carries no switches, and its files
// are not touched. What one cannot say in a line or two stands in sources, as a file
// of its own that is added to a package of the product.
//
//	go run ./test/jepsen/mutants --mutant put-binding,restore-forgets-bindings
//
// It ends with 0 when every mutant was caught and the unbroken program was not; with
// 1 when one survived, which is a hole in the failure tests; and with 2 when
// something did not work. Nobody imports it; `make jepsen-mutants` runs it.
package main
