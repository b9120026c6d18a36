package gateway

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/guard"
	"moorfast/internal/limit"
)

// limit counts the call against each key that the endpoint names, and sets the
// headers that tell. Keys are made of checked values, so that spelling does not
// open a new window. The function that it returns is told the status of the
// answer, which may start the counts anew.
func (g *Gateway) limit(ctx context.Context, e *api.Endpoint, call *api.Call) (forget func(status int), err error) {
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
	for i, template := range e.Limit.Keys {
		keys[i] = limitKey(template, e, call)
	}
	lowest, refused := g.take(keys, e.Limit.N, per, call.Now())
	if own := g.own(ctx, e, call); refused && own != "" {
		// Somebody else has used up the attempts at this account. Its owner has
		// others.
		for i := range keys {
			keys[i] += own
		}
		lowest, refused = g.take(keys, e.Limit.N, per, call.Now())
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

// take counts a call against each of some keys, and returns the count that leaves
// the fewest.
func (g *Gateway) take(keys []string, n int, per time.Duration, now time.Time) (lowest limit.Result, refused bool) {
	lowest.Remaining = -1
	for _, key := range keys {
		r := g.Limiter.Take(key, n, per, now)
		if lowest.Remaining < 0 || r.Remaining < lowest.Remaining {
			lowest = r
		}
		refused = refused || !r.Allowed
	}
	return lowest, refused
}

// own is what makes a key of an account one for the network that the call comes
// from, where its owner has signed in from there, or "".
func (g *Gateway) own(ctx context.Context, e *api.Endpoint, call *api.Call) string {
	if g.Guard == nil || e.Rules.Proof == api.NoProof {
		return ""
	}
	a := g.attempt(ctx, e, call)
	if !g.Guard.Knows(a, call.Now()) {
		return ""
	}
	return " from " + guard.Network(a.Addr).String()
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
