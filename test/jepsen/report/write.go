package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"time"
)

//go:embed page.html summary.html style.css chart.html
var texts embed.FS

// parse reads the templates. They are part of the binary, so that only a mistake of
// ours makes it fail.
func parse() (*template.Template, error) {
	t, err := template.New("").Funcs(template.FuncMap{"short": short, "seconds": seconds}).
		ParseFS(texts, "page.html", "summary.html", "style.css", "chart.html")
	if err != nil {
		return nil, fmt.Errorf("parse the report's templates: %w", err)
	}
	return t, nil
}

// Write makes dir/index.html, the page of one run.
func Write(dir string, r Run) error { return write(dir, "page.html", newPage(r)) }

// WriteSummary makes dir/index.html, the page over many runs, in the order given.
func WriteSummary(dir string, runs []Summary) error {
	return write(dir, "summary.html", newOverview(runs))
}

func write(dir, name string, data any) error {
	t, err := parse()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	if err := t.ExecuteTemplate(&out, name, data); err != nil {
		return fmt.Errorf("fill in the report: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "index.html"), out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// short is a duration with three or so digits.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	default:
		return d.Round(time.Microsecond).String()
	}
}

// seconds is a time since the beginning.
func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }
