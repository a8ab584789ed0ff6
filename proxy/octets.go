package proxy

import "encoding/json"

// octets is a string of any bytes, as clients' names and texts are: JSON knows texts of
// UTF-8 only, and would put other bytes in the place of those that are none.
type octets string

// MarshalJSON implements json.Marshaler.
func (o octets) MarshalJSON() ([]byte, error) { return json.Marshal([]byte(o)) }

// UnmarshalJSON implements json.Unmarshaler.
func (o *octets) UnmarshalJSON(text []byte) error {
	var bytes []byte
	err := json.Unmarshal(text, &bytes)
	*o = octets(bytes)
	return err
}
