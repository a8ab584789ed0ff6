package observe

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestMetricIsTheSumOfItsSeries(t *testing.T) {
	page := `# HELP a_total help
a_total{server="1",state="in_use"} 3
a_total{server="2",state="in_use"} 4
a_total{server="2",state="idle"} 50
a_total_more 600
heap 1.5e+06
`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := w.Write([]byte(page)); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	for _, c := range []struct {
		name, labels string
		want         float64
	}{{"a_total", `state="in_use"`, 7}, {"a_total", "", 57}, {"heap", "", 1.5e6}, {"none", "", 0}} {
		if got, err := Metric(t.Context(), address, c.name, c.labels); err != nil || got != c.want {
			t.Errorf("%s{%s} is %v (%v), want %v", c.name, c.labels, got, err, c.want)
		}
	}
}
