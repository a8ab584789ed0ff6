package admin

import (
	"net/http"
	"strings"
	"testing"
)

func TestBrowsersAreSentToTheConsole(t *testing.T) {
	address := serve(t, &fakeNode{})
	got := askAs(t, address, "/", map[string]string{"Accept": "text/html,application/xhtml+xml"})
	if got.Code != http.StatusFound || got.Header().Get("Location") != "/console/" {
		t.Errorf("a browser: %d to %q", got.Code, got.Header().Get("Location"))
	}
	if got := askAs(t, address, "/console/", nil); got.Code != 200 || !strings.HasPrefix(got.Body.String(), "<!doctype html>") {
		t.Errorf("the console: %d %.80s", got.Code, got.Body)
	}
	if got := askAs(t, address, "/", map[string]string{"Accept": "*/*"}); got.Code != 404 || got.Body.String() != "{\"error\":\"there is no GET /\"}\n" {
		t.Errorf("a program: %d %s", got.Code, got.Body)
	}
}

func TestLocating(t *testing.T) {
	address := serve(t, &fakeNode{})
	for _, c := range []struct {
		query string
		code  int
		body  string
	}{
		{"core=a", 200, `{"core":"a","library":"mysql_data_1"}`},
		{"class=card_no&object=33+1", 200, `{"class":"card_no","object":"33 1","core":"c","library":"mysql_data_2"}`},
		{"core=a&class=card_no&object=1", 400, `{"error":"bad request: give either core, or class and object"}`},
	} {
		if code, body := ask(t, "GET", address, "/api/v1/locate?"+c.query, "", ""); code != c.code || body != c.body+"\n" {
			t.Errorf("%s: got %d %s", c.query, code, body)
		}
	}
}
