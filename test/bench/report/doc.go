// Package report is how the benchmarks write down what they found: tables, and a
// document of several parts, each of which belongs to one program.
package report
