package config

// Secret is a string that does not show itself: not in logs, errors, or JSON.
// Convert it with string(s) where it is used.
type Secret string

const hidden = "(hidden)"

// String implements fmt.Stringer.
func (Secret) String() string { return hidden }

// GoString implements fmt.GoStringer.
func (Secret) GoString() string { return hidden }

// MarshalText implements encoding.TextMarshaler, and so JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }
