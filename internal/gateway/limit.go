package gateway

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/limit"
)

// limit counts the call against each key that the endpoint names, and sets the
// headers that tell. Keys are made of checked values, so that spelling does not
// open a new window. The function that it returns is told the status of the
// answer, which may start the counts anew.
func (g *Gateway) limit(e *api.Endpoint, call *api.Call) (forget func(status int), err error) {
	none := func(int) {}
	if e.Limit.N == 0 {
		return none, nil
	}
	per := e.Limit.Per
	if per == 0 {
		per = time.Hour
	}
	// Without a limiter, and for actors that permissions do not bind, the
	// headers are sent as if this were the first call.
	if g.Limiter == nil || call.Actor.Server() {
		rateHeaders(call, limit.Result{Limit: e.Limit.N, Remaining: e.Limit.N - 1, Reset: call.Now().Truncate(per).Add(per)})
		return none, nil
	}
	keys := make([]string, len(e.Limit.Keys))
	lowest := limit.Result{Remaining: -1}
	refused := false
	for i, template := range e.Limit.Keys {
		keys[i] = limitKey(template, e, call)
		r := g.Limiter.Take(keys[i], e.Limit.N, per, call.Now())
		if lowest.Remaining < 0 || r.Remaining < lowest.Remaining {
			lowest = r
		}
		refused = refused || !r.Allowed
	}
	rateHeaders(call, lowest)
	if refused {
		return nil, apierr.RateLimitExceeded
	}
	return func(status int) {
		if slices.Contains(e.Limit.Forget, status) {
			for _, key := range keys {
				g.Limiter.Forget(key)
			}
		}
	}, nil
}

func rateHeaders(call *api.Call, r limit.Result) {
	call.SetHeader("X-RateLimit-Limit", strconv.Itoa(r.Limit))
	call.SetHeader("X-RateLimit-Remaining", strconv.Itoa(r.Remaining))
	call.SetHeader("X-RateLimit-Reset", strconv.FormatInt(r.Reset.Unix(), 10))
}

// limitKey fills the holes of a template such as "url:{url},ip:{ip}". Values
// are quoted, so that none of them can be mistaken for the rest of a key.
func limitKey(template string, e *api.Endpoint, call *api.Call) string {
	var b strings.Builder
	b.WriteString(call.Project.ID)
	for rest := template; ; {
		before, after, ok := strings.Cut(rest, "{")
		b.WriteByte(' ')
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		hole, tail, _ := strings.Cut(after, "}")
		b.WriteString(strconv.Quote(limitValue(hole, e, call)))
		rest = tail
	}
}

func limitValue(hole string, e *api.Endpoint, call *api.Call) string {
	switch hole {
	case "url":
		return e.Path
	case "ip":
		return call.Client.Addr.String()
	case "method":
		return e.Method
	case "userId":
		return call.Actor.UserID()
	case "projectId":
		return call.Project.ID
	case "chunkId":
		return call.Chunk
	}
	return strings.ToLower(call.Param(strings.TrimPrefix(hole, "param-")))
}
