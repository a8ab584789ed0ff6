package top

import (
	"cmp"
	"slices"
)

// View is what the lines of a frame are of.
type View string

// The views.
const (
	Libraries View = "libraries"
	Nodes     View = "nodes"
	Sessions  View = "sessions"
)

// Views are all views, in the order in which the key l changes them.
func Views() []View { return []View{Libraries, Sessions, Nodes} }

// Order is what lines are sorted by: numbers from the largest, names from the first.
type Order string

// The orders.
const (
	ByStatements Order = "statements" // of sessions: commands
	ByErrors     Order = "errors"     // of sessions, which have none: as statements
	ByLatency    Order = "latency"    // the 99th percentile; of sessions: how long they are there
	BySessions   Order = "sessions"   // of sessions: the library
	ByName       Order = "name"
)

// Orders are all orders, in the order in which the key s changes them.
func Orders() []Order { return []Order{ByStatements, ByErrors, ByLatency, BySessions, ByName} }

// next is the one behind this one, and the first behind the last.
func next[T comparable](of []T, this T) T { return of[(slices.Index(of, this)+1)%len(of)] }

// Sort sorts all lines of a frame.
func (f *Frame) Sort(by Order) {
	slices.SortStableFunc(f.Libraries, func(a, b LibraryRates) int {
		return cmp.Or(compareRates(a.Rates, b.Rates, by), cmp.Compare(a.Name, b.Name))
	})
	slices.SortStableFunc(f.Nodes, func(a, b NodeRates) int {
		return cmp.Or(compareRates(a.Rates, b.Rates, by), cmp.Compare(a.ID, b.ID))
	})
	slices.SortStableFunc(f.List, func(a, b SessionRates) int {
		first := 0
		switch by {
		case ByStatements, ByErrors:
			first = cmp.Compare(b.CommandRate, a.CommandRate)
		case ByLatency:
			first = cmp.Compare(b.Seconds, a.Seconds)
		case BySessions:
			first = cmp.Compare(a.Library, b.Library)
		case ByName:
			first = cmp.Compare(a.User, b.User)
		}
		return cmp.Or(first, cmp.Compare(a.Node, b.Node), cmp.Compare(a.ID, b.ID))
	})
}

func compareRates(a, b Rates, by Order) int {
	switch by {
	case ByStatements:
		return cmp.Compare(b.Statements, a.Statements)
	case ByErrors:
		return cmp.Compare(b.Errors, a.Errors)
	case ByLatency:
		return cmp.Compare(orNone(b.P99), orNone(a.P99))
	case BySessions:
		return cmp.Compare(b.Sessions, a.Sessions)
	default:
		return 0
	}
}

func orNone(latency *float64) float64 {
	if latency == nil {
		return -1
	}
	return *latency
}
