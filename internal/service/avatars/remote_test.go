package avatars

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	stdimage "image"
	"image/color"
	"image/png"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"moorfast/internal/api"
	"moorfast/internal/apierr"
	"moorfast/internal/fetch"
	"moorfast/internal/identity"
	"moorfast/internal/image"
	"moorfast/internal/project"
)

// drawn is a pool, as the program has one.
type drawn struct{ *image.Pool }

func (d drawn) Fit(ctx context.Context, src []byte, width, height, quality int, format string) ([]byte, error) {
	f, _ := image.ParseFormat(format)
	return d.Pool.Fit(ctx, src, width, height, quality, f)
}

func (d drawn) Encode(ctx context.Context, img stdimage.Image, format string, quality int) ([]byte, error) {
	return d.Pool.Encode(ctx, img, image.Format(format), quality)
}

// away is the way out to one server, on whatever port it is: the names of
// example.org are all it knows.
type away struct {
	*fetch.Client
	port  int
	asked []string
}

func (a *away) Get(ctx context.Context, address string, use fetch.Use) (*fetch.Response, error) {
	return a.Do(ctx, fetch.Request{Method: "GET", URL: address}, use)
}

func (a *away) Do(ctx context.Context, r fetch.Request, use fetch.Use) (*fetch.Response, error) {
	a.asked = append(a.asked, r.URL)
	use.Ports = append(use.Ports, a.port)
	u, err := url.Parse(r.URL)
	if err == nil && u.Port() == "" && strings.HasSuffix(u.Hostname(), "example.org") {
		u.Host = net.JoinHostPort(u.Hostname(), strconv.Itoa(a.port))
		r.URL = u.String()
	}
	return a.Client.Do(ctx, r, use)
}

// kept is a cache in memory.
type kept map[string][]byte

func (k kept) Get(_ context.Context, project, group, key string) ([]byte, bool) {
	b, ok := k[project+"|"+group+"|"+key]
	return b, ok
}

func (k kept) Put(_ context.Context, project, group, key string, body []byte) error {
	k[project+"|"+group+"|"+key] = body
	return nil
}

// world is a service, and a server that it fetches from.
func world(t *testing.T, handler http.HandlerFunc) (*Service, *away) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	at := netip.MustParseAddrPort(server.Listener.Addr().String())
	out := &away{port: int(at.Port()), Client: fetch.New(fetch.Options{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Resolve: func(_ context.Context, host string) ([]netip.Addr, error) {
			switch host {
			case "example.org", "cdn.example.org":
				return []netip.Addr{at.Addr()}, nil
			case "inner.example.org":
				return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil
			}
			return nil, errors.New("no such host")
		},
	})}
	return &Service{Out: out, Pictures: drawn{image.NewPool(2, 8, image.Limits{MaxPixels: 1 << 17})}}, out
}

// invoke calls an endpoint, with parameters in pairs.
func invoke(t *testing.T, s *Service, user *identity.User, name string, params ...string) (api.Content, map[string]string, error) {
	t.Helper()
	table, err := api.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(table, func(e api.Endpoint) bool { return e.Name == "avatars."+name })
	call := &api.Call{Project: &project.Project{ID: "app"}, Actor: identity.Actor{User: user}}
	values := &api.Values{}
	for p := 0; p < len(params); p += 2 {
		raw := json.RawMessage(params[p+1])
		if !strings.HasPrefix(params[p+1], "{") && !strings.HasPrefix(params[p+1], "[") {
			raw = api.Quote(params[p+1])
		}
		values.Set(params[p], raw)
	}
	in, err := table[i].Bind(call, values)
	if err != nil {
		t.Fatal(err)
	}
	out, err := table[i].Run(t.Context(), call, in)
	if err != nil {
		return api.Content{}, nil, err
	}
	return out.(api.Content), call.Reply.Header, nil
}

// full is a cache that keeps nothing.
type full struct{}

func (full) Get(context.Context, string, string, string) ([]byte, bool) { return nil, false }

