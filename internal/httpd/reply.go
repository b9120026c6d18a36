package httpd

import (
	"bytes"
	"encoding/json"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/compat"
)

const jsonType = "application/json; charset=UTF-8"

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// reply writes what a handler returned.
func (x *exchange) reply(out any) {
	status := x.endpoint.Status
	if x.call.Reply.Status != 0 {
		status = x.call.Reply.Status
	}
	switch out := out.(type) { // what pages of any site may show, if they may read it
	case api.Stream: // which can still fail
		x.w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
		x.stream(out)
		return
	case api.Content:
		x.w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
	x.headers()
	x.observe(status, nil)
	switch out := out.(type) {
	case api.None:
		x.w.WriteHeader(status)
	case api.Redirect:
		x.w.Header().Set("Location", out.URL)
		x.w.WriteHeader(out.Status)
	case api.Text:
		x.write(status, "text/plain; charset=UTF-8", []byte(out))
	case api.Content:
		x.writeAs(status, out.Type, out.Body)
	case api.Raw:
		x.writeJSON(status, out, out)
	default:
		buf := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buf)
		buf.Reset()
		enc := json.NewEncoder(buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(out); err != nil {
			x.fail(err)
			return
		}
		x.writeJSON(status, out, bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
	}
}

// headers sends what the answer carries besides its body.
func (x *exchange) headers() {
	if x.call == nil {
		return
	}
	for name, value := range x.call.Reply.Header {
		x.w.Header().Set(name, value)
	}
	if change := x.call.Reply.Session; change != nil {
		x.s.Cookies.set(x.w, x.project, x.client, change, x.s.Gateway.Units.Now())
	}
	if warning := compat.Warning(x.call.Format); warning != "" {
		x.w.Header().Set("X-Appwrite-Warning", warning)
	}
}

func (x *exchange) writeJSON(status int, out any, body []byte) {
	body, err := compat.Downgrade(x.call.Format, x.endpoint.Model, out, body)
	if err != nil {
		x.fail(err)
		return
	}
	x.write(status, jsonType, body)
}

// write compresses a body where that is worth it.
func (x *exchange) write(status int, contentType string, body []byte) {
	x.writeAs(status, contentType, x.s.Compression.encode(x.w.Header(), x.r, body))
}

// writeAs writes a body as it is.
func (x *exchange) writeAs(status int, contentType string, body []byte) {
	h := x.w.Header()
	values := [...]string{contentType, strconv.FormatBool(x.fallback), strconv.FormatFloat(time.Since(x.start).Seconds(), 'f', 6, 64), strconv.Itoa(len(body))}
	for i, name := range [...]string{"Content-Type", "X-Debug-Fallback", "X-Debug-Speed", "Content-Length"} {
		h[name] = values[i : i+1 : i+1]
	}
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		x.w.Write(body) //nolint:errcheck // the client has gone, and there is nobody to tell
	}
}

// Version is the version of the API that we speak, as answers show it.
const Version = "1.9.6"

type errorBody struct {
	Message string `json:"message"`
	Code    int    `json:"code"`
	Version string `json:"version"`
	Type    string `json:"type"`
}

// passed are the statuses that an error may have. Others become 500, because
// the SDKs know no others.
var passed = map[int]bool{
	400: true, 401: true, 402: true, 403: true, 404: true, 405: true, 408: true, 409: true, 410: true,
	412: true, 413: true, 416: true, 422: true, 429: true, 451: true, 501: true, 503: true,
}

// fail writes an error. What is not in the catalogue goes to the log in full,
// and to the client as no more than that.
func (x *exchange) fail(err error) {
	e := apierr.From(err)
	body := errorBody{Message: e.Text(), Code: e.Status, Version: Version, Type: e.Type}
	if e.Status >= 500 && e.Status != 501 {
		x.log(e, err)
	}
	if !passed[e.Status] {
		body.Code = http.StatusInternalServerError
		if !errors.Is(e, apierr.Unknown) {
			body.Message = "Server Error"
		}
	}
	x.observe(body.Code, e)
	if x.project == nil {
		x.s.cors(x.w.Header(), x.client.Origin, nil)
	}
	x.headers()
	h := x.w.Header()
	h.Set("Cache-Control", "no-cache, no-store, must-revalidate")
	h.Set("Expires", "0")
	h.Set("Pragma", "no-cache")
	if x.page() {
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		x.write(body.Code, "text/html; charset=UTF-8", errorPage(body))
		return
	}
	b, err := json.Marshal(body)
	if err != nil {
		b = []byte(`{}`)
	}
	x.write(body.Code, jsonType, b)
}

// page reports whether an error is read by a person: outside of the API, and
// where a browser was sent.
func (x *exchange) page() bool {
	if !strings.HasPrefix(x.r.URL.Path, "/v1") {
		return true
	}
	return x.endpoint != nil && x.endpoint.Rules.Page && strings.Contains(x.r.Header.Get("Accept"), "text/html")
}

func (x *exchange) log(e *apierr.Error, err error) {
	name, id := "none", ""
	if x.endpoint != nil {
		name = x.endpoint.Name
	}
	if x.project != nil {
		id = x.project.ID
	}
	x.s.Log.ErrorContext(x.r.Context(), "request failed", "endpoint", name, "project", id,
		"type", e.Type, "status", e.Status, "err", err, "took", time.Since(x.start))
}

var pageTemplate = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Code}}</title></head>
<body><h1>{{.Code}}</h1><p>{{.Message}}</p><p><small>{{.Type}}</small></p></body></html>
`))

func errorPage(body errorBody) []byte {
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, body); err != nil {
		return []byte(http.StatusText(body.Code))
	}
	return b.Bytes()
}
