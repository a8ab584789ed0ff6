package integration

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/test/harness/cluster"
)

// labelsOf are the labels of metrics by the metrics' names.
type labelsOf map[string][]string

// documented are the metrics that docs/operations.md lists.
func documented(t *testing.T) labelsOf {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	found := make(labelsOf)
	for _, row := range regexp.MustCompile("(?m)^\\| `(mysqlda_[a-z_]+)` \\|([a-z, ]*)\\|").FindAllStringSubmatch(string(page), -1) {
		found[row[1]] = strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' || r == ' ' })
	}
	return found
}

var (
	sample = regexp.MustCompile(`^([a-z_]+)(?:\{(.*)\})? `)
	label  = regexp.MustCompile(`([a-z]+)="`)
	// suffix is what a histogram's series have behind its name.
	suffix = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// scrape returns the metrics that a node shows.
func scrape(t *testing.T, n *cluster.Node) labelsOf {
	t.Helper()
	request, err := http.NewRequestWithContext(within(t), http.MethodGet, "http://"+n.Addresses().HTTP+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	found, histograms := make(labelsOf), make(map[string]bool)
	for lines := bufio.NewScanner(response.Body); lines.Scan(); {
		var name, kind string
		if n, _ := fmt.Sscanf(lines.Text(), "# TYPE %s %s", &name, &kind); n == 2 {
			histograms[name] = kind == "histogram"
			continue
		}
		series := sample.FindStringSubmatch(lines.Text())
		if series == nil {
			continue
		}
		name = series[1]
		if base := suffix.ReplaceAllString(name, ""); histograms[base] {
			name = base
		}
		found[name] = nil
		for _, l := range label.FindAllStringSubmatch(series[2], -1) {
			if l[1] != "le" {
				found[name] = append(found[name], l[1])
			}
		}
	}
	if len(found) == 0 {
		body, err := io.ReadAll(response.Body)
		t.Fatalf("no metrics: %s, %q, %v", response.Status, body, err)
	}
	return found
}

// rule is an expression on metrics, and a text that shows labels of what it gives.
type rule struct{ where, expression, text string }

// alertRules reads docs/alerts.yml as far as it has to be understood.
func alertRules(t *testing.T) []rule {
	t.Helper()
	file, err := os.ReadFile("../../docs/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for _, alert := range strings.Split(string(file), "- alert: ")[1:] {
		name, rest, _ := strings.Cut(alert, "\n")
		parts := regexp.MustCompile(`(?s)^ +expr: (.*?)\n +(?:for|labels): (.*)`).FindStringSubmatch(rest)
		if parts == nil {
			t.Fatalf("%s: not understood", name)
		}
		rules = append(rules, rule{"alert " + name, parts[1], parts[2]})
	}
	return rules
}

// panelQueries reads docs/grafana.json.
func panelQueries(t *testing.T) []rule {
	t.Helper()
	file, err := os.ReadFile("../../docs/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Templating struct {
			List []struct{ Definition string }
		}
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
	}
	if err := json.Unmarshal(file, &dashboard); err != nil {
		t.Fatal(err)
	}
	var rules []rule
	for _, variable := range dashboard.Templating.List {
		if query := regexp.MustCompile(`^label_values\((.*), (.*)\)$`).FindStringSubmatch(variable.Definition); query != nil {
			rules = append(rules, rule{"a variable", query[1], "{{" + query[2] + "}}"})
		}
	}
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			rules = append(rules, rule{"panel " + panel.Title, target.Expr, target.LegendFormat})
		}
	}
	return rules
}

var (
	metricName = regexp.MustCompile(`\b(?:mysqlda|process|go)_[a-z_]+`)
	selector   = regexp.MustCompile(`\b([a-z_]+)\{(.*?)\}`)
	matcher    = regexp.MustCompile(`([a-z]+)(?:=~|!=|=)"`)
	grouping   = regexp.MustCompile(`\b(?:by|on) \((.*?)\)`)
	shown      = regexp.MustCompile(`\{\{(?: ?\$labels\.)?([a-z]+) ?\}\}`)
)

