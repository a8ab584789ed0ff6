// Package top makes `mysqlda top`: it asks all nodes of a cluster for their live
// numbers again and again, makes rates of two readings, and shows them. It changes
// nothing and decides nothing; the command says where to begin and how to show it.
//
//	reading.go   what all nodes said at one moment
//	frame.go     what happened between two readings
//	quantile.go  latencies of histograms
//	order.go     the views and what they can be sorted by
//	table.go     columns that fit
//	view.go      a frame as lines
//	run.go       again and again, on a screen or one after another
package top
