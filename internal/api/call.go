package api

import (
	"net/netip"
	"reflect"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/identity"
	"moorfast/internal/project"
	"moorfast/internal/store"
)

// Call is one invocation: who calls, and where.
type Call struct {
	Project *project.Project
	Actor   identity.Actor
	Client  Client
	Locale  string // a code of the contract's list
	Unnamed bool   // no project was named, so that it is the console's
	Shown   bool   // the caller has shown a key or a token, right or wrong

	// Organization is the id that the X-Appwrite-Organization header names, or "".
	Organization string

	// Unchanged is the time of the X-Appwrite-Timestamp header: a document that
	// was changed since is not to be changed. Zero is no condition.
	Unchanged time.Time

	// Chunk is which bytes of a file the client uploads, as it says, or "".
	Chunk string

	// Conditions are what the client has of the answer already, and what part of
	// it it wants.
	Conditions Conditions

	// Format is the response format that the client asked for, such as "1.8.0".
	Format string

	// Reply collects what the answer carries besides its body.
	Reply Reply

	endpoint *Endpoint
	units    Units
	values   *Values
	in       reflect.Value // the parameters, once they are bound
	record   record
}

// Client is what is known of the program that calls.
type Client struct {
	Addr      netip.Addr // N-1: never one that the client made up
	UserAgent string
	SDK       string                      // "node.js", where an SDK names itself
	Host      string                      // that the request was sent to, with its port
	Secure    bool                        // it came by HTTPS
	Outside   bool                        // it came in where the console is not served
	Origin    string                      // of the page that sent it, or ""
	Setup     string                      // the setup token of the console that it shows, or ""
	Refuses   func(address string) string // why users may not be sent to an address, or ""
}

// Conditions are headers of a request for a file, as they were sent (RFC 9110 §13, §14).
type Conditions struct{ Range, IfRange, IfNoneMatch, IfModifiedSince string }

// Reply is what an answer carries besides its body.
type Reply struct {
	Status  int            // 0 is the endpoint's
	Session *SessionCookie // set, or cleared where Secret is ""
	Header  map[string]string
}

// SessionCookie is a change to the session that the client holds.
type SessionCookie struct {
	Value     string // what the cookie carries; "" clears it
	ExpiresAt time.Time
}

// CheckURL refuses an address, of a parameter, that users of the project are not
// to be sent to. None is none to refuse.
func (c *Call) CheckURL(param, address string) error {
	switch {
	case address == "":
		return nil
	case c.Client.Refuses == nil:
		return Invalid(param, Reject("Invalid URI."))
	}
	if why := c.Client.Refuses(address); why != "" {
		return Invalid(param, Reject("%s", why))
	}
	return nil
}

// SetSession gives the client a session cookie.
func (c *Call) SetSession(value string, expires time.Time) {
	c.Reply.Session = &SessionCookie{Value: value, ExpiresAt: expires}
}

// ClearSession takes the session cookie from the client.
func (c *Call) ClearSession() { c.Reply.Session = &SessionCookie{} }

// SetHeader adds a header to the answer.
func (c *Call) SetHeader(name, value string) {
	if c.Reply.Header == nil {
		c.Reply.Header = map[string]string{}
	}
	c.Reply.Header[name] = value
}

// Start readies a call for an endpoint. The gateway does this.
func (c *Call) Start(e *Endpoint, u Units) { c.endpoint, c.units = e, u }

// Endpoint is what is being called.
func (c *Call) Endpoint() *Endpoint { return c.endpoint }

// Now returns the time of the call's clock.
func (c *Call) Now() time.Time { return c.units.Now() }

// Micros returns the call's time as rows keep it.
func (c *Call) Micros() int64 { return c.units.Now().UnixMicro() }

// NewID returns an id that was never returned before.
func (c *Call) NewID() string { return c.units.NewID() }

// Sent reports whether the client sent a parameter at all.
func (c *Call) Sent(name string) bool {
	if c.values == nil {
		return false
	}
	_, ok := c.values.find(name)
	return ok
}

// Param returns a parameter as the text that was sent, or "". It is for keys
// and logs; handlers have their parameters checked, in their struct.
func (c *Call) Param(name string) string {
	if c.values == nil {
		return ""
	}
	return c.values.text(name)
}

// Units opens units of work. The store provides it, and with it the clock and
// the ids, so that a test can fix all three.
type Units struct {
	DB    store.DB
	Now   func() time.Time
	NewID func() string

	// Audit is told of what happened; nil keeps no log.
	Audit *audit.Log
}
