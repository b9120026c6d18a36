// Package fetch is the only way out: every request that the program sends to
// somebody else's server goes through it, and through its rules (N-2).
//
// A client of the API can name the address that we fetch. So what is dialled is
// on the public internet, whatever the name said and however often it changes
// its mind; the ports are those of the use; redirects are few, and are checked
// like the first address; answers end at a size and at a time; and nothing in
// the environment sends us elsewhere. The operator can make exceptions for
// networks of their own.
package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// Why a fetch fails. The errors say more, which is for the log: to the client
// that named the address, it would be a map of the network.
var (
	ErrRefused     = errors.New("fetch: the rules do not allow it")
	ErrTooLarge    = errors.New("fetch: the answer is too large")
	ErrTimeout     = errors.New("fetch: it took too long")
	ErrRedirects   = errors.New("fetch: there were too many redirects")
	ErrUnreachable = errors.New("fetch: the server gave no answer")
)

// Options are what a client is made with.
type Options struct {
	Allow []netip.Prefix // exceptions that the operator made

	// Resolve finds the addresses of a name; nil is the system's resolver.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error)

	// Refused is told which host the rules have refused; nil tells nobody.
	Refused func(ctx context.Context, host string)

	Roots *x509.CertPool // nil is the system's
	Most  int            // fetches at once, of which further ones wait; 0 is 64
}

// Client fetches by the rules. It may be used by many at once.
type Client struct {
	allow    []netip.Prefix
	resolve  func(context.Context, string) ([]netip.Addr, error)
	dial     func(ctx context.Context, network, address string) (net.Conn, error)
	checked  *http.Transport
	careless *http.Transport // takes any certificate
	turns    chan struct{}
	refused  func(ctx context.Context, host string)
}

// Use is what one use of the client needs. Its zero value is a GET from port 80
// or 443, without redirects, of at most a megabyte, within ten seconds.
type Use struct {
	Ports     []int
	AnyPort   bool // for addresses of the operator's
	Redirects int  // most that are followed, up to 3; with 0, a redirect is the answer
	MaxBytes  int64
	Timeout   time.Duration // from the first to the last byte, redirects and all
	Accept    string

	// AnyCertificate does not check who answers over TLS, where the owner of the
	// address asked for that.
	AnyCertificate bool
}

// Request is what [Client.Do] sends.
type Request struct {
	Method, URL string
	Header      map[string]string
	Body        []byte
}

// Response is an answer, of any status.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
	URL    string // that answered in the end
}

const (
	maxRedirects   = 3
	maxHeader      = 64 << 10 // bytes
	defaultBytes   = 1 << 20
	defaultTimeout = 10 * time.Second
	defaultMost    = 64
	agent          = "moorfast"
)

// New returns a client.
func New(o Options) *Client {
	c := &Client{resolve: o.Resolve, turns: make(chan struct{}, defaultMost), refused: o.Refused}
	for _, p := range o.Allow {
		c.allow = append(c.allow, p.Masked())
	}
	if o.Most > 0 {
		c.turns = make(chan struct{}, o.Most)
	}
	if c.resolve == nil {
		resolver := new(net.Resolver)
		c.resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return resolver.LookupNetIP(ctx, "ip", host)
		}
	}
	c.dial = c.connect
	c.checked = c.transport(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: o.Roots})
	c.careless = c.transport(&tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true}) //nolint:gosec // for Use.AnyCertificate, which says why
	return c
}

// transport has no proxy, no cookies, and no connection that outlives a request:
// a kept one would answer for a name that was checked some time ago.
func (c *Client) transport(t *tls.Config) *http.Transport {
	return &http.Transport{
		Proxy: nil, DialContext: c.Dial, TLSClientConfig: t, TLSHandshakeTimeout: attempt,
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
	}
}

// Anywhere returns a client for addresses that the operator names, which may be
// anywhere, with its bound of fetches at once.
func Anywhere(most int) *Client {
	return New(Options{Allow: []netip.Prefix{netip.PrefixFrom(netip.IPv4Unspecified(), 0), netip.PrefixFrom(netip.IPv6Unspecified(), 0)}, Most: most})
}

// Get fetches an address.
func (c *Client) Get(ctx context.Context, address string, use Use) (*Response, error) {
	return c.Do(ctx, Request{Method: http.MethodGet, URL: address}, use)
}

