// Package adminsock carries commands from the host to a running server, through
// a socket in the data directory that only its owner can open.
//
// A command is a name and a JSON document. Its answer is lines of JSON: what it
// tells of its progress, and at last its result or its error.
package adminsock

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// Command does what its name says. What it tells is its progress.
type Command func(ctx context.Context, in json.RawMessage, tell func(progress any)) (result any, err error)

// Commands are what a server does for the host, by name.
type Commands map[string]Command

// ErrNobody says that no server listens there.
var ErrNobody = errors.New("adminsock: no server listens")

// RemoteError is an error of a command.
type RemoteError struct {
	Text string `json:"text"`
	Kind string `json:"kind,omitempty"` // as the server's commands name it
}

func (e *RemoteError) Error() string { return e.Text }

// line is one of an answer. A result and an error may come together: what was
// done, and why not all of it.
type line struct {
	Progress json.RawMessage `json:"progress,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
	Error    *RemoteError    `json:"error,omitempty"`
	End      bool            `json:"end,omitempty"`
}

const (
	maxIn         = 1 << 20 // of a command
	maxLine       = 8 << 20 // of an answer
	directory     = "run"
	socketName    = "admin.sock"
	headerTimeout = 5 * time.Second
)

// Server listens on the socket.
type Server struct {
	server   http.Server
	listener net.Listener

	mu      sync.Mutex
	stopped bool
	running sync.WaitGroup // commands
}

// Listen makes the socket in a data directory, in place of one that a server
// left behind. The caller holds the lock of the directory, so that no other
// server uses it.
func Listen(data string, commands Commands, kind func(error) string) (*Server, error) {
	dir := filepath.Join(data, directory)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// The directory keeps others out before the socket's own mode does.
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a directory
		return nil, err
	}
	path := filepath.Join(dir, socketName)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	short, done, err := shorten(path)
	if err != nil {
		return nil, err
	}
	defer done()
	listener, err := new(net.ListenConfig).Listen(context.Background(), "unix", short)
	if err != nil {
		return nil, err
	}
	listener.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	s := &Server{listener: listener}
	s.server = http.Server{Handler: s.counted(handler(commands, kind)), ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: 8 << 10}
	return s, nil
}

// Serve answers until ctx ends. Running commands end with it, and are waited for.
func (s *Server) Serve(ctx context.Context) {
	s.server.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, callerKey{}, peer(conn))
	}
	s.server.BaseContext = func(net.Listener) context.Context { return ctx }
	stop := context.AfterFunc(ctx, func() { _ = s.server.Close() })
	defer stop()
	_ = s.server.Serve(s.listener)
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	s.running.Wait()
}

// counted has no request come in once the server is stopped, and those that are in
// waited for.
func (s *Server) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		if s.stopped {
			s.mu.Unlock()
			return
		}
		s.running.Add(1)
		s.mu.Unlock()
		defer s.running.Done()
		next.ServeHTTP(w, r)
	})
}

type callerKey struct{}

// Caller returns the user of the host who calls a command, as the system knows
// him, or "" where it does not say.
func Caller(ctx context.Context) string {
	uid, _ := ctx.Value(callerKey{}).(string)
	return uid
}

func handler(commands Commands, kind func(error) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		command := commands[strings.TrimPrefix(r.URL.Path, "/")]
		if command == nil || r.Method != http.MethodPost {
			http.Error(w, "this server does not know the command", http.StatusNotFound)
			return
		}
		in, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxIn))
		if err != nil || !json.Valid(in) {
			http.Error(w, "the command is no JSON, or too long", http.StatusBadRequest)
			return
		}
		out := &writer{w: w, flush: http.NewResponseController(w).Flush}
		result, err := command(r.Context(), in, func(progress any) {
			if text, err := json.Marshal(progress); err == nil {
				out.write(line{Progress: text})
			}
		})
		last := line{End: true}
		if result != nil {
			text, e := json.Marshal(result)
			last.Result, err = text, errors.Join(err, e)
		}
		if err != nil {
			last.Error = &RemoteError{err.Error(), kind(err)}
		}
		out.write(last)
	})
}

type writer struct {
	mu    sync.Mutex
	w     io.Writer
	flush func() error
}

// write writes a line. That nobody is there to read it ends the context of the
// command by itself.
func (w *writer) write(l line) {
	text, err := json.Marshal(l)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.w.Write(append(text, '\n')); err == nil {
		_ = w.flush()
	}
}

// Call has the server of a data directory run a command, and reads its result
// into out. The error is [ErrNobody] where no server runs, and a [*RemoteError]
// where the command failed.
func Call(ctx context.Context, data, name string, in, out any, tell func(progress json.RawMessage)) error {
	path := filepath.Join(data, directory, socketName)
	short, done, err := shorten(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return ErrNobody
		}
		return err
	}
	defer done()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", short)
	if err != nil {
		if ctx.Err() == nil && nobody(err) {
			return ErrNobody
		}
		return fmt.Errorf("reach the server: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://moorfast/"+name, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if err := r.Write(conn); err != nil {
		return ended(ctx, err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		return ended(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1<<10))
		return fmt.Errorf("the server refused the command: %s", bytes.TrimSpace(text))
	}
	return read(ctx, response.Body, out, tell)
}

func read(ctx context.Context, body io.Reader, out any, tell func(json.RawMessage)) error {
	lines := bufio.NewScanner(body)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	for lines.Scan() {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return fmt.Errorf("read the answer of the server: %w", err)
		}
		if l.Progress != nil && tell != nil {
			tell(l.Progress)
		}
		if !l.End {
			continue
		}
		if l.Result != nil {
			if err := json.Unmarshal(l.Result, out); err != nil {
				return fmt.Errorf("read the answer of the server: %w", err)
			}
		}
		if l.Error != nil {
			return l.Error
		}
		return nil
	}
	err := lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return ended(ctx, err)
}

// ended says that the server went away in the middle of a command.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("the server ended before the command did: %w", err)
}
