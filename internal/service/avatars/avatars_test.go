package avatars_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"moorfast/internal/server/servertest"
)

// picture decodes an answer that is a PNG image.
func picture(t *testing.T, path string, a servertest.Answer) image.Image {
	t.Helper()
	img, err := png.Decode(strings.NewReader(a.Body))
	if err != nil || a.Header.Get("Content-Type") != "image/png" {
		t.Fatalf("GET %s: %v, type %q: %.80q", path, err, a.Header.Get("Content-Type"), a.Body)
	}
	return img
}

func TestPicturesOfTheProgram(t *testing.T) {
	app := servertest.New(t).Found()
	for path, want := range map[string]image.Point{
		"/avatars/flags/de":                                {100, 100},
		"/avatars/flags/DE?width=40&height=20":             {40, 20},
		"/avatars/flags/np?width=0&height=60":              {80, 60},
		"/avatars/flags/us?width=2000&height=2000":         {2000, 2000},
		"/avatars/flags/fr?width=0&height=0":               {320, 240},
		"/avatars/credit-cards/visa":                       {100, 100},
		"/avatars/credit-cards/rupay?width=90&height=60":   {90, 60},
		"/avatars/credit-cards/AMEX?quality=10":            {100, 100},
		"/avatars/browsers/ff?width=1&height=1&quality=-1": {1, 1},
		"/avatars/browsers/on?width=300&height=0":          {300, 300},
	} {
		a := app.Guest.Must("GET", path, nil)
		if got := picture(t, path, a).Bounds().Size(); got != want {
			t.Errorf("GET %s is of %v, want %v", path, got, want)
		}
		if a.Header.Get("Cache-Control") != "private, max-age=2592000" || a.Header.Get("X-Appwrite-Cache") != "miss" ||
			a.Header.Get("X-Content-Type-Options") != "nosniff" || a.Header.Get("Content-Encoding") != "" {
			t.Errorf("GET %s: %v", path, a.Header)
		}
	}
	// The right picture, and not just any: Germany is black, red and gold.
	img := picture(t, "", app.Guest.Must("GET", "/avatars/flags/de", nil))
	for y, want := range map[int]color.RGBA{10: {0, 0, 0, 255}, 50: {255, 0, 0, 255}, 90: {255, 204, 0, 255}} {
		r, g, b, _ := img.At(50, y).RGBA()
		if got := [3]int{int(r >> 8), int(g >> 8), int(b >> 8)}; abs(got[0]-int(want.R)) > 8 || abs(got[1]-int(want.G)) > 8 || abs(got[2]-int(want.B)) > 8 {
			t.Errorf("Germany at %d is %v, want %v", y, got, want)
		}
	}
}

func abs(n int) int { return max(n, -n) }

