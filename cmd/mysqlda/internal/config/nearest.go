package config

// maxComparedBytes bounds the work spent on a key that is no slip of anything.
const maxComparedBytes = 64

// nearest returns the candidate that s is most likely a slip of, or "" when
// none is near: at most a third of its letters may differ.
func nearest(s string, candidates []string) string {
	best, bestDistance := "", 0
	if len(s) > maxComparedBytes {
		return ""
	}
	for _, c := range candidates {
		d := distance(s, c)
		if d <= max(1, len(c)/3) && (best == "" || d < bestDistance) {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance counts the insertions, deletions, changes and swaps of neighbouring
// bytes that make b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			rows[i][j] = min(change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
