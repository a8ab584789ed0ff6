package fsm

import (
	"errors"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

// errorCodes pairs the errors that callers decide on with their numbers on the
// wire.
var errorCodes = [...]struct {
	code fsmpb.ErrorCode
	err  error
}{
	{fsmpb.ErrorCode_ERROR_CODE_NO_PLACEMENT, ErrNoPlacement},
	{fsmpb.ErrorCode_ERROR_CODE_NO_BINDING, ErrNoBinding},
	{fsmpb.ErrorCode_ERROR_CODE_BOUND, ErrBound},
	{fsmpb.ErrorCode_ERROR_CODE_NO_OPEN_LIBRARY, ErrNoOpenLibrary},
	{fsmpb.ErrorCode_ERROR_CODE_BAD_NAME, ErrBadName},
	{fsmpb.ErrorCode_ERROR_CODE_STALE_VERSION, ErrStaleVersion},
	{fsmpb.ErrorCode_ERROR_CODE_BAD_CHANGE, ErrBadChange},
	{fsmpb.ErrorCode_ERROR_CODE_NO_LEADER, ErrNoLeader},
	{fsmpb.ErrorCode_ERROR_CODE_OVERLOADED, ErrOverloaded},
	{fsmpb.ErrorCode_ERROR_CODE_REMOVED, ErrRemoved},
	{fsmpb.ErrorCode_ERROR_CODE_BOOTSTRAPPED, ErrBootstrapped},
	{fsmpb.ErrorCode_ERROR_CODE_STALE_SWITCH, ErrStaleSwitch},
}

// ErrorProto gives an error's form for the way to another node: the number of
// the sentinel error that it wraps, if any, and its text. It returns nil for nil.
func ErrorProto(err error) *fsmpb.Error {
	if err == nil {
		return nil
	}
	p := &fsmpb.Error{Text: err.Error()}
	for _, known := range errorCodes {
		if errors.Is(err, known.err) {
			p.Code = known.code
			break
		}
	}
	return p
}

// ErrorFromProto gives back an error with the same text that wraps the same
// sentinel error. It returns nil for nil.
func ErrorFromProto(p *fsmpb.Error) error {
	if p == nil {
		return nil
	}
	e := &remoteError{text: p.GetText()}
	for _, known := range errorCodes {
		if p.GetCode() == known.code {
			e.sentinel = known.err
			break
		}
	}
	return e
}

// remoteError is an error that another node found.
type remoteError struct {
	text     string
	sentinel error // nil when only the text is known
}

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() error { return e.sentinel }