func TestBadParameters(t *testing.T) {
	app := servertest.New(t, "_APP_BROWSER_HOST=http://127.0.0.1:9/v1").Found()
	const rng, long = "Value must be a valid range between 0 and 2,000", "Value must be a valid string and at least 1 chars and no longer than 512 chars"
	const web = "Value must be a valid URL with following schemes (http, https)"
	shot := func(param string) string { return "/avatars/screenshots?url=http://example.org&" + param }
	for _, tt := range []struct{ path, param, message string }{
		{"/avatars/flags/xx", "code", "Value must be one of (af, ao, al, ad,"},
		{"/avatars/flags/..", "", ""},
		{"/avatars/flags/%2e%2e%2fcodes", "code", "Value must be one of (af,"},
		{"/avatars/browsers/de", "code", "Value must be one of (aa, an, ch, ci, cm, cr, ff, sf, mf, ps, oi, om, op, on)"},
		{"/avatars/credit-cards/dollar", "code", "Value must be one of (amex, argencard, cabal, cencosud, diners, discover, elo, hipercard, jcb, mastercard, naranja, targeta-shopping, unionpay, visa, mir, maestro, rupay)"},
		{"/avatars/flags/de?width=2001", "width", rng},
		{"/avatars/flags/de?width=-1", "width", rng},
		{"/avatars/flags/de?width=1.5", "width", rng},
		{"/avatars/flags/de?height=x", "height", rng},
		{"/avatars/flags/de?quality=101", "quality", "Value must be a valid range between -1 and 100"},
		{"/avatars/flags/de?quality=-2", "quality", "Value must be a valid range between -1 and 100"},
		{"/avatars/qr", "", `Param "text" is not optional.`},
		{"/avatars/qr?text=", "text", long},
		{"/avatars/qr?text=" + strings.Repeat("a", 513), "text", long},
		{"/avatars/qr?text=a&size=0", "size", "Value must be a valid range between 1 and 1,000"},
		{"/avatars/qr?text=a&size=1001", "size", "Value must be a valid range between 1 and 1,000"},
		{"/avatars/qr?text=a&margin=11", "margin", "Value must be a valid range between 0 and 10"},
		{"/avatars/qr?text=a&download=maybe", "download", "Value must be a valid boolean"},
		{"/avatars/initials?name=" + strings.Repeat("a", 129), "name", "Value must be a valid string and at least 1 chars and no longer than 128 chars"},
		{"/avatars/initials?background=%23fff", "background", "Value must be a valid Hex color code"},
		{"/avatars/initials?background=ggg", "background", "Value must be a valid Hex color code"},
		{"/avatars/initials?background=ffff", "background", "Value must be a valid Hex color code"},
		{"/avatars/initials?width=2001", "width", rng},
		{"/avatars/photo?output=gif", "output", "Value must be one of (png, jpg, webp)"},
		{"/avatars/photo?rating=z", "rating", "Value must be one of (g, pg, r, x)"},
		{"/avatars/photo?quality=-1", "quality", "Value must be a valid range between 0 and 100"},
		{"/avatars/image", "", `Param "url" is not optional.`},
		{"/avatars/image?url=ftp://example.org/a", "url", web},
		{"/avatars/image?url=example.org", "url", web},
		{"/avatars/image?url=http://example.org&width=2001", "width", rng},
		{"/avatars/favicon?url=javascript:alert(1)", "url", web},
		{"/avatars/screenshots", "", `Param "url" is not optional.`},
		{"/avatars/screenshots?url=file:///etc/passwd", "url", web},
		{shot("headers=x"), "headers", "Value must be a valid object."},
		{shot("headers[a%20b]=x"), "headers", "Value must be a valid object."},
		{shot("headers[a]=x%0d%0ab:c"), "headers", "Value must be a valid object."},
		{shot("viewportWidth=0"), "viewportWidth", "Value must be a valid range between 1 and 1,920"},
		{shot("viewportHeight=1081"), "viewportHeight", "Value must be a valid range between 1 and 1,080"},
		{shot("scale=0"), "scale", "Value must be a valid range between 0 and 3"},
		{shot("scale=NaN"), "scale", "Value must be a valid range between 0 and 3"},
		{shot("theme=blue"), "theme", "Value must be one of (light, dark)"},
		{shot("userAgent=" + strings.Repeat("a", 513)), "userAgent", "Value must be a valid string and at least 1 chars and no longer than 512 chars"},
		{shot("fullpage=2"), "fullpage", "Value must be a valid boolean"},
		{shot("locale=" + strings.Repeat("a", 11)), "locale", "Value must be a valid string and at least 1 chars and no longer than 10 chars"},
		{shot("timezone=Europe/Atlantis"), "timezone", "Value must be one of the time zone identifiers"},
		{shot("timezone=../../etc/passwd"), "timezone", "Value must be one of the time zone identifiers"},
		{shot("latitude=91"), "latitude", "Value must be a valid range between -90 and 90"},
		{shot("longitude=-181"), "longitude", "Value must be a valid range between -180 and 180"},
		{shot("accuracy=100001"), "accuracy", "Value must be a valid range between 0 and 100,000"},
		{shot("touch=x"), "touch", "Value must be a valid boolean"},
		{shot("permissions[]=root"), "permissions", "Value must a valid array no longer than 20 items and Value must be one of (geolocation, camera,"},
		{shot("sleep=11"), "sleep", "Value must be a valid range between 0 and 10"},
		{shot("quality=101"), "quality", "Value must be a valid range between -1 and 100"},
		{shot("output=bmp"), "output", "Value must be one of (jpg, jpeg, png, webp, heic, avif, gif)"},
	} {
		want := tt.message
		if tt.param != "" {
			want = "Invalid `" + tt.param + "` param: " + want
		}
		a := app.Guest.Do("GET", tt.path, nil)
		if tt.message == "" { // not this endpoint at all
			if a.Status < 400 {
				t.Errorf("GET %s: %d", tt.path, a.Status)
			}
			continue
		}
		if a.Status != 400 || a.Text("type") != "general_argument_invalid" || !strings.HasPrefix(a.Text("message"), want) {
			t.Errorf("GET %.80s\ngot  %d %s\nwant %s", tt.path, a.Status, a.Body, want)
		}
	}
}

