package wire

// QueryText finds the text in the payload of a COM_QUERY, command byte included,
// of which only the beginning may be at hand. With ClientQueryAttributes the
// attributes of the query stand in front of it. The text points into payload and
// ends where that does; ok is false when the payload ends before the text, or is
// malformed.
func QueryText(payload []byte, caps Capability) (text []byte, ok bool) {
	r := reader{b: payload}
	r.skip(1)
	if caps.Has(ClientQueryAttributes) {
		r.queryAttributes()
	}
	return r.b, !r.bad
}

// queryAttributes skips what stands in front of the text of a query.
func (r *reader) queryAttributes() {
	count, sets := r.lenenc(), r.lenenc()
	if count == 0 || r.bad {
		return
	}
	if sets != 1 || count > maxParams {
		r.bad = true
		return
	}
	nulls := r.bytes((int(count) + 7) / 8)
	const typesFollow = 1
	if r.uint8() != typesFollow {
		r.bad = true // without their types the values cannot be skipped
		return
	}
	types := reader{b: r.types(int(count), true)}
	for i := range int(count) {
		t := ParamType(types.uint16())
		types.lenencBytes()
		if nulls == nil || r.bad {
			return
		}
		if nulls[i/8]&(1<<(i%8)) == 0 {
			r.skipParam(t)
		}
	}
}