// Do sends a request. An answer of whatever status is no error; the errors are
// those above, with their reasons.
func (c *Client) Do(ctx context.Context, r Request, use Use) (*Response, error) {
	use = use.filled()
	ctx, cancel := context.WithTimeoutCause(ctx, use.Timeout, ErrTimeout)
	defer cancel()
	select {
	case c.turns <- struct{}{}:
		defer func() { <-c.turns }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	response, err := c.follow(ctx, r, use)
	if c.refused != nil && errors.Is(err, ErrRefused) {
		host := ""
		if u, err := url.Parse(r.URL); err == nil {
			host = u.Hostname()
		}
		c.refused(ctx, host)
	}
	if err != nil && ctx.Err() != nil && !errors.Is(err, ErrRefused) {
		return nil, fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	return response, err
}

func (u Use) filled() Use {
	if len(u.Ports) == 0 {
		u.Ports = []int{80, 443}
	}
	if u.MaxBytes <= 0 {
		u.MaxBytes = defaultBytes
	}
	if u.Timeout <= 0 {
		u.Timeout = defaultTimeout
	}
	u.Redirects = min(u.Redirects, maxRedirects)
	return u
}

// follow sends a request, and again to where it is redirected.
func (c *Client) follow(ctx context.Context, r Request, use Use) (*Response, error) {
	at, err := parse(r.URL, use)
	if err != nil {
		return nil, err
	}
	for hop := 0; ; hop++ {
		response, err := c.send(ctx, r, at, use)
		if err != nil {
			return nil, err
		}
		location := response.Header.Get("Location")
		if use.Redirects <= 0 || location == "" || !redirects(response.Status) {
			return response, nil
		}
		if hop == use.Redirects {
			return nil, ErrRedirects
		}
		if r, at, err = redirect(r, at, response.Status, location, use); err != nil {
			return nil, err
		}
	}
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

// redirect returns the next request. What was meant for one origin does not go
// to another: neither headers, which may be credentials of any name, nor a body.
func redirect(r Request, from target, status int, location string, use Use) (Request, target, error) {
	u, err := url.Parse(location)
	if err != nil {
		return r, from, refuse("the redirect can not be read")
	}
	to, err := parse(from.url.ResolveReference(u).String(), use)
	if err != nil {
		return r, from, fmt.Errorf("redirect: %w", err)
	}
	if from.url.Scheme == "https" && to.url.Scheme != "https" {
		return r, from, refuse("the redirect leaves TLS")
	}
	keeps := status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
	if !keeps && r.Method != http.MethodHead {
		r.Method, r.Body = http.MethodGet, nil
	}
	if from.origin() != to.origin() {
		if r.Body != nil {
			return r, from, refuse("the redirect would take a body to another origin")
		}
		r.Header = nil
	} else if r.Body == nil && r.Header != nil {
		r.Header = maps.Clone(r.Header)
		maps.DeleteFunc(r.Header, func(k, _ string) bool { return strings.EqualFold(k, "Content-Type") })
	}
	return r, to, nil
}

// send sends one request, and reads its answer to the end.
func (c *Client) send(ctx context.Context, r Request, at target, use Use) (*Response, error) {
	request, err := http.NewRequestWithContext(ctx, r.Method, at.url.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, refuse("the request can not be made")
	}
	request.Header.Set("User-Agent", agent)
	if use.Accept != "" {
		request.Header.Set("Accept", use.Accept)
	}
	for name, value := range r.Header {
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Accept-Encoding", "Content-Length", "Transfer-Encoding", "Connection", "Trailer", "Upgrade":
			return nil, refuse("header %.40s is not the caller's to set", name)
		}
		request.Header.Set(name, value)
	}
	request.Header.Set("Accept-Encoding", "gzip")
	transport := c.checked
	if use.AnyCertificate {
		transport = c.careless
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		if errors.Is(err, ErrRefused) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	defer response.Body.Close()
	body, err := read(response, use.MaxBytes)
	if err != nil {
		return nil, err
	}
	return &Response{Status: response.StatusCode, Header: response.Header, Body: body, URL: at.url.String()}, nil
}

// read returns the body, which is within the limit both as it was sent and as it
// is unpacked.
func read(response *http.Response, limit int64) ([]byte, error) {
	if response.ContentLength > limit && response.Request.Method != http.MethodHead {
		return nil, ErrTooLarge
	}
	sent := io.LimitReader(response.Body, limit+1)
	body := sent
	switch coding := strings.ToLower(response.Header.Get("Content-Encoding")); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		unpacked, err := gzip.NewReader(sent)
		if errors.Is(err, io.EOF) { // there is none, as for HEAD
			return nil, nil
		} else if err != nil {
			return nil, fmt.Errorf("%w: unpack: %w", ErrUnreachable, err)
		}
		body = io.LimitReader(unpacked, limit+1)
		response.Header.Del("Content-Encoding")
	default:
		return nil, fmt.Errorf("%w: coded as %.20q, which was not asked for", ErrUnreachable, coding)
	}
	b, err := io.ReadAll(body)
	// A stream that was cut at the limit ends unexpectedly where it is unpacked.
	if int64(len(b)) > limit || sent.(*io.LimitedReader).N <= 0 {
		return nil, ErrTooLarge
	}
	if err != nil {
		return nil, fmt.Errorf("%w: read: %w", ErrUnreachable, err)
	}
	return b, nil
}