// misnamed returns what of a rule there is not among the metrics.
func misnamed(r rule, known labelsOf) (problems []string) {
	hasLabel := func(metric, label string) bool {
		base := metric
		if _, ok := known[base]; !ok {
			base = suffix.ReplaceAllString(metric, "")
		}
		return label == "instance" || label == "job" || label == "le" && strings.HasSuffix(metric, "_bucket") ||
			slices.Contains(known[base], label)
	}
	names := metricName.FindAllString(r.expression, -1)
	if len(names) == 0 && !strings.HasPrefix(r.expression, "up{") {
		problems = append(problems, "no metric")
	}
	for _, name := range names {
		_, plain := known[name]
		_, histogram := known[suffix.ReplaceAllString(name, "")]
		if !plain && !histogram {
			problems = append(problems, "no metric "+name)
		}
	}
	for _, s := range selector.FindAllStringSubmatch(r.expression, -1) {
		for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
			if !hasLabel(s[1], m[1]) {
				problems = append(problems, s[1]+" has no label "+m[1])
			}
		}
	}
	for _, g := range grouping.FindAllStringSubmatch(r.expression, -1) {
		for _, l := range strings.Split(g[1], ", ") {
			for _, name := range names {
				if !hasLabel(name, l) {
					problems = append(problems, name+" has no label "+l)
				}
			}
		}
	}
	for _, l := range shown.FindAllStringSubmatch(r.text, -1) {
		given := len(names) == 0
		for _, name := range names {
			given = given || hasLabel(name, l[1])
		}
		if groups := grouping.FindStringSubmatch(r.expression); groups != nil && strings.Contains(r.expression, " by (") {
			given = given && slices.Contains(strings.Split(groups[1], ", "), l[1])
		}
		if !given {
			problems = append(problems, "nothing gives the label "+l[1]+" that is shown")
		}
	}
	return problems
}

func TestDashboardAndAlertsUseMetricsThatNodesHave(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), options(t, 1))
	if err != nil {
		t.Fatal(err)
	}
	cluster.CleanUp(t, c)
	conn := connect(t, c.Nodes[0])
	if _, err := conn.ExecContext(within(t), "select * from nowhere"); err == nil { // an error of ours
		t.Error("a table is read before a library is selected")
	}
	if _, err := selectLibrary(t.Context(), conn, "cust"); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"create table metered (a int)", "begin", "insert into metered values (1)", "commit", "select * from metered",
	} {
		if _, err := conn.ExecContext(within(t), text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
	if _, err := conn.ExecContext(within(t), "select * from nowhere"); err == nil { // an error of the server
		t.Error("a table that is not there is read")
	}

	known, seen := documented(t), scrape(t, c.Nodes[0])
	if len(known) < 50 {
		t.Fatalf("docs/operations.md lists %d metrics", len(known))
	}
	for name, labels := range seen {
		if !strings.HasPrefix(name, "mysqlda_") {
			known[name] = labels
			continue
		}
		listed, ok := known[name]
		slices.Sort(listed)
		slices.Sort(labels)
		if labels = slices.Compact(labels); !ok || !slices.Equal(labels, listed) {
			t.Errorf("a node has %s with %q, the page has %q, %t", name, labels, listed, ok)
		}
	}
	for _, name := range []string{"mysqlda_client_errors_total", "mysqlda_server_errors_total", "mysqlda_relay_seconds", "mysqlda_ready"} {
		if _, ok := seen[name]; !ok {
			t.Errorf("the node does not show %s", name)
		}
	}
	rules := slices.Concat(alertRules(t), panelQueries(t))
	if len(rules) < 80 {
		t.Errorf("only %d expressions were found", len(rules))
	}
	for _, r := range rules {
		for _, problem := range misnamed(r, known) {
			t.Errorf("%s: %s: %s", r.where, r.expression, problem)
		}
	}
}

func TestAWrongNameInARuleIsSeen(t *testing.T) {
	t.Parallel()
	known := labelsOf{"mysqlda_a_total": {"library"}, "mysqlda_b_seconds": {"server"}}
	for _, r := range []rule{
		{expression: "mysqlda_a_totals"},
		{expression: "mysqlda_a"},
		{expression: `mysqlda_a_total{core="x"}`},
		{expression: "sum by (server) (mysqlda_a_total)"},
		{expression: "sum by (library, le) (mysqlda_a_total)"},
		{expression: "mysqlda_a_total == 1 and on (server) mysqlda_a_total"},
		{expression: "sum(1)"},
		{expression: "mysqlda_a_total", text: "{{server}}"},
		{expression: "sum by (library) (mysqlda_a_total)", text: "{{ $labels.instance }}"},
	} {
		if len(misnamed(r, known)) == 0 {
			t.Errorf("%+v passes", r)
		}
	}
	for _, r := range []rule{
		{expression: `sum by (library, instance) (mysqlda_a_total{library=~"x"})`, text: "{{library}} {{ $labels.instance }}"},
		{expression: "histogram_quantile(0.5, sum by (server, le) (rate(mysqlda_b_seconds_bucket[5m])))", text: "{{server}}"},
	} {
		if problems := misnamed(r, known); problems != nil {
			t.Errorf("%+v: %q", r, problems)
		}
	}
}