func TestInitials(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	app.Guest.Must("POST", "/account", servertest.M{"userId": "walter", "email": "walter@example.org", "password": "correct horse 1", "name": "Walter O'Brien"})
	user := s.Guest("X-Appwrite-Project", "app")
	user.Must("POST", "/account/sessions/email", servertest.M{"email": "walter@example.org", "password": "correct horse 1"})
	for _, tt := range []struct {
		name   string
		client *servertest.Client
		query  string
		size   image.Point
		color  string // of the corner
		cut    bool   // the letters are holes
	}{
		{"a name", app.Guest, "?name=Walter+O%27Brien", image.Pt(500, 500), "fe9567", true}, // W + O is 166, and 6 mod 5 is 1
		{"the current user", user, "", image.Pt(500, 500), "fe9567", true},
		{"nobody", app.Guest, "", image.Pt(500, 500), "fd366e", false},
		{"no letters of ASCII", app.Guest, "?name=%C3%84+%C3%96", image.Pt(500, 500), "fd366e", false},
		{"another colour", app.Guest, "?name=a&background=0f0", image.Pt(500, 500), "00ff00", true},
		{"another size", app.Guest, "?name=a&width=20&height=0&background=123456", image.Pt(20, 500), "123456", true},
		{"one pixel", app.Guest, "?name=a&width=1&height=1&background=123456", image.Pt(1, 1), "123456", false},
	} {
		a := tt.client.Must("GET", "/avatars/initials"+tt.query, nil)
		img := picture(t, tt.name, a)
		if img.Bounds().Size() != tt.size || a.Header.Get("Cache-Control") != "private, max-age=3888000" {
			t.Errorf("%s: %v, %v", tt.name, img.Bounds(), a.Header)
		}
		if got := hexOf(img.At(0, 0)); got != tt.color {
			t.Errorf("%s: the colour is %s, want %s", tt.name, got, tt.color)
		}
		if got := holes(img) > 0; got != tt.cut {
			t.Errorf("%s: there are letters: %v, want %v", tt.name, got, tt.cut)
		}
	}
}

func hexOf(c color.Color) string {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	const digits = "0123456789abcdef"
	var b []byte
	for _, v := range []byte{n.R, n.G, n.B} {
		b = append(b, digits[v>>4], digits[v&15])
	}
	return string(b)
}

// holes counts the pixels that are transparent.
func holes(img image.Image) (n int) {
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if _, _, _, a := img.At(x, y).RGBA(); a == 0 {
				n++
			}
		}
	}
	return n
}