func (full) Put(context.Context, string, string, string, []byte) error {
	return errors.New("the disk is full")
}

func TestACacheThatIsFull(t *testing.T) {
	s := &Service{Pictures: drawn{image.NewPool(1, 8, image.Limits{})}, Cache: full{}}
	if c, _, err := invoke(t, s, nil, "getFlag", "code", "de"); err != nil || c.Type != pngType {
		t.Errorf("got %s, %v", c.Type, err)
	}
}

func pngOf(width, height int, c color.Color) []byte {
	img := stdimage.NewRGBA(stdimage.Rect(0, 0, width, height))
	for i := range width * height {
		img.Set(i%width, i/width, c)
	}
	var b bytes.Buffer
	png.Encode(&b, img)
	return b.Bytes()
}

func TestImage(t *testing.T) {
	s, out := world(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/red":
			w.Write(pngOf(60, 30, color.RGBA{255, 0, 0, 255}))
		case "/moved":
			http.Redirect(w, r, "/red", http.StatusFound)
		case "/text":
			fmt.Fprint(w, "<svg xmlns='http://www.w3.org/2000/svg'/>")
		case "/huge":
			w.Write(pngOf(1<<17+1, 1, color.Black))
		case "/large":
			w.Write(make([]byte, 10<<20+1))
		case "/refused":
			w.WriteHeader(http.StatusForbidden)
			w.Write(pngOf(1, 1, color.Black))
		}
	})
	if _, _, err := invoke(t, s, nil, "getImage", "url", "https://example.org/red", "width", "10", "height", "10"); !errors.Is(err, apierr.AvatarRemoteURLFailed) {
		t.Errorf("over TLS, from a server that has none: %v", err)
	}
	content, header, err := invoke(t, s, nil, "getImage", "url", "http://example.org/red", "width", "10", "height", "0")
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(content.Body))
	if err != nil || img.Bounds().Size() != stdimage.Pt(10, 5) || content.Type != "image/png" {
		t.Errorf("the image is %v, %s, %v", img.Bounds(), content.Type, err)
	}
	if header["Cache-Control"] != month || header["X-Appwrite-Cache"] != "miss" {
		t.Errorf("the headers are %v", header)
	}
	for address, want := range map[string]*apierr.Error{
		"http://example.org/moved": apierr.AvatarRemoteURLFailed, "http://example.org/refused": apierr.AvatarRemoteURLFailed, "http://example.org/large": apierr.AvatarRemoteURLFailed,
		"http://inner.example.org/red": apierr.AvatarRemoteURLFailed, "http://nowhere.example.net/": apierr.AvatarRemoteURLFailed,
		"http://example.org/text": apierr.AvatarImageNotFound, "http://example.org/huge": apierr.AvatarImageNotFound, "http://example.org/none": apierr.AvatarImageNotFound,
	} {
		if _, _, err := invoke(t, s, nil, "getImage", "url", address); !errors.Is(err, want) || apierr.From(err).Message != want.Message {
			t.Errorf("%s: %v, want %v", address, err, want)
		}
	}
	// What was kept is not fetched again.
	s.Cache = kept{}
	for i, want := range []string{"miss", "hit", "miss"} {
		width := []string{"10", "10", "11"}[i]
		before := len(out.asked)
		content, header, err := invoke(t, s, nil, "getImage", "url", "http://example.org/red", "width", width)
		if err != nil || header["X-Appwrite-Cache"] != want || (want == "hit") != (len(out.asked) == before) || !bytes.HasPrefix(content.Body, []byte("\x89PNG")) {
			t.Errorf("call %d: %v %v, asked %v", i, header, err, out.asked[before:])
		}
		if want == "hit" && (header["Cache-Control"] != halfYear || content.Type != "image/png") {
			t.Errorf("the hit is %s, %v", content.Type, header)
		}
	}
}

func ico(image []byte) []byte {
	b := []byte{0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0, byte(len(image)), byte(len(image) >> 8), 0, 0, 22, 0, 0, 0}
	return append(b, image...)
}

