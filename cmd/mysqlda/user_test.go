package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/cmd/mysqlda/internal/admin"
)

func (f *fakeNode) Users(context.Context) ([]admin.User, error) {
	return []admin.User{
		{Name: "app", Role: "client", Passwords: 2, Networks: []string{"10.0.0.0/8", "127.0.0.1/32"}, DefaultLibrary: "mysql_data_1", MaxSessions: 9},
		{Name: "dba", Role: "admin", Passwords: 1, Locked: true, Networks: []string{}, DefaultCore: "somebody"},
	}, f.err
}

func (f *fakeNode) AddUser(_ context.Context, name string, c admin.UserChange) error {
	return f.note("add %s %s", name, asJSONText(c))
}

func (f *fakeNode) ChangeUser(_ context.Context, name string, c admin.UserChange) error {
	return f.note("change %s %s", name, asJSONText(c))
}

func (f *fakeNode) RemoveUser(_ context.Context, name string) error { return f.note("forget %s", name) }

func asJSONText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func TestCommandsForUsersAskForWhatTheirFlagsSay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(file, []byte("s3 cret\r\nmore\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args, asked, says string
	}{
		{"add app --password-file " + file, `add app {"password":"s3 cret"}`, "user app is added"},
		{
			"add app --role admin --network 10.0.0.0/8,127.0.0.1 --network ::1 --default-core somebody --max-sessions 3 --password-file " + file,
			`add app {"password":"s3 cret","role":"admin","networks":["10.0.0.0/8","127.0.0.1","::1"],"default_core":"somebody","max_sessions":3}`, "is added",
		},
		{"set app --network any --default-library= --max-sessions 0", `change app {"networks":[],"default_library":"","max_sessions":0}`, "user app is changed"},
		{"set app --lock", `change app {"locked":true}`, "is changed"},
		{"set app --unlock --role client", `change app {"role":"client","locked":false}`, "is changed"},
		{"passwd app --password-file " + file, `change app {"password":"s3 cret"}`, "--discard-old"},
		{"passwd app --drop-old --password-file " + file, `change app {"password":"s3 cret","drop_old":true}`, "not right any more"},
		{"passwd app --discard-old", `change app {"drop_old":true}`, "only the newest password"},
		{"remove app", "forget app", "user app is removed"},
	} {
		node := &fakeNode{}
		code, stdout, stderr := execute(append(append([]string{"user"}, strings.Fields(c.args)...), "--http", serve(t, node))...)
		if code != exitDone || stderr != "" || !slices.Equal(node.asked, []string{c.asked}) || !strings.Contains(stdout, c.says) || strings.Contains(stdout, "cret") {
			t.Errorf("%s: exit %d, asked %q\n%s%s", c.args, code, node.asked, stdout, stderr)
		}
	}
}

func TestAPasswordThatIsMadeUpIsPrinted(t *testing.T) {
	node := &fakeNode{}
	address := serve(t, node)
	var made []string
	for _, args := range [][]string{{"user", "add", "app", "--generate"}, {"user", "passwd", "app", "--generate"}} {
		code, stdout, stderr := execute(append(args, "--http", address)...)
		_, word, found := strings.Cut(strings.TrimSpace(stdout), "\npassword: ")
		if code != exitDone || !found || len(word) < 20 || !strings.Contains(node.asked[len(node.asked)-1], `"`+word+`"`) {
			t.Errorf("exit %d, asked %q\n%s%s", code, node.asked, stdout, stderr)
		}
		made = append(made, word)
	}
	if made[0] == made[1] {
		t.Error("the same password twice")
	}
}

func TestCommandsForUsersThatMakeNoSense(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"user", exitUsage, "user needs one of add, passwd, set, remove and list"},
		{"user add", exitUsage, "NAME is missing"},
		{"user add app secret", exitUsage, "an argument too many"},
		{"user add app --password-file x --generate", exitUsage, "exclude each other"},
		{"user add app --generate --role king", exitUsage, `--role must be one of client, admin, not "king"`},
		{"user add app --generate --network any,10.0.0.0/8", exitUsage, "--network any stands alone"},
		{"user add app --generate --default-core a --default-library b", exitUsage, "exclude each other"},
		{"user add app --password-file " + empty, exitFailed, "is empty: a password is needed there"},
		{"user add app --password-file " + empty + "2", exitFailed, "no such file"},
		{"user set app", exitUsage, "no flag says what to change"},
		{"user set app --lock --unlock", exitUsage, "exclude each other"},
		{"user passwd app --discard-old --generate", exitUsage, "--discard-old is given alone"},
	} {
		node := &fakeNode{}
		code, _, stderr := execute(append(strings.Fields(c.args), "--http", serve(t, node))...)
		if c.args == "user" {
			code, _, stderr = execute("user")
		}
		if code != c.code || !strings.Contains(stderr, c.want) || node.asked != nil {
			t.Errorf("%s: exit %d, asked %q, %s", c.args, code, node.asked, stderr)
		}
	}
}

func TestUsersAreListed(t *testing.T) {
	address := serve(t, &fakeNode{})
	_, stdout, stderr := execute("user", "list", "--http", address)
	const want = `USER  ROLE    STATE   PASSWORDS  NETWORKS                 STARTS AT             MAX SESSIONS
app   client  open    2          10.0.0.0/8,127.0.0.1/32  library mysql_data_1  9
dba   admin   locked  1          any                      core object somebody  -
`
	if stdout != want {
		t.Errorf("got\n%s%s, want\n%s", stdout, stderr, want)
	}
	_, stdout, _ = execute("user", "list", "-o", "json", "--http", address)
	var users []admin.User
	if err := json.Unmarshal([]byte(stdout), &users); err != nil || len(users) != 2 || users[1].Role != "admin" {
		t.Errorf("%v\n%s", err, stdout)
	}
}
