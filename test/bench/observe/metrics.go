package observe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Metric reads a metric of the node whose HTTP address, host:port, is given: the
// sum of those series whose labels hold the text. A metric that is not there is 0:
// some series begin with the first event.
func Metric(ctx context.Context, address, name, labels string) (sum float64, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("read the metrics of %s: %w", address, err)
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("read the metrics of %s: %s", address, answer.Status)
	}
	for lines := bufio.NewScanner(answer.Body); ; {
		if !lines.Scan() {
			return sum, lines.Err()
		}
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || rest[0] != ' ' && rest[0] != '{' || !strings.Contains(rest, labels) {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("metric %s of %s: %w", name, address, err)
		}
		sum += value
	}
}