func TestFavicon(t *testing.T) {
	files := map[string][]byte{
		"/png": pngOf(64, 64, color.RGBA{0, 0, 255, 255}), "/svg": []byte(` <?xml version="1.0"?><svg onload="alert(1)"><script>1</script><path d="M0 0"/></svg>`),
		"/broken.svg": []byte("<svg><g></svg>"), "/favicon.ico": ico(pngOf(16, 16, color.Black)), "/fake.ico": append(ico(nil), "<script>"...), "/html": []byte("<html><script>alert(1)</script></html>"),
	}
	page := ""
	s, out := world(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/":
			fmt.Fprint(w, page)
		case r.URL.Path == "/moved":
			http.Redirect(w, r, "/", http.StatusMovedPermanently)
		case r.URL.Path == "/away":
			http.Redirect(w, r, "http://inner.example.org/", http.StatusFound)
		case files[r.URL.Path] != nil:
			w.Header().Set("Content-Type", "text/html")
			w.Write(files[r.URL.Path])
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	})
	for name, tt := range map[string]struct {
		page, at string
		typ      string
		want     *apierr.Error
	}{
		"PNG":                  {`<link rel=icon href=/png>`, "/", "image/png", nil},
		"PNG, after redirects": {`<link rel=icon href=/png>`, "/moved", "image/png", nil},
		"SVG before larger":    {`<link rel=icon sizes=512x512 href=/png><link rel=icon type=image/svg+xml href=/svg>`, "/", "image/svg+xml", nil},
		"ICO by default":       {`<html>`, "/", "image/x-icon", nil},
		"PNG, called ICO":      {`<link rel=icon type="image/x-icon" href=/png>`, "/", "image/png", nil},
		"ICO that is none":     {`<link rel=icon href=/fake.ico>`, "/", "", apierr.AvatarIconNotFound},
		"a page":               {`<link rel=icon href=/html>`, "/", "", apierr.AvatarIconNotFound},
		"broken SVG":           {`<link rel=icon href=/broken.svg>`, "/", "", apierr.AvatarSVGUnsafe},
		"nothing":              {`<link rel=icon href=/none>`, "/", "", apierr.AvatarIconNotFound},
		"a private icon":       {`<link rel=icon href="http://10.0.0.1/png">`, "/", "", apierr.AvatarIconNotFound},
		"a private name":       {`<link rel=icon href="http://inner.example.org/png">`, "/", "", apierr.AvatarIconNotFound},
		"a private redirect":   {``, "/away", "", apierr.AvatarRemoteURLFailed},
		"no page":              {``, "/none", "", apierr.AvatarRemoteURLFailed},
	} {
		page = tt.page
		content, header, err := invoke(t, s, nil, "getFavicon", "url", fmt.Sprintf("http://example.org:%d%s", out.port, tt.at))
		if tt.want != nil {
			if !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
			continue
		}
		if err != nil || content.Type != tt.typ {
			t.Errorf("%s: %s %v, want %s", name, content.Type, err, tt.typ)
			continue
		}
		switch content.Type {
		case "image/png":
			if img, err := png.Decode(bytes.NewReader(content.Body)); err != nil || img.Bounds().Size() != stdimage.Pt(56, 56) {
				t.Errorf("%s: %v", name, err)
			}
		case "image/svg+xml":
			if want := `<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"></path></svg>`; string(content.Body) != want || header["Content-Security-Policy"] != svgPolicy {
				t.Errorf("%s: %s %v", name, content.Body, header)
			}
		}
	}
}

func TestICO(t *testing.T) {
	good := ico(pngOf(16, 16, color.Black))
	if !isICO(good) {
		t.Error("an icon is none")
	}
	for i := range 22 {
		isICO(good[:i])
		bad := bytes.Clone(good)
		bad[i] ^= 0xff
		isICO(bad) // whatever it is, it does not panic
	}
	for name, b := range map[string][]byte{"nothing": nil, "no entries": {0, 0, 1, 0, 0, 0}, "cut": good[:len(good)-1], "HTML": append(good[:22:22], bytes.Repeat([]byte("<html>"), 20)...)} {
		if isICO(b) {
			t.Errorf("%s is an icon", name)
		}
	}
}

