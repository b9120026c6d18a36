package avatars

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/fetch"
)

// Browser is a service that opens web pages and takes pictures of them. The
// operator runs it, so it may be anywhere; the pages are its users' choice, and
// so it should have a network of its own, from which nothing private is reached.
type Browser struct {
	Address string // such as "http://appwrite-browser:3000/v1"
	Port    int
	Out     Fetcher // to that address
}

type screenshotParams struct {
	URL            api.WebURL `param:"url" doc:"Address of the page."`
	Headers        api.Object `param:"headers" default:"{}" doc:"Headers that the browser sends."`
	ViewportWidth  int        `param:"viewportWidth" min:"1" max:"1920" default:"1280" doc:"Pixels of the browser's window."`
	ViewportHeight int        `param:"viewportHeight" min:"1" max:"1080" default:"720" doc:"Pixels of the browser's window."`
	Scale          scale      `param:"scale" default:"1" doc:"Pixels of the picture for one of the window, from 0.1 to 3."`
	Theme          string     `param:"theme" oneof:"light,dark" fold:"true" default:"\"light\"" doc:"light or dark."`
	UserAgent      string     `param:"userAgent" max:"512" default:"\"\"" doc:"What the browser calls itself."`
	FullPage       bool       `param:"fullpage" default:"false" doc:"The whole page, and not the window only."`
	Locale         string     `param:"locale" max:"10" default:"\"\"" doc:"Language of the browser."`
	Timezone       zone       `param:"timezone" default:"\"\"" doc:"Time zone of the browser, such as Europe/Berlin."`
	Latitude       latitude   `param:"latitude" default:"0" doc:"Where the browser is, from -90 to 90."`
	Longitude      longitude  `param:"longitude" default:"0" doc:"Where the browser is, from -180 to 180."`
	Accuracy       accuracy   `param:"accuracy" default:"0" doc:"Metres, of where it is."`
	Touch          bool       `param:"touch" default:"false" doc:"The screen can be touched."`
	Permissions    []string   `param:"permissions" max:"20" default:"[]" oneof:"geolocation,camera,microphone,notifications,midi,push,clipboard-read,clipboard-write,payment-handler,usb,bluetooth,accelerometer,gyroscope,magnetometer,ambient-light-sensor,background-sync,persistent-storage,screen-wake-lock,web-share,xr-spatial-tracking" fold:"true" doc:"What the page may do without asking."`
	Sleep          int        `param:"sleep" min:"0" max:"10" default:"0" doc:"Seconds to wait before the picture."`
	Width          int        `param:"width" min:"0" max:"2000" default:"0" doc:"Pixels of the picture; 0 is as it was taken."`
	Height         int        `param:"height" min:"0" max:"2000" default:"0" doc:"Pixels of the picture; 0 is as it was taken."`
	Quality        int        `param:"quality" min:"-1" max:"100" default:"-1" doc:"Of the compression; -1 leaves the choice."`
	Output         output     `param:"output" default:"\"\"" doc:"Format of the picture."`
}

func (s *Service) screenshot(ctx context.Context, call *api.Call, in screenshotParams) (api.Content, error) {
	if s.Browser == nil {
		return api.Content{}, apierr.FeatureUnsupported.Detail("Screenshots need a browser service, and none is set up: _APP_BROWSER_HOST names its address.")
	}
	headers, err := headersOf(in.Headers)
	if err != nil {
		return api.Content{}, api.Invalid("headers", err)
	}
	return s.kept(ctx, call, groupScreen, in, func() (api.Content, error) {
		leave, err := s.remote.take(ctx)
		if err != nil {
			return api.Content{}, err
		}
		defer leave()
		if err := s.Out.Check(ctx, string(in.URL), fetch.Use{Timeout: 5 * time.Second}); err != nil {
			return api.Content{}, apierr.AvatarRemoteURLFailed.Because(err)
		}
		taken, err := s.Browser.take(ctx, in, headers)
		if err != nil {
			return api.Content{}, err
		}
		format := string(in.Output)
		if format == "" {
			format = "png"
		}
		body, err := s.Pictures.Fit(ctx, taken, in.Width, in.Height, in.Quality, format)
		if err != nil {
			return api.Content{}, unreadable(ctx, err, apierr.AvatarImageNotFound)
		}
		return api.Content{Type: outputTypes[format], Body: body}, nil
	})
}

// order is what the browser service is asked for.
type order struct {
	URL         string            `json:"url"`
	Theme       string            `json:"theme"`
	Headers     map[string]string `json:"headers"`
	Sleep       int               `json:"sleep"` // milliseconds
	WaitUntil   string            `json:"waitUntil"`
	Viewport    viewport          `json:"viewport"`
	Scale       float64           `json:"deviceScaleFactor,omitempty"`
	UserAgent   string            `json:"userAgent,omitempty"`
	FullPage    bool              `json:"fullPage,omitempty"`
	Locale      string            `json:"locale,omitempty"`
	TimeZone    string            `json:"timezoneId,omitempty"`
	Geolocation *place            `json:"geolocation,omitempty"`
	Touch       bool              `json:"hasTouch,omitempty"`
	Permissions []string          `json:"permissions,omitempty"`
}

type viewport struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

type place struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
	Accuracy  float64 `json:"accuracy"`
}

// take has the browser take a picture. It is given the time that the page may
// take, besides the wait that was asked for.
func (b *Browser) take(ctx context.Context, in screenshotParams, headers map[string]string) ([]byte, error) {
	o := order{
		URL: string(in.URL), Theme: in.Theme, Headers: headers, Sleep: in.Sleep * 1000, WaitUntil: "load",
		Viewport: viewport{in.ViewportWidth, in.ViewportHeight}, UserAgent: in.UserAgent, FullPage: in.FullPage,
		Locale: in.Locale, TimeZone: string(in.Timezone), Touch: in.Touch, Permissions: in.Permissions,
	}
	if in.Scale != 1 {
		o.Scale = float64(in.Scale)
	}
	if in.Latitude != 0 || in.Longitude != 0 {
		o.Geolocation = &place{float64(in.Latitude), float64(in.Longitude), float64(in.Accuracy)}
	}
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	r, err := b.Out.Do(ctx, fetch.Request{
		Method: "POST", URL: strings.TrimSuffix(b.Address, "/") + "/screenshots", Body: body,
		Header: map[string]string{"Content-Type": "application/json"},
	}, fetch.Use{
		Ports: []int{b.Port}, MaxBytes: 20 << 20, Timeout: time.Duration(30+in.Sleep) * time.Second, Accept: "image/png",
	})
	if err := fetched(ctx, r, err); err != nil {
		return nil, err
	}
	return r.Body, nil
}

const (
	maxHeaders = 50
	maxValue   = 4096
)

var headerName = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$")

// headersOf reads headers for the browser to send: names of RFC 9110 §5.1, and
// texts without line breaks.
func headersOf(object api.Object) (map[string]string, error) {
	list := map[string]string{}
	if len(object) > 65535 {
		return nil, errHeaders
	}
	if err := json.Unmarshal(object, &list); err != nil {
		return nil, errHeaders
	}
	for name, value := range list {
		if !headerName.MatchString(name) || len(value) > maxValue || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			return nil, errHeaders
		}
	}
	if len(list) > maxHeaders {
		return nil, errHeaders
	}
	return list, nil
}

var errHeaders = api.Reject("Value must be a valid object.")
