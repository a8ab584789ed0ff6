package doctor

import "fmt"

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning" // it works, but not well, or not for long
	Problem Level = "problem" // something does not work, or is not protected
)

// Finding is what one check has seen.
type Finding struct {
	Level  Level  `json:"level"`
	Check  string `json:"check"` // what was looked at
	Seen   string `json:"seen"`
	Advice string `json:"advice,omitempty"` // what to do; "" for OK
}

// Report is all that was found.
type Report struct {
	Findings []Finding `json:"findings"`
	OK       int       `json:"ok"` // how many there are of each level
	Warnings int       `json:"warnings"`
	Problems int       `json:"problems"`
}

func newReport(findings []Finding) Report {
	r := Report{Findings: findings}
	for _, f := range findings {
		switch f.Level {
		case OK:
			r.OK++
		case Warning:
			r.Warnings++
		case Problem:
			r.Problems++
		}
	}
	return r
}

func ok(check, format string, args ...any) Finding {
	return Finding{Level: OK, Check: check, Seen: fmt.Sprintf(format, args...)}
}

func warning(check, seen, advice string) Finding {
	return Finding{Level: Warning, Check: check, Seen: seen, Advice: advice}
}

func problem(check, seen, advice string) Finding {
	return Finding{Level: Problem, Check: check, Seen: seen, Advice: advice}
}

// orElse is the finding when nothing is wrong.
func orElse(found []Finding, fine Finding) []Finding {
	if len(found) == 0 {
		return []Finding{fine}
	}
	return found
}
