package fsm

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// userWords says in one line what a command has made of a user, which was nil if it
// was not known. Nothing of a password is told but that it is another one.
func userWords(was, is *User) string {
	if was == nil {
		was = &User{}
	}
	var words []string
	if was.Name == "" {
		words = append(words, "put")
	}
	switch {
	case was.Name == "":
	case !slices.Equal(was.Passwords[:1], is.Passwords[:1]):
		words = append(words, "another password")
	case len(was.Passwords) > len(is.Passwords):
		words = append(words, "the old password is no longer right")
	}
	differ := func(name string, was, is any) {
		if was != is {
			words = append(words, fmt.Sprintf("%s %v -> %v", name, was, is))
		}
	}
	differ("role", was.Role, is.Role)
	differ("locked", onOff(was.Locked), onOff(is.Locked))
	differ("networks", networkWords(was.Networks), networkWords(is.Networks))
	differ("default library", quoted(was.DefaultLibrary), quoted(is.DefaultLibrary))
	differ("default core object", quoted(was.DefaultCore), quoted(is.DefaultCore))
	differ("sessions a node", was.MaxSessions, is.MaxSessions)
	if words == nil {
		return ""
	}
	return fmt.Sprintf("user %s: %s", is.Name, strings.Join(words, "; "))
}

func networkWords(list []netip.Prefix) string {
	if len(list) == 0 {
		return "any"
	}
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = n.String()
	}
	return strings.Join(words, ",")
}
