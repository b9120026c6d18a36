// Package api is the vocabulary in which the services declare their endpoints.
//
// An [Endpoint] is a value: a [Spec], which says everything about the endpoint
// that is not behaviour, and a handler, which is the behaviour. The router, the
// parameter checks, the scopes, the rate limits, the OpenAPI document and the
// generated tests are all read from it.
package api

import (
	"context"
	"io"
	"reflect"
	"strings"
	"time"

	"moorfast/internal/identity"
)

// Spec describes one endpoint.
type Spec struct {
	Name    string   // of the SDK method: "teams.create"
	Methods []string // further SDK methods that this endpoint is
	Method  string   // of HTTP
	Path    string   // "/v1/teams/{teamId}"
	Aliases []string // older paths, which may have holes that are no parameters
	Summary string

	Auth   identity.Kind // how callers prove themselves, for the documents; scopes decide
	Scopes []string      // a caller needs one of them; none is for all
	Status int           // of a success; 0 means 200, or 204 where the handler returns None
	Model  string        // of the answer, in the contract's words: "team", "teamList"

	// Words are the endpoint's own names for parameters whose struct it shares
	// with others: {"tableId": "collectionId"}.
	Words map[string]string

	Event string // "teams.[teamId].create": what a success means to the outside
	Audit Audit
	Limit Limit
	Rules Rules
}

// Audit says how the endpoint appears in the audit log. Holes in Resource are
// filled from the parameters: "team/{teamId}".
type Audit struct{ Event, Resource string }

// Limit bounds how often the endpoint may be called within a fixed window. The
// zero Limit is no limit of its own.
type Limit struct {
	N   int
	Per time.Duration // 0 is an hour

	// Keys say what is counted together: "url:{url},ip:{ip}". With several, each
	// is counted and each may refuse. Holes are {url}, {ip}, {method},
	// {userId}, {chunkId} of an upload, and {param-NAME}.
	Keys []string

	// Forget are the statuses that start the count anew, as a right password does.
	Forget []int
}

// Rules are what holds for a group of endpoints besides their scopes.
type Rules struct {
	Service    string // the switch that turns it off; "" is the part of Name before the dot
	Where      Where
	AuthMethod string // the switch of a way to sign in, as project.Auths names it
	NoSession  bool   // refused to a user who is signed in
	MFA        bool   // open to users who have yet to show a second factor
	Enrol      bool   // open to users who have to get one first
	Challenged bool   // needs a factor that was proved in the last half hour
	AnyOrigin  bool   // not checked for where a browser comes from
	Page       bool   // people are sent to it: to a browser that asks for pages, its errors are one
	Open       bool   // answers those who may not use the console, too; it tells nothing of it
	Proof      Proof  // a secret is checked that could be guessed
	Sensitive  bool   // where the profile is hardened, needs somebody who has just proved who they are
}

// Proof tells whose secret an endpoint checks, so that guesses at it are counted
// together; see package guard.
type Proof uint8

// Whose it is.
const (
	NoProof  Proof = iota
	OfEmail        // of the address in the parameter "email"
	OfUserID       // of the user in the parameter "userId"
	OfCaller       // of the user who calls
)

// Where tells which projects an endpoint is for.
type Where uint8

// The places.
const (
	Anywhere    Where = iota
	ConsoleOnly       // only the console's own project
	ProjectOnly       // every project but the console's
)

// Endpoint is a Spec with the code that serves it.
type Endpoint struct {
	Spec
	In  Params
	Out reflect.Type

	// Bind decodes and checks the parameters; Run takes what Bind returned.
	Bind func(*Call, *Values) (in any, err error)
	Run  func(ctx context.Context, call *Call, in any) (any, error)

	// Receive takes in the file of an upload; nil where none is taken. See
	// [NewUpload].
	Receive func(ctx context.Context, call *Call, part Part) (io.Closer, error)
}

// New joins a spec and a handler. The handler's types are the endpoint's
// parameters and response model.
func New[In, Out any](spec Spec, handler func(context.Context, *Call, In) (Out, error)) Endpoint {
	params := paramsOf(reflect.TypeFor[In](), spec)
	out := reflect.TypeFor[Out]()
	if spec.Rules.Service == "" {
		spec.Rules.Service, _, _ = strings.Cut(spec.Name, ".")
	}
	if spec.Status == 0 {
		spec.Status = 200
		if out == reflect.TypeFor[None]() {
			spec.Status = 204
		}
	}
	return Endpoint{
		Spec: spec,
		In:   params,
		Out:  out,
		Bind: func(call *Call, values *Values) (any, error) {
			in := new(In)
			return in, params.bind(reflect.ValueOf(in).Elem(), call, values)
		},
		Run: func(ctx context.Context, call *Call, in any) (any, error) {
			return handler(ctx, call, *in.(*In))
		},
	}
}

// Service is a set of endpoints. It can be asked for them without a database,
// which is how the documents are made.
type Service interface{ Endpoints() []Endpoint }

// The outputs that are not models.
type (
	// None is an answer without a body.
	None struct{}

	// Raw is an answer that is JSON already.
	Raw []byte

	// Text is an answer in plain text.
	Text string

	// Document is an object whose fields are not known beforehand, such as
	// preferences. An empty one is "{}".
	Document []byte

	// Redirect sends the client to another address.
	Redirect struct {
		URL    string
		Status int
	}

	// Content is an answer of bytes that are no JSON, with a type of their own. Further headers are set on the call.
	Content struct {
		Type string
		Body []byte
	}

	// Stream is an answer whose bytes are sent as they are read. It is closed once
	// it was sent, or could not be.
	Stream struct {
		Status int // 0 is the endpoint's
		Type   string
		Size   int64
		Body   io.ReadCloser // nil is none, as of a 304
	}
)

// MarshalJSON returns the object as it is.
func (d Document) MarshalJSON() ([]byte, error) {
	if len(d) == 0 {
		return []byte("{}"), nil
	}
	return d, nil
}