// The picture of a user is looked for by a hash of the address, over TLS only.
func TestPhoto(t *testing.T) {
	s, out := world(t, func(http.ResponseWriter, *http.Request) {})
	user := &identity.User{ID: "walter", Name: "Walter Bishop", Email: "Walter@Example.org"}
	content, header, err := invoke(t, s, user, "getPhoto", "width", "30", "rating", "pg")
	if err != nil || content.Type != "image/png" || header["Cache-Control"] != neverKept {
		t.Fatalf("got %s, %v, %v", content.Type, header, err)
	}
	if len(out.asked) != 2 || !strings.HasPrefix(out.asked[0], "https://www.gravatar.com/avatar/") || !strings.HasSuffix(out.asked[0], "?d=404&s=256&r=pg") ||
		!strings.HasPrefix(out.asked[1], "https://seccdn.libravatar.org/avatar/") || strings.Contains(strings.Join(out.asked, ""), "@") || out.asked[0][32:96] != out.asked[1][37:101] {
		t.Errorf("asked for %v", out.asked)
	}
	img, err := png.Decode(bytes.NewReader(content.Body))
	if err != nil || img.Bounds().Size() != stdimage.Pt(30, 256) {
		t.Fatalf("the photo is %v, %v", img.Bounds(), err)
	}
	if got := color.NRGBAModel.Convert(img.At(0, 0)); got != colorOf("WB") {
		t.Errorf("the photo is %v, want the initials", got)
	}
	s.Out = picturesOf(pngOf(8, 8, color.RGBA{1, 2, 3, 255}))
	if content, _, err = invoke(t, s, user, "getPhoto"); err != nil {
		t.Fatal(err)
	}
	if img, err = png.Decode(bytes.NewReader(content.Body)); err != nil || color.NRGBAModel.Convert(img.At(9, 9)) != (color.NRGBA{1, 2, 3, 255}) {
		t.Errorf("the photo is not the one that was found: %v", err)
	}
	s.Out = picturesOf([]byte("<html>"))
	if content, _, err = invoke(t, s, user, "getPhoto"); err != nil || content.Type != "image/png" {
		t.Errorf("from a place that has no picture: %v", err)
	}
}

// picturesOf is a way out that leads to one file.
type picturesOf []byte

func (p picturesOf) Get(context.Context, string, fetch.Use) (*fetch.Response, error) {
	return &fetch.Response{Status: 200, Body: p}, nil
}

func (p picturesOf) Do(context.Context, fetch.Request, fetch.Use) (*fetch.Response, error) {
	return nil, errors.New("not here")
}

func (p picturesOf) Check(context.Context, string, fetch.Use) error { return nil }

