package console

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// readable is the least contrast of text that WCAG 2 asks for, drawnLines that of what
// is drawn.
const (
	readable   = 4.5
	drawnLines = 3.0
)

func TestTextCanBeReadInBothThemes(t *testing.T) {
	css, err := pages.ReadFile("page/colours.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, found := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !found {
		t.Fatal("there is no dark theme")
	}
	for name, theme := range map[string]map[string]string{"light": colours(light), "dark": colours(dark)} {
		check := func(text, ground string, least float64) {
			t.Helper()
			if got := contrast(t, theme[text], theme[ground]); got < least {
				t.Errorf("%s: %s on %s has a contrast of %.2f", name, text, ground, got)
			}
		}
		for _, ground := range []string{"ground", "surface", "inset"} {
			for _, text := range []string{"text", "soft", "accent", "good", "warn", "bad"} {
				check(text, ground, readable)
			}
		}
		for _, kind := range []string{"good", "warn", "bad"} {
			check("text", kind+"-ground", readable)
			check(kind, kind+"-ground", readable)
		}
		for _, ground := range []string{"accent", "warn", "bad"} { // the button, and the counts of warnings
			check("on-accent", ground, readable)
		}
		for n := 1; n <= 8; n++ {
			check("s"+strconv.Itoa(n), "surface", drawnLines)
		}
	}
}

// colours are the variables of a theme.
func colours(css string) map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
		found[m[1]] = m[2]
	}
	return found
}

// contrast is that of two colours as WCAG 2 defines it, 1 to 21.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 24)
	if err != nil || len(colour) != 7 {
		t.Fatalf("colour %q: %v", colour, err)
	}
	linear := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(16) + 0.7152*linear(8) + 0.0722*linear(0)
}
