package httpd

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
)

// MaxBody is the size of the largest request body, in bytes. It is the
// contract's: clients send larger files in parts.
const MaxBody = 12 << 20

// values gathers the parameters of a request: those of a GET from its query,
// all others from their bodies.
func (x *exchange) values() (*api.Values, error) {
	r := x.r
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		fields, err := parseForm(r.URL.RawQuery)
		return &api.Values{Fields: fields}, invalid(err)
	}
	if r.Body == nil || r.ContentLength == 0 {
		return &api.Values{}, nil
	}
	if r.ContentLength > MaxBody {
		return nil, tooLarge()
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		kind = ""
	}
	if kind == "multipart/form-data" {
		parts := multipart.NewReader(http.MaxBytesReader(nil, r.Body, MaxBody), params["boundary"])
		if x.endpoint.Receive != nil {
			return x.upload(parts), nil
		}
		fields, err := parseMultipart(parts, nil)
		return &api.Values{Fields: fields}, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	if kind != "application/json" {
		fields, err := parseForm(string(body))
		return &api.Values{Fields: fields}, invalid(err)
	}
	fields, err := api.SplitJSON(body)
	if errors.Is(err, api.ErrSyntax) && utf8.Valid(body) {
		return &api.Values{}, nil // the contract: what is no object has no parameters
	}
	return &api.Values{Fields: fields}, invalid(err)
}

func readBody(r *http.Request) ([]byte, error) {
	limited := http.MaxBytesReader(nil, r.Body, MaxBody)
	var body []byte
	var err error
	if r.ContentLength > 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(limited, body)
	} else {
		body, err = io.ReadAll(limited)
	}
	return body, bodyError(err)
}

func bodyError(err error) error {
	var big *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &big):
		return tooLarge()
	}
	return apierr.ArgumentInvalid.Detail("The request body ended before its time.").Because(err)
}

func tooLarge() error {
	return apierr.BodyTooLarge.Detail("The request body is larger than %s bytes, which is the limit.", api.Thousands(MaxBody))
}

func invalid(err error) error {
	if err == nil {
		return nil
	}
	return apierr.ArgumentInvalid.Detail("The request cannot be read: %s.", err)
}

// maxField is the size of the largest text in a multipart body.
const maxField = 1 << 20

// upload leaves a body with a file for when the actor was admitted.
func (x *exchange) upload(parts *multipart.Reader) *api.Values {
	v := new(api.Values)
	v.Rest = func(ctx context.Context) error {
		fields, err := parseMultipart(parts, func(part *multipart.Part) error {
			body := &watched{r: part}
			v.Take(ctx, x.endpoint, x.call, api.Part{
				Name: part.FileName(), Range: x.r.Header.Get("Content-Range"), ID: x.r.Header.Get("X-Appwrite-ID"), Body: body,
			})
			return body.err
		})
		v.Fields = fields
		return err
	}
	return v
}

// watched remembers why a body could not be read.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = bodyError(err)
	}
	return n, err
}

// parseMultipart reads the texts of a multipart body, and leaves the file to
// file. Without that, and under other names, files are passed over.
func parseMultipart(parts *multipart.Reader, file func(*multipart.Part) error) ([]api.Field, error) {
	var f form
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f.fields(), nil
		}
		if err != nil {
			var big *http.MaxBytesError
			if errors.As(err, &big) {
				return nil, tooLarge()
			}
			return nil, invalid(errForm)
		}
		if part.FileName() != "" {
			if file != nil && part.FormName() == api.FileParam {
				if err := file(part); err != nil {
					return nil, err
				}
			}
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, maxField+1))
		if err != nil || len(text) > maxField || strings.ContainsRune(string(text), utf8.RuneError) {
			return nil, invalid(errForm)
		}
		if err := f.add(part.FormName(), string(text)); err != nil {
			return nil, invalid(err)
		}
	}
}