func TestScreenshot(t *testing.T) {
	var got map[string]any
	answer := pngOf(128, 72, color.RGBA{9, 9, 9, 255})
	s, out := world(t, func(w http.ResponseWriter, r *http.Request) {
		if b, _ := io.ReadAll(r.Body); r.Method != "POST" || r.URL.Path != "/v1/screenshots" || json.Unmarshal(b, &got) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Write(answer)
	})
	s.Browser = &Browser{Address: "http://example.org/v1/", Port: out.port, Out: out}
	content, header, err := invoke(t, s, nil, "getScreenshot", "url", "https://example.org/", "sleep", "2", "scale", "2", "theme", "DARK", "fullpage", "1",
		"headers", `{"X-A":"b"}`, "timezone", "Europe/Berlin", "latitude", "1.5", "permissions", `["geolocation"]`, "width", "64", "output", "jpeg")
	if err != nil || content.Type != "image/jpeg" || header["X-Appwrite-Cache"] != "miss" {
		t.Fatalf("got %s %v %v", content.Type, header, err)
	}
	want := map[string]any{
		"url": "https://example.org/", "theme": "dark", "headers": map[string]any{"X-A": "b"}, "sleep": 2000.0, "waitUntil": "load",
		"viewport": map[string]any{"width": 1280.0, "height": 720.0}, "deviceScaleFactor": 2.0, "fullPage": true, "timezoneId": "Europe/Berlin",
		"geolocation": map[string]any{"latitude": 1.5, "longitude": 0.0, "accuracy": 0.0}, "permissions": []any{"geolocation"},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the browser got\n%v, want\n%v", got, want)
	}
	got = nil
	for _, address := range []string{"http://inner.example.org/", "http://169.254.169.254/", "http://example.org:22/"} {
		if _, _, err := invoke(t, s, nil, "getScreenshot", "url", address); !errors.Is(err, apierr.AvatarRemoteURLFailed) || got != nil {
			t.Errorf("%s: %v, and the browser got %v", address, err, got)
		}
	}
	answer = []byte("<html>")
	if _, _, err := invoke(t, s, nil, "getScreenshot", "url", "https://example.org/"); !errors.Is(err, apierr.AvatarImageNotFound) {
		t.Errorf("a picture that is none: %v", err)
	}
}

func TestInitialsOf(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "walter": "W", "walter bishop": "WB", "Walter Q Bishop": "WQ", "walter_bishop": "WB", "walter_q bishop": "WB", "7 of 9": "7O",
		" walter": "W", "walter  bishop": "W", "ärger öl": "", "a ö c": "A", "w@x.org": "W", "-- b": "B", "_": "", "日本 b": "B",
	} {
		if got := initialsOf(name); got != want {
			t.Errorf("the initials of %q are %q, want %q", name, got, want)
		}
	}
}

func TestEveryPictureIsThere(t *testing.T) {
	n := 0
	for folder, codes := range stock().codes {
		for _, code := range codes {
			for _, size := range [][2]int{{100, 100}, {200, 100}, {0, 100}} {
				b, err := drawing(folder, code, size[0], size[1])
				if err == nil {
					_, err = png.DecodeConfig(bytes.NewReader(b))
				}
				if err != nil {
					t.Errorf("%s %s: %v", folder, code, err)
				}
			}
			n++
		}
	}
	if n != 195+17+14 {
		t.Errorf("there are %d pictures", n)
	}
}

func BenchmarkFlag(b *testing.B) {
	s := &Service{Pictures: drawn{image.NewPool(2, 8, image.Limits{})}}
	call := &api.Call{Project: &project.Project{ID: "app"}}
	for b.Loop() {
		if _, err := s.flag(b.Context(), call, flagParams{Code: "de", Width: 100, Height: 100, Quality: -1}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkInitials(b *testing.B) {
	s := &Service{Pictures: drawn{image.NewPool(2, 8, image.Limits{})}}
	for b.Loop() {
		if _, err := s.initials(b.Context(), new(api.Call), initialsParams{Name: "Walter Bishop"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSanitize(b *testing.B) {
	svg := []byte(svgHead + strings.Repeat(`<g fill="#f00"><path d="M0 0h8v8z" style="fill:url(#a)"/></g>`, 200) + "</svg>")
	b.SetBytes(int64(len(svg)))
	for b.Loop() {
		if _, err := sanitize(svg); err != nil {
			b.Fatal(err)
		}
	}
}

// Where the client has gone, that is the error, and not what it asked for.
func TestClientsThatLeave(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, out := world(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	_, err := out.Get(ctx, "http://example.org/", fetch.Use{})
	if err := fetched(ctx, nil, err); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// More of what comes from elsewhere than may be in memory has to wait, and is
// told so after a while.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all turns
		var leave func()
		for range remoteAtOnce {
			var err error
			if leave, err = all.take(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := all.take(t.Context()); !errors.Is(err, apierr.Busy) {
			t.Errorf("one more: %v", err)
		}
		go leave()
		if _, err := all.take(t.Context()); err != nil {
			t.Errorf("when one has left: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := all.take(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
	})
}
