package report

// Write makes dir/index.html, the page of one run.
func Write(dir string, r Run) error { return nil }

// WriteSummary makes dir/index.html, the page over many runs.
func WriteSummary(dir string, runs []Summary) error { return nil }
