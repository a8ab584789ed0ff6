package admin

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/mysqlda/mysqlda/fsm"
)

func (f *fakeNode) Users(context.Context) ([]User, error) {
	return []User{{Name: "app/1", Role: "client", Passwords: 2, Networks: []string{}}}, f.err
}

func (f *fakeNode) AddUser(_ context.Context, name string, c UserChange) error {
	return f.note("add %s %s", name, userChangeWords(c))
}

func (f *fakeNode) ChangeUser(_ context.Context, name string, c UserChange) error {
	return f.note("change %s %s", name, userChangeWords(c))
}

func (f *fakeNode) RemoveUser(_ context.Context, name string) error { return f.note("remove %s", name) }

func userChangeWords(c UserChange) string {
	var words []string
	if c.Password != nil {
		words = append(words, "password "+string(*c.Password))
	}
	if c.Role != nil {
		words = append(words, "role "+*c.Role)
	}
	if c.Networks != nil {
		words = append(words, fmt.Sprint("networks ", *c.Networks))
	}
	return strings.Join(append(words, fmt.Sprintf("drop_old=%t", c.DropOld)), " ")
}

func TestUsersAreChangedOverTheAPI(t *testing.T) {
	node := &fakeNode{}
	c := NewClient(serve(t, node))
	users, err := c.Users(t.Context())
	if err != nil || len(users) != 1 || users[0].Name != "app/1" || users[0].Passwords != 2 {
		t.Errorf("%+v, %v", users, err)
	}
	for _, err := range []error{
		c.AddUser(t.Context(), "app/1 ?", UserChange{Password: new(Password("s3cret")), Role: new("admin")}),
		c.ChangeUser(t.Context(), "app", UserChange{Networks: &[]string{}, DropOld: true}),
		c.RemoveUser(t.Context(), "app"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := "add app/1 ? password s3cret role admin drop_old=false|change app networks [] drop_old=true|remove app"
	if got := strings.Join(node.asked, "|"); got != want {
		t.Errorf("the node was asked for\n%s, want\n%s", got, want)
	}
	node.err = fmt.Errorf("%w: there is no user app", fsm.ErrBadChange)
	if err := c.RemoveUser(t.Context(), "app"); err == nil || !strings.Contains(err.Error(), "there is no user app") {
		t.Errorf("got %v", err)
	}
	if status, body := ask(t, "POST", c.Address(), "/api/v1/users/app", "application/json", `{"pass": "x"}`); status != 400 || !strings.Contains(body, `unknown field \"pass\"`) {
		t.Errorf("%d %s", status, body)
	}
}

func (f *fakeNode) Secrets(context.Context) (Secrets, error) {
	return Secrets{Key: "k", Keys: []string{"k"}, Clear: 2, Locked: []string{}}, f.err
}

func (f *fakeNode) Reseal(context.Context) error { return f.note("reseal") }

func TestSecretsAreAskedForAndSealedAnewOverTheAPI(t *testing.T) {
	node := &fakeNode{}
	c := NewClient(serve(t, node))
	if known, err := c.Secrets(t.Context()); err != nil || known.Key != "k" || known.Clear != 2 {
		t.Errorf("%+v, %v", known, err)
	}
	if err := c.Reseal(t.Context()); err != nil || strings.Join(node.asked, "|") != "reseal" {
		t.Errorf("%v, asked %q", err, node.asked)
	}
}
