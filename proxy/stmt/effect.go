package stmt

// Effect is what kind of work a text asks for, by the first word of its statements.
// It is for counting only: Class and Demand say how a text must be treated.
type Effect uint8

const (
	// EffectOther is everything that is none of the others: SET, USE, CALL, blocks,
	// extension statements, and several statements that are not all of one effect.
	EffectOther Effect = iota
	// EffectRead is SELECT, SHOW and the like. WITH counts as one.
	EffectRead
	// EffectWrite is INSERT, UPDATE, DELETE, REPLACE and LOAD.
	EffectWrite
	// EffectDDL is CREATE, ALTER, DROP, RENAME and TRUNCATE.
	EffectDDL
	// EffectTransaction begins or ends a transaction, or a part of one.
	EffectTransaction

	// Effects is how many there are.
	Effects = iota
)

// String returns the word by which metrics call it.
func (e Effect) String() string {
	switch e {
	case EffectRead:
		return "read"
	case EffectWrite:
		return "write"
	case EffectDDL:
		return "ddl"
	case EffectTransaction:
		return "transaction"
	default:
		return "other"
	}
}

// effectOf returns what a statement does that begins with the word, which is in
// lower case.
func effectOf(word []byte) Effect {
	switch string(word) {
	case "select", "show", "with", "describe", "desc", "explain", "values", "table", "do", "help", "checksum":
		return EffectRead
	case "insert", "update", "delete", "replace", "load":
		return EffectWrite
	case "create", "alter", "drop", "rename", "truncate":
		return EffectDDL
	case "begin", "commit", "rollback", "savepoint", "release", "xa":
		return EffectTransaction
	default:
		return EffectOther
	}
}
