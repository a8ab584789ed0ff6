package wire

import "fmt"

// ServerError is an error packet of a server.
type ServerError struct {
	Code    uint16
	State   string // SQLSTATE; "" when the server gave none
	Message string // cut at 4 KiB
}

func (e *ServerError) Error() string {
	if e.State == "" {
		return fmt.Sprintf("error %d: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("error %d (%s): %s", e.Code, e.State, e.Message)
}

// ParseServerError reads the payload of an ERR packet, with or without SQLSTATE:
// before the login some servers give one and some do not. The error is a
// *ServerError, or ErrNoServer for what is no such packet.
func ParseServerError(payload []byte) error {
	r := reader{b: payload}
	mark, code := r.uint8(), r.uint16()
	if r.bad || mark != markErr {
		return fmt.Errorf("%w: a broken error packet", ErrNoServer)
	}
	refused := &ServerError{Code: code}
	if len(r.b) >= 6 && r.b[0] == '#' {
		refused.State = string(r.b[1:6])
		r.skip(6)
	}
	refused.Message = clip(string(r.b), maxMessage)
	return refused
}
