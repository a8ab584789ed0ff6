package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"time"
)

const (
	// askMemberTimeout bounds how long another node may take. It is less than the
	// console waits.
	askMemberTimeout    = 5 * time.Second
	maxMemberAnswer     = 16 << 20
	idleMemberConns     = 2 // to one node
	maxMemberConns      = 8 // to one node
	memberIdleTimeout   = 20 * time.Second
	memberHeaderTimeout = askMemberTimeout
)

// pagesOfNodes are what may be asked of a node through another one. All of them
// only show something.
var pagesOfNodes = []string{"status", "activity", "sessions", "effective"}

// newMembersClient connects to other nodes as the credentials say.
func newMembersClient(shown Credentials) *http.Client {
	transport := shown.transport()
	transport.MaxIdleConnsPerHost = idleMemberConns
	transport.MaxConnsPerHost = maxMemberConns
	transport.IdleConnTimeout = memberIdleTimeout
	transport.ResponseHeaderTimeout = memberHeaderTimeout
	return &http.Client{
		Transport: transport,
		// Whatever listens at a member's address now must not send us elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// ofNode answers with what a member of the cluster answers. So a browser sees all
// nodes through the one that it talks to.
func (s *Server) ofNode(w http.ResponseWriter, r *http.Request) {
	page := r.PathValue("page")
	if !slices.Contains(pagesOfNodes, page) {
		s.nothingHere(w, r)
		return
	}
	status, err := s.node.Status()
	if err != nil {
		s.answer(w, nil, err)
		return
	}
	id := r.PathValue("id")
	at := slices.IndexFunc(status.Nodes, func(n NodeStatus) bool { return n.ID == id })
	if at < 0 {
		s.write(w, http.StatusNotFound, Problem{fmt.Sprintf("no node of this cluster is called %s, see `mysqlda status`", id)})
		return
	}
	code, answer, err := s.askMember(r, status.Nodes[at], page)
	if err != nil {
		s.write(w, http.StatusBadGateway, Problem{err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	s.wrote(w.Write(answer))
}

// askMember asks a member for one of pagesOfNodes on behalf of whoever has sent r,
// with their token, which does not leave this machine in the clear. It is the only way by which a node asks another one's API.
func (s *Server) askMember(r *http.Request, member NodeStatus, page string) (code int, answer []byte, err error) {
	if member.HTTP == "" {
		return 0, nil, fmt.Errorf("the http address of node %s is not known here yet", member.ID)
	}
	ctx, cancel := context.WithTimeout(r.Context(), askMemberTimeout)
	defer cancel()
	url := s.towards.scheme() + member.HTTP + "/api/v1/" + page
	if r.URL.RawQuery != "" {
		url += "?" + r.URL.RawQuery
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("request to node %s: %w", member.ID, err)
	}
	if token := r.Header.Get("Authorization"); token != "" {
		if err := s.towards.checkSent(member.HTTP); err != nil {
			return 0, nil, fmt.Errorf("node %s: %w", member.ID, err)
		}
		request.Header.Set("Authorization", token)
	}
	response, err := s.members.Do(request)
	if err != nil {
		return 0, nil, unreachableMember(member, err)
	}
	defer response.Body.Close()
	answer, err = io.ReadAll(io.LimitReader(response.Body, maxMemberAnswer+1))
	switch {
	case err != nil:
		return 0, nil, unreachableMember(member, err)
	case len(answer) > maxMemberAnswer:
		return 0, nil, fmt.Errorf("node %s answers with more than %d bytes", member.ID, maxMemberAnswer)
	case response.Header.Get("Content-Type") != "application/json":
		return 0, nil, fmt.Errorf("what answers at http address %s is not node %s: HTTP status %s", member.HTTP, member.ID, response.Status)
	}
	return response.StatusCode, answer, nil
}

func unreachableMember(member NodeStatus, err error) error {
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("node %s does not answer at http address %s in time", member.ID, member.HTTP)
	}
	if opening := new(net.OpError); errors.As(err, &opening) {
		return fmt.Errorf("node %s does not answer at http address %s: %w", member.ID, member.HTTP, opening.Err)
	}
	return fmt.Errorf("node %s does not answer at http address %s: %w", member.ID, member.HTTP, err)
}
