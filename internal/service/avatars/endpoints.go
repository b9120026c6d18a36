// Package avatars serves pictures: those that come with the program, such as
// flags; those that are drawn, such as initials and QR codes; and those that
// are fetched from elsewhere, such as the icon of a web site.
//
// Whoever asks for a picture from elsewhere chooses where we connect, and what
// we hand to the next browser. So everything is fetched by the rules of the
// package fetch, and is read and drawn anew, or, where it is an SVG image,
// written anew from the parts that can do no harm.
package avatars

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"image"
	"strings"
	"sync"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/fetch"
	"moorfast/internal/identity"
)

// Service serves the avatars endpoints.
type Service struct {
	Out      Fetcher // to the public internet
	Pictures Pictures
	Cache    Cache    // nil keeps nothing
	Browser  *Browser // nil takes no screenshots

	remote turns
}

// turns bounds how many answers from elsewhere are in memory at once.
type turns struct {
	once sync.Once
	free chan struct{}
}

const (
	remoteAtOnce = 16
	patience     = 5 * time.Second // with others, for one's turn
)

// take waits for a turn, and not for long: others may be waiting for servers
// that never answer.
func (t *turns) take(ctx context.Context) (leave func(), err error) {
	t.once.Do(func() { t.free = make(chan struct{}, remoteAtOnce) })
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case t.free <- struct{}{}:
		return func() { <-t.free }, nil
	case <-wait.Done():
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, apierr.Busy
	}
}

// Fetcher is the way out.
type Fetcher interface {
	Get(ctx context.Context, address string, use fetch.Use) (*fetch.Response, error)
	Do(ctx context.Context, r fetch.Request, use fetch.Use) (*fetch.Response, error)
	Check(ctx context.Context, address string, use fetch.Use) error
}

// Pictures reads and writes images, within limits of size and number. Errors
// that are rows of the catalogue reach the client; others say that the image
// could not be read. A width or height of 0 keeps the proportions.
type Pictures interface {
	Fit(ctx context.Context, src []byte, width, height, quality int, format string) ([]byte, error)
	Encode(ctx context.Context, img image.Image, format string, quality int) ([]byte, error)
}

// Cache keeps answers of a project. A group is what is cleared together. An error
// of Put is for the cache itself to log: the answer is there without it.
type Cache interface {
	Get(ctx context.Context, project, group, key string) ([]byte, bool)
	Put(ctx context.Context, project, group, key string, body []byte) error
}

const pngType = "image/png"

// How long clients may keep an answer.
const (
	halfYear     = "private, max-age=15552000" // from our own cache
	month        = "private, max-age=2592000"
	fortyFive    = "private, max-age=3888000"
	neverKept    = "private, no-store"
	svgPolicy    = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
	cacheHeader  = "X-Appwrite-Cache"
	perClient    = "url:{url},ip:{ip}"
	groupFlag    = "avatar/flag"
	groupCard    = "avatar/credit-card"
	groupBrowser = "avatar/browser"
	groupImage   = "avatar/image"
	groupFavicon = "avatar/favicon"
	groupScreen  = "avatar/screenshot"
)

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	screenshot := spec("getScreenshot", "/screenshots", "Take a picture of a web page.")
	screenshot.Limit = api.Limit{N: 60, Keys: []string{perClient}}
	return []api.Endpoint{
		api.New(spec("getBrowser", "/browsers/{code}", "Get the icon of a browser."), s.browser),
		api.New(spec("getCreditCard", "/credit-cards/{code}", "Get the icon of a brand of credit cards."), s.card),
		api.New(spec("getFavicon", "/favicon", "Get the icon of a web site."), s.favicon),
		api.New(spec("getFlag", "/flags/{code}", "Get the flag of a country."), s.flag),
		api.New(spec("getImage", "/image", "Get an image from elsewhere, in another size."), s.image),
		api.New(spec("getInitials", "/initials", "Draw the initials of a name, or of the current user."), s.initials),
		api.New(spec("getPhoto", "/photo", "Get the picture of the current user."), s.photo),
		api.New(spec("getQR", "/qr", "Draw a QR code."), s.qr),
		api.New(screenshot, s.screenshot),
	}
}

// spec is what the endpoints share: each is a GET for anybody.
func spec(name, path, summary string) api.Spec {
	return api.Spec{
		Name: "avatars." + name, Method: "GET", Path: "/v1/avatars" + path, Summary: summary,
		Auth:   identity.Guest | identity.Session | identity.JWT | identity.Key | identity.Admin,
		Scopes: []string{"avatars.read"},
	}
}

// kept answers from the cache, or with what is made now and kept for next time.
// Calls whose checked parameters are the same share it.
func (s *Service) kept(ctx context.Context, call *api.Call, group string, in any, produce func() (api.Content, error)) (api.Content, error) {
	params, err := json.Marshal(in)
	if err != nil {
		return api.Content{}, err
	}
	sum := sha256.Sum256(params)
	key := hex.EncodeToString(sum[:])
	if s.Cache != nil {
		if b, ok := s.Cache.Get(ctx, call.Project.ID, group, key); ok {
			if kind, body, ok := strings.Cut(string(b), "\n"); ok {
				return answer(call, api.Content{Type: kind, Body: []byte(body)}, "hit", halfYear), nil
			}
		}
	}
	content, err := produce()
	if err != nil {
		return api.Content{}, err
	}
	if s.Cache != nil {
		s.Cache.Put(ctx, call.Project.ID, group, key, append([]byte(content.Type+"\n"), content.Body...)) //nolint:errcheck // as Cache says
	}
	return answer(call, content, "miss", month), nil
}

func answer(call *api.Call, c api.Content, cache, control string) api.Content {
	call.SetHeader(cacheHeader, cache)
	call.SetHeader("Cache-Control", control)
	if c.Type == svgType {
		call.SetHeader("Content-Security-Policy", svgPolicy)
	}
	return c
}
