package storage

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"mime"
	"strings"
	"time"
	"unicode"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/core/files"
	"moorfast/internal/store"
	"moorfast/internal/token"
)

type contentParams struct {
	BucketID api.ID `param:"bucketId"`
	FileID   api.ID `param:"fileId"`
	Token    string `param:"token" max:"512" default:"\"\"" doc:"Secret of a token that opens the file."`
}

// The windows that a range without an end is cut to, in bytes.
const (
	downloadWindow = 10 << 20
	viewWindow     = 20_000_000
)

func (s *Service) download(ctx context.Context, call *api.Call, in contentParams) (api.Stream, error) {
	file, open, err := s.open(ctx, call, in)
	if err != nil {
		return api.Stream{}, err
	}
	call.SetHeader("Content-Disposition", disposition("attachment", file.Name))
	return send(call, file, file.MIME, downloadWindow, open)
}

// view shows a file in the browser. What a browser would run is text to it, and
// whatever it is, it has nothing to run it with.
func (s *Service) view(ctx context.Context, call *api.Call, in contentParams) (api.Stream, error) {
	file, open, err := s.open(ctx, call, in)
	if err != nil {
		return api.Stream{}, err
	}
	call.SetHeader("Content-Disposition", disposition("inline", file.Name))
	return send(call, file, shown(file.MIME), viewWindow, open)
}

// opener reads bytes of a file.
type opener func(span) (io.ReadCloser, error)

// open finds a file that the call may read the content of.
func (s *Service) open(ctx context.Context, call *api.Call, in contentParams) (*files.File, opener, error) {
	signer, err := s.signer(call, token.File)
	if err != nil {
		return nil, nil, err
	}
	var granted *files.Token
	file, err := api.Read(ctx, call, func(tx store.Tx) (file *files.File, err error) {
		if granted, err = files.Granted(ctx, tx, signer, in.Token, call.Now()); err != nil {
			return nil, err
		}
		_, file, err = files.GetGranted(ctx, tx, call, granted, string(in.BucketID), string(in.FileID))
		return file, err
	})
	if err == nil && !file.Complete {
		err = apierr.FileNotFound.With(file.ID)
	}
	if err == nil && granted != nil && granted.Stale(call.Now()) {
		err = s.Files.Touch(ctx, call.Project.ID, granted)
	}
	return file, s.opener(ctx, call, file), err
}

func (s *Service) opener(ctx context.Context, call *api.Call, file *files.File) opener {
	return func(at span) (io.ReadCloser, error) {
		return api.Read(ctx, call, func(tx store.Tx) (io.ReadCloser, error) { return s.Files.Open(ctx, tx, file, at.from, at.to) })
	}
}

// send answers with a file, or with what the request asks of it.
func send(call *api.Call, file *files.File, mime string, window int64, open opener) (api.Stream, error) {
	tag := `"` + file.Signature + `"`
	modified := time.UnixMicro(file.CreatedAt).Truncate(time.Second) // what is in a file never changes
	for name, value := range map[string]string{
		"Cache-Control": cacheFor, "Accept-Ranges": "bytes", "ETag": tag, "Last-Modified": httpDate(file.CreatedAt),
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": policy(mime), "Cross-Origin-Resource-Policy": "cross-origin",
	} {
		call.SetHeader(name, value)
	}
	if notModified(call.Conditions, tag, modified) {
		return api.Stream{Status: 304}, nil
	}
	header := call.Conditions.Range
	if r := call.Conditions.IfRange; header != "" && r != "" && r != tag && r != httpDate(file.CreatedAt) {
		header = ""
	}
	if header == "" {
		body, err := open(span{0, file.Size})
		return api.Stream{Type: mime, Size: file.Size, Body: body}, err
	}
	spans, err := parseRanges(header, file.Size, window)
	if err != nil {
		call.SetHeader("Content-Range", fmt.Sprintf("bytes */%d", file.Size))
		return api.Stream{}, err
	}
	if len(spans) > 1 {
		return several(spans, mime, file.Size, open), nil
	}
	call.SetHeader("Content-Range", spans[0].contentRange(file.Size))
	body, err := open(spans[0])
	return api.Stream{Status: 206, Type: mime, Size: spans[0].size(), Body: body}, err
}

// notModified reports whether the client has the file (RFC 9110 §13.2.2).
func notModified(c api.Conditions, tag string, modified time.Time) bool {
	if c.IfNoneMatch != "" {
		for t := range strings.SplitSeq(c.IfNoneMatch, ",") {
			if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == tag || t == "*" {
				return true
			}
		}
		return false
	}
	since, err := time.Parse(httpTime, c.IfModifiedSince)
	return err == nil && !modified.After(since)
}

// several answers with more than one range (RFC 9110 §14.6).
func several(spans []span, mime string, size int64, open opener) api.Stream {
	boundary := rand.Text()
	m := &multi{open: open, spans: spans}
	total := int64(0)
	for _, s := range spans {
		head := "\r\n--" + boundary + "\r\nContent-Type: " + mime + "\r\nContent-Range: " + s.contentRange(size) + "\r\n\r\n"
		m.heads = append(m.heads, head)
		total += int64(len(head)) + s.size()
	}
	end := "\r\n--" + boundary + "--\r\n"
	m.heads = append(m.heads, end)
	return api.Stream{Status: 206, Type: "multipart/byteranges; boundary=" + boundary, Size: total + int64(len(end)), Body: m}
}

// multi reads a head, a span, a head, a span, and the end.
type multi struct {
	open  opener
	heads []string
	spans []span
	head  io.Reader
	body  io.ReadCloser
}

func (m *multi) Read(b []byte) (int, error) {
	for {
		switch {
		case m.head == nil && m.body == nil:
			if len(m.heads) == 0 {
				return 0, io.EOF
			}
			m.head, m.heads = strings.NewReader(m.heads[0]), m.heads[1:]
		case m.head != nil:
			n, err := m.head.Read(b)
			if n > 0 || !errors.Is(err, io.EOF) {
				return n, err
			}
			m.head = nil
			if len(m.spans) == 0 {
				continue
			}
			if m.body, err = m.open(m.spans[0]); err != nil {
				return 0, err
			}
			m.spans = m.spans[1:]
		default:
			n, err := m.body.Read(b)
			if n > 0 || !errors.Is(err, io.EOF) {
				return n, err
			}
			if err := m.body.Close(); err != nil {
				return 0, err
			}
			m.body = nil
		}
	}
}

// Close releases what is open.
func (m *multi) Close() error {
	if m.body == nil {
		return nil
	}
	return m.body.Close()
}

// disposition is the header that says what a browser is to do with a file, and
// what it is called (RFC 6266). Control characters, and those that turn the
// reading around, are left out of the name.
func disposition(what, name string) string {
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\ufffd' {
			return -1
		}
		return r
	}, name)
	ascii := strings.Map(func(r rune) rune {
		if r > '~' {
			return '_'
		}
		return r
	}, name)
	ascii = strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(ascii)
	header := what + `; filename="` + ascii + `"`
	if ascii == name {
		return header
	}
	if encoded := mime.FormatMediaType(what, map[string]string{"filename": name}); encoded != "" {
		_, params, _ := strings.Cut(encoded, "filename*=")
		if params != "" {
			return header + "; filename*=" + params
		}
	}
	return header
}
