package stmt

import (
	"bytes"
	"encoding/hex"
)

// TraceParent is the place in a distributed trace from which a client has sent a
// statement, as W3C's Trace Context has it.
type TraceParent struct {
	TraceID [16]byte
	SpanID  [8]byte
	Sampled bool // the client's part of the trace is recorded
}

const (
	// traceComment bounds the bytes of a comment in which a traceparent is looked for.
	traceComment = 4 << 10
	// leadingComments bounds the comments that are looked at in front of a text.
	leadingComments = 3
)

// Trace returns the traceparent that a comment at the end of a text holds, or one in
// front of it, written as sqlcommenter does:
//
//	/*traceparent='00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01'*/
//
// with any other key='value' before and behind it, separated by commas. What does not
// look exactly like one is none. It does not allocate.
func Trace(sql []byte) (p TraceParent, ok bool) {
	end := len(sql)
	for end > 0 && (sql[end-1] == ';' || isSpace(sql[end-1])) {
		end--
	}
	if end > 0 && sql[end-1] == '/' { // as hardly any text
		if p, ok = traceAtEnd(sql[:end]); ok {
			return p, true
		}
	}
	if len(sql) == 0 || sql[0] != '/' && !isSpace(sql[0]) { // as nearly every text
		return TraceParent{}, false
	}
	return traceInFront(sql)
}

func traceAtEnd(text []byte) (p TraceParent, ok bool) {
	text = text[max(len(text)-traceComment, 0):]
	text, ok = bytes.CutSuffix(text, []byte("*/"))
	if !ok {
		return p, false
	}
	start := bytes.LastIndex(text, []byte("/*"))
	if start < 0 {
		return p, false
	}
	return traceIn(text[start+2:])
}

func traceInFront(text []byte) (p TraceParent, ok bool) {
	for range leadingComments {
		if text, ok = bytes.CutPrefix(bytes.TrimLeft(text, blankBytes), []byte("/*")); !ok {
			return p, false
		}
		end := bytes.Index(text[:min(len(text), traceComment)], []byte("*/"))
		if end < 0 {
			return p, false
		}
		if p, ok = traceIn(text[:end]); ok {
			return p, true
		}
		text = text[end+2:]
	}
	return p, false
}

// traceIn looks for a traceparent within a comment.
func traceIn(comment []byte) (p TraceParent, ok bool) {
	const (
		name   = "traceparent='"
		length = len("00-") + 32 + len("-") + 16 + len("-01")
	)
	for {
		i := bytes.Index(comment, []byte(name))
		if i < 0 {
			return p, false
		}
		whole := i == 0 || comment[i-1] == ',' || isSpace(comment[i-1])
		comment = comment[i+len(name):]
		if whole && len(comment) > length && comment[length] == '\'' {
			return parseTrace(comment[:length])
		}
	}
}

// parseTrace reads VERSION-TRACE-SPAN-FLAGS. A later version than 00 means the same
// by these parts.
func parseTrace(value []byte) (p TraceParent, ok bool) {
	var version, flags [1]byte
	for _, part := range []struct {
		into []byte
		at   int
	}{{version[:], 0}, {p.TraceID[:], 3}, {p.SpanID[:], 36}, {flags[:], 53}} {
		end := part.at + 2*len(part.into)
		if end < len(value) && value[end] != '-' || !isLowerHex(value[part.at:end]) {
			return TraceParent{}, false
		}
		if _, err := hex.Decode(part.into, value[part.at:end]); err != nil {
			return TraceParent{}, false
		}
	}
	p.Sampled = flags[0]&1 != 0
	if version[0] == 0xff || p.TraceID == [16]byte{} || p.SpanID == [8]byte{} {
		return TraceParent{}, false
	}
	return p, true
}

func isLowerHex(text []byte) bool {
	for _, c := range text {
		if !isDigit(c) && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
