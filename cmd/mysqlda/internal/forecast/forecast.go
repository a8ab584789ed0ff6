// Package forecast computes how many core objects libraries will have after so
// many new ones, by the rule of package ring and by that of mysqlda 0.0.7. It
// draws no single core object: each library gets its exact share of a step's new
// ones, so its cost does not depend on how many they are.
package forecast

import "math"

// Library is a library as it is before the first new core object.
type Library struct {
	Name    string
	Weight  uint32
	Objects uint64 // core objects that live there
	Added   bool   // is new
}

// Plan says what to compute.
type Plan struct {
	Libraries  []Library
	NewObjects uint64 // with those that are there, at most MaxObjects
	Points     int    // how many states are recorded after the first one; 1 to 10,000
}

// MaxObjects keeps counts exact in floating point.
const MaxObjects = 1 << 50

// Course is how counts develop.
type Course struct {
	States []State // Points+1, the first one before any new core object
	// CaughtUp holds for each library after how many new core objects it had
	// CaughtUpPercent of its due for the first time; -1 if never.
	CaughtUp []int64
	// LongestStep is the largest number of new core objects that was handed out
	// by the shares of one state.
	LongestStep uint64
}

// CaughtUpPercent is the part of its due with which a library has caught up. Its due is
// what it has when it is as full as the fullest one.
const CaughtUpPercent = 95

// State is how things are after some new core objects.
type State struct {
	NewObjects uint64
	Libraries  []Amount // in the plan's order
}

// Amount is what one library has.
type Amount struct {
	Objects uint64
	Share   float64 // of the next new core objects, 0 to 1
}

const (
	// A step is a small part of what the library with the smallest due has, so
	// that shares hardly change within it, but at least stepFloor objects and
	// one of mostSteps equal parts of all.
	stepPart  = 256
	stepFloor = 16
	mostSteps = 10_000
)

// Run computes what becomes of a plan by a rule.
func Run(plan Plan, rule Rule) Course {
	counts := make([]float64, len(plan.Libraries))
	course := Course{CaughtUp: make([]int64, len(plan.Libraries))}
	for i, l := range plan.Libraries {
		counts[i] = float64(l.Objects)
		course.CaughtUp[i] = -1
	}
	var done uint64
	for point := range plan.Points + 1 {
		until := plan.NewObjects * uint64(point) / uint64(plan.Points)
		for done < until {
			step := min(until-done, max(stepFloor, plan.NewObjects/mostSteps, rule.smallestDue(counts)/stepPart))
			for i, share := range rule.Shares(counts) {
				counts[i] += share * float64(step)
			}
			done += step
			course.LongestStep = max(course.LongestStep, step)
			course.noteCaughtUp(rule, counts, done)
		}
		course.noteCaughtUp(rule, counts, done)
		course.States = append(course.States, state(done, counts, rule.Shares(counts)))
	}
	return course
}

func (c *Course) noteCaughtUp(rule Rule, counts []float64, done uint64) {
	fullest := rule.fullest(counts)
	for i := range counts {
		if c.CaughtUp[i] < 0 && counts[i]*100 >= fullest*rule.due(i)*CaughtUpPercent {
			c.CaughtUp[i] = int64(done)
		}
	}
}

// state rounds counts so that their sum stays right.
func state(done uint64, counts, shares []float64) State {
	s := State{NewObjects: done, Libraries: make([]Amount, len(counts))}
	var sum, given float64
	for i, count := range counts {
		sum += count
		whole := math.Round(sum) - given
		given += whole
		s.Libraries[i] = Amount{Objects: uint64(whole), Share: shares[i]}
	}
	return s
}
