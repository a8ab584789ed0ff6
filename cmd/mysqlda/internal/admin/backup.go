package admin

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.uber.org/zap"
)

const (
	// maxBackups is how many backups a node sends at a time.
	maxBackups = 4
	// backupPiece is what is sent at once, in bytes.
	backupPiece = 256 << 10
	// backupStall bounds how long one piece may take, on either side: a backup goes
	// on for as long as it makes progress.
	backupStall = 30 * time.Second
)

// errBackupBusy says that as many backups as a node sends at a time are under way.
var errBackupBusy = errors.New("too many backups of this node are under way; try again later, or ask another node")

// backup sends the state as package fsm writes it. A backup that breaks off ends
// the connection, and lacks its end.
func (s *Server) backup(w http.ResponseWriter, r *http.Request) {
	select {
	case s.backups <- struct{}{}:
		defer func() { <-s.backups }()
	default:
		s.answer(w, nil, errBackupBusy)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), changeTimeout)
	defer cancel()
	state, err := s.node.Backup(ctx)
	if err != nil {
		s.answer(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	pieces := bufio.NewWriterSize(&pacedWriter{w, http.NewResponseController(w), s.stall}, backupPiece)
	written, err := state.WriteTo(pieces)
	if err == nil {
		err = pieces.Flush()
	}
	if err != nil {
		s.logger.Warn("a backup broke off", zap.String("client", r.RemoteAddr), zap.Int64("bytes", written), zap.Error(err))
		panic(http.ErrAbortHandler) // else the answer would look complete
	}
	s.logger.Info("backup sent", zap.String("client", r.RemoteAddr), zap.Uint64("index", state.Index()), zap.Int64("bytes", written))
}

// pacedWriter gives each write a deadline of its own.
type pacedWriter struct {
	w       io.Writer
	control *http.ResponseController
	stall   time.Duration
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	if err := p.control.SetWriteDeadline(time.Now().Add(p.stall)); err != nil {
		return 0, err
	}
	return p.w.Write(b)
}

// Backup asks for the node's state with everything that was committed before the
// call. The caller reads it to its end and closes it. A read fails when the node
// is silent for too long.
func (c *Client) Backup(ctx context.Context) (io.ReadCloser, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	request, err := c.request(ctx, http.MethodGet, "/api/v1/backup", nil)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	waiting := time.AfterFunc(clientTimeout, func() { cancel(errSilent) })
	unbounded := *c.http
	unbounded.Timeout = 0 // each read has a bound of its own
	response, err := unbounded.Do(request)
	waiting.Stop()
	if err != nil {
		if errors.Is(context.Cause(ctx), errSilent) {
			err = fmt.Errorf("the node at %s did not answer in time", c.address)
		} else {
			err = c.unreachable(err)
		}
		cancel(nil)
		return nil, err
	}
	answered := &stream{
		body: response.Body, ctx: ctx, cancel: cancel, address: c.address,
		stall: time.AfterFunc(c.stall, func() { cancel(errSilent) }), bound: c.stall,
	}
	answered.stall.Stop()
	if response.StatusCode == http.StatusOK {
		return answered, nil
	}
	answer, err := io.ReadAll(io.LimitReader(answered, maxAnswerBytes))
	if err == nil {
		err = c.refused(response, answer)
	}
	return nil, errors.Join(err, answered.Close())
}

// errSilent ends a backup whose node does not go on.
var errSilent = errors.New("the node does not go on sending")

// stream is a backup as it comes.
type stream struct {
	body    io.ReadCloser
	ctx     context.Context // of the request
	cancel  context.CancelCauseFunc
	stall   *time.Timer
	bound   time.Duration
	address string
}

func (b *stream) Read(p []byte) (int, error) {
	b.stall.Reset(b.bound)
	n, err := b.body.Read(p)
	b.stall.Stop() // what the caller does with it may take longer
	if err == nil || err == io.EOF {
		return n, err
	}
	if cause := context.Cause(b.ctx); cause != nil {
		err = cause
	}
	return n, fmt.Errorf("the backup from the node at %s broke off: %w", b.address, err)
}

func (b *stream) Close() error {
	b.stall.Stop()
	b.cancel(nil)
	return b.body.Close()
}
