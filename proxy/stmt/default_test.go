package stmt

// The same under the default syntax, for texts whose session is not known.

// Parse is Syntax(0).Parse.
func Parse(sql []byte) (Extension, Verdict) { return Syntax(0).Parse(sql) }

// Classify is Syntax(0).Classify.
func Classify(sql []byte) Class { return Syntax(0).Classify(sql) }

// Use is Syntax(0).Use.
func Use(sql []byte) (database string, ok bool) { return Syntax(0).Use(sql) }