func TestQR(t *testing.T) {
	app := servertest.New(t).Found()
	a := app.Guest.Must("GET", "/avatars/qr?text=hello&size=230&margin=1&download=true", nil)
	img := picture(t, "qr", a)
	// 21 modules and two of margin: 10 pixels each, and the corner of the finder
	// pattern is one module from the edge.
	if img.Bounds().Size() != image.Pt(230, 230) || hexOf(img.At(9, 9)) != "ffffff" || hexOf(img.At(10, 10)) != "000000" || hexOf(img.At(25, 25)) != "ffffff" {
		t.Errorf("the code is %v", img.Bounds())
	}
	if a.Header.Get("Content-Disposition") != `attachment; filename="qr.png"` || a.Header.Get("Cache-Control") != "private, max-age=3888000" {
		t.Errorf("the headers are %v", a.Header)
	}
	if a := app.Guest.Must("GET", "/avatars/qr?text=hello&size=1&margin=10", nil); a.Header.Get("Content-Disposition") != "" || picture(t, "qr", a).Bounds().Dx() != 1 {
		t.Errorf("the smallest code: %v", a.Header)
	}
	picture(t, "qr", app.Guest.Must("GET", "/avatars/qr?size=1000&text="+url.QueryEscape(strings.Repeat("\U0001F600", 512)), nil))
}

func TestPhotoWithoutPicture(t *testing.T) {
	app := servertest.New(t).Found()
	for path, typ := range map[string]string{"": "image/png", "?output=jpg&width=10&height=20": "image/jpeg", "?output=webp&quality=50": "image/webp", "?width=0&height=0": "image/png"} {
		a := app.Guest.Must("GET", "/avatars/photo"+path, nil)
		if a.Header.Get("Content-Type") != typ || a.Header.Get("Cache-Control") != "private, no-store" || a.Body == "" {
			t.Errorf("GET photo%s: %v", path, a.Header)
		}
	}
}

// What is on the server's own network is not to be had, by whatever name.
func TestPrivateAddressesAreRefused(t *testing.T) {
	var hits atomic.Int32
	inner := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		hits.Add(1)
		png.Encode(w, image.NewGray(image.Rect(0, 0, 1, 1)))
	}))
	defer inner.Close()
	app := servertest.New(t, "_APP_BROWSER_HOST="+inner.URL).Found()
	_, port, _ := strings.Cut(strings.TrimPrefix(inner.URL, "http://"), ":")
	for _, host := range []string{
		"127.0.0.1", "localhost", "127.0.0.1:" + port, "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1", "169.254.169.254",
		"metadata.google.internal", "a@127.0.0.1", "0.0.0.0",
	} {
		for _, route := range []string{"image", "favicon", "screenshots"} {
			app.Guest.Refused("GET", "/avatars/"+route+"?url="+url.QueryEscape("http://"+host+"/"), nil, 404, "avatar_remote_url_failed")
		}
	}
	if n := hits.Load(); n != 0 {
		t.Errorf("there were %d requests to the inner server", n)
	}
}

func TestScreenshotsNeedABrowser(t *testing.T) {
	app := servertest.New(t).Found()
	a := app.Guest.Refused("GET", "/avatars/screenshots?url=https://example.org", nil, 400, "general_feature_unsupported")
	if !strings.Contains(a.Text("message"), "_APP_BROWSER_HOST") {
		t.Errorf("got %s", a.Body)
	}
}

func TestWhoMayAsk(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	for _, c := range []*servertest.Client{app.Guest, app.Key, app.Admin} {
		if !bytes.HasPrefix([]byte(c.Must("GET", "/avatars/flags/de", nil).Body), []byte("\x89PNG")) {
			t.Error("the answer is no picture")
		}
	}
	key := app.Admin.Must("POST", "/project/keys", servertest.M{"keyId": "few", "name": "Few", "scopes": []string{"users.read"}})
	s.Guest("X-Appwrite-Project", "app", "X-Appwrite-Key", key.Text("secret")).Refused("GET", "/avatars/flags/de", nil, 401, "general_unauthorized_scope")
	app.Admin.Must("PATCH", "/project/services/avatars", servertest.M{"enabled": false})
	app.Guest.Refused("GET", "/avatars/flags/de", nil, 403, "general_service_disabled")
}
