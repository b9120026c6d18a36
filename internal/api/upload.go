package api

import (
	"context"
	"io"
)

// FileParam is the name of the parameter that is a file.
const FileParam = "file"

// Part is the file of an upload as it arrives: a whole one, or a piece.
type Part struct {
	Name  string // of the file, as the client calls it
	Range string // the Content-Range header; "" is a whole file
	ID    string // the X-Appwrite-ID header, of an upload that goes on
	Body  io.Reader
}

// NewUpload is [New] for an endpoint that takes a file in the parameter "file".
//
// Receive takes it in as it arrives: once the actor was admitted, but before any
// other parameter is known than those of the path. What it returns is closed when
// the call is over, however it ends, and so must be kept by the handler if it is
// to stay. A refusal of receive is the answer where the parameters are right.
// Where no file was sent, the handler has the zero File.
func NewUpload[In, Out any, File io.Closer](spec Spec, receive func(context.Context, *Call, Part) (File, error),
	handler func(context.Context, *Call, In, File) (Out, error),
) Endpoint {
	e := New(spec, func(ctx context.Context, call *Call, in In) (Out, error) {
		if err := call.values.refusal; err != nil {
			return *new(Out), err
		}
		file, _ := call.values.file.(File)
		return handler(ctx, call, in, file)
	})
	e.Receive = func(ctx context.Context, call *Call, part Part) (io.Closer, error) { return receive(ctx, call, part) }
	return e
}

// Take hands the file of an upload to the endpoint. A second one is passed over.
func (v *Values) Take(ctx context.Context, e *Endpoint, call *Call, part Part) {
	if v.file != nil || v.refusal != nil {
		return
	}
	file, err := e.Receive(ctx, call, part)
	if err != nil {
		v.refusal = err
		return
	}
	v.file = file
}

// Finish reads what was left of the parameters of a call.
func (v *Values) Finish(ctx context.Context, call *Call) error {
	call.values = v
	if v.Rest == nil {
		return nil
	}
	return v.Rest(ctx)
}

// Close releases the file that was taken in, if there is one.
func (v *Values) Close() error {
	if v.file == nil {
		return nil
	}
	return v.file.Close()
}
