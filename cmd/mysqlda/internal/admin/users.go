package admin

import (
	"context"
	"net/http"
	"net/url"
)

// UserKeeper is the part of a Node that has to do with client users. Names are those
// that clients log in with.
type UserKeeper interface {
	// Users returns all users, in ascending order of their names.
	Users(ctx context.Context) ([]User, error)
	// AddUser adds a user that is not there yet. The change has a password.
	AddUser(ctx context.Context, name string, change UserChange) error
	// ChangeUser changes all of a user that the change names, or nothing.
	ChangeUser(ctx context.Context, name string, change UserChange) error
	// RemoveUser removes a user; its sessions end when nothing is open.
	RemoveUser(ctx context.Context, name string) error
}

// User is a client user, without the verifiers of its passwords.
type User struct {
	Name           string   `json:"name"`
	Role           string   `json:"role"` // client or admin
	Locked         bool     `json:"locked"`
	Passwords      int      `json:"passwords"` // that are right: 1, or 2 while they are rotated
	Networks       []string `json:"networks"`  // where it may come from, as 10.0.0.0/8; none: anywhere
	DefaultLibrary string   `json:"default_library"`
	DefaultCore    string   `json:"default_core"`
	MaxSessions    uint32   `json:"max_sessions"` // at each node; 0: no bound of its own
	// Account says that nobody has put the user yet: it is the account by which the
	// nodes log in to servers, which is a user by itself until somebody does.
	Account bool `json:"account,omitempty"`
}

// UserChange is a request to change a user. What is nil stays as it is; of a user
// that is added it is "", 0 or false, and the role is client.
type UserChange struct {
	// Password becomes the user's password. The one before stays right, too, until
	// DropOld; one before that does not.
	Password *Password `json:"password,omitempty"`
	DropOld  bool      `json:"drop_old,omitempty"` // only the newest password is right

	Role           *string   `json:"role,omitempty"`
	Locked         *bool     `json:"locked,omitempty"`
	Networks       *[]string `json:"networks,omitempty"`        // IP addresses are allowed, too
	DefaultLibrary *string   `json:"default_library,omitempty"` // takes the place of a default core object
	DefaultCore    *string   `json:"default_core,omitempty"`    // takes the place of a default library
	MaxSessions    *uint32   `json:"max_sessions,omitempty"`
}

const usersPath = "/api/v1/users"

func (s *Server) userRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+usersPath, s.users)
	mux.HandleFunc("PUT "+usersPath+"/{name}", s.addUser)
	mux.HandleFunc("POST "+usersPath+"/{name}", s.changeUser)
	mux.HandleFunc("DELETE "+usersPath+"/{name}", s.removeUser)
}

func (s *Server) users(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readRequestTimeout)
	defer cancel()
	users, err := s.node.Users(ctx)
	s.answer(w, users, err)
}

func (s *Server) addUser(w http.ResponseWriter, r *http.Request) {
	var request UserChange
	s.change(w, r, changeTimeout, &request, func(ctx context.Context) error {
		return s.node.AddUser(ctx, r.PathValue("name"), request)
	})
}

func (s *Server) changeUser(w http.ResponseWriter, r *http.Request) {
	var request UserChange
	s.change(w, r, changeTimeout, &request, func(ctx context.Context) error {
		return s.node.ChangeUser(ctx, r.PathValue("name"), request)
	})
}

func (s *Server) removeUser(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), changeTimeout)
	defer cancel()
	s.answer(w, struct{}{}, s.node.RemoveUser(ctx, r.PathValue("name")))
}

// Users asks for all client users.
func (c *Client) Users(ctx context.Context) ([]User, error) {
	var users []User
	err := c.do(ctx, http.MethodGet, usersPath, nil, &users)
	return users, err
}

// AddUser adds a client user.
func (c *Client) AddUser(ctx context.Context, name string, change UserChange) error {
	return c.do(ctx, http.MethodPut, usersPath+"/"+url.PathEscape(name), change, nil)
}

// ChangeUser changes a client user.
func (c *Client) ChangeUser(ctx context.Context, name string, change UserChange) error {
	return c.do(ctx, http.MethodPost, usersPath+"/"+url.PathEscape(name), change, nil)
}

// RemoveUser removes a client user.
func (c *Client) RemoveUser(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, usersPath+"/"+url.PathEscape(name), nil, nil)
}
