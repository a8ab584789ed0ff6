package savefile

// stampLen is the length of a time stamp, `2017-08-24 22:17:11`.
const stampLen = len("2017-08-24 22:17:11")

// isStamp reports whether b begins with a time stamp.
func isStamp(b []byte) bool {
	if len(b) < stampLen {
		return false
	}
	return b[4] == '-' && b[7] == '-' && b[10] == ' ' && b[13] == ':' && b[16] == ':' &&
		digit(b[0]) && digit(b[1]) && digit(b[2]) && digit(b[3]) && digit(b[5]) && digit(b[6]) &&
		digit(b[8]) && digit(b[9]) && digit(b[11]) && digit(b[12]) && digit(b[14]) && digit(b[15]) &&
		digit(b[17]) && digit(b[18])
}

// beginsStamp reports whether a cut may have left s of a time stamp of this
// century. It is not empty.
func beginsStamp(s string) bool {
	const shape = "20dd-dd-dd dd:dd:dd"
	if len(s) > len(shape) {
		return false
	}
	for i := range len(s) {
		if s[i] != shape[i] && (shape[i] != 'd' || !digit(s[i])) {
			return false
		}
	}
	return true
}

func digit(c byte) bool { return c-'0' <= 9 }

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r' }

// nextStamp returns where the next time stamp begins at or after from, or -1. Of
// two that overlap the later one is meant: the first is cut, and has got its last
// digits from the other, as in `2017-08-24 22:17:2017-08-24 22:18:00`.
func nextStamp(line []byte, from int) int {
	found := -1
	for i := from; i+stampLen <= len(line); i++ {
		if found >= 0 && i >= found+stampLen {
			break
		}
		if isStamp(line[i:]) {
			found = i
		}
	}
	return found
}

// clean reads a line as the original program writes it; ok is false for
// everything else, which may be good all the same.
func clean(line []byte) (name, target []byte, ok bool) {
	if len(line) < stampLen+4 || line[stampLen] != ' ' || !isStamp(line) {
		return nil, nil, false
	}
	rest := line[stampLen+1:]
	for i, c := range rest {
		if space(c) {
			name, target = rest[:i], rest[i+1:]
			break
		}
	}
	if len(name) == 0 || len(target) == 0 {
		return nil, nil, false
	}
	for _, c := range target {
		if space(c) {
			return nil, nil, false
		}
	}
	return name, target, true
}

// fields reads what follows a time stamp as the original program's own reader
// does, for which any white space separates; count is how many fields there are.
func fields(b []byte) (name, target []byte, count int) {
	for i := 0; i < len(b); {
		if space(b[i]) {
			i++
			continue
		}
		end := i
		for end < len(b) && !space(b[end]) {
			end++
		}
		switch count {
		case 0:
			name = b[i:end]
		case 1:
			target = b[i:end]
		}
		count++
		i = end
	}
	return name, target, count
}
