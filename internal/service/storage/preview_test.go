package storage_test

import (
	"bytes"
	"image"
	"image/color"
	"image/gif"
	_ "image/jpeg" // read what was made
	"image/png"
	"strings"
	"testing"

	_ "golang.org/x/image/webp" // read what was made

	"moorfast/internal/server/servertest"
)

// picture is a PNG whose left half is red, and whose right half is blue.
func picture(t *testing.T, width, height int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			c := color.RGBA{255, 0, 0, 255}
			if x >= width/2 {
				c = color.RGBA{0, 0, 255, 255}
			}
			img.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestPreviews(t *testing.T) {
	_, app := bucket(t, nil)
	app.Guest.Sent(list, M{"fileId": "p"}, servertest.File{Name: "p.png", Content: picture(t, 200, 100)})
	app.Guest.Sent(list, M{"fileId": "nameless"}, servertest.File{Name: "nameless", Content: picture(t, 20, 10)})
	for _, test := range []struct {
		query, mime   string
		width, height int
	}{
		{"", "image/png", 200, 100},
		{"?width=100", "image/png", 100, 50},
		{"?height=50", "image/png", 100, 50},
		{"?width=50&height=50", "image/png", 50, 50},
		{"?width=50&height=50&gravity=left&output=jpg", "image/jpeg", 50, 50},
		{"?width=50&output=jpeg&quality=50", "image/jpeg", 50, 25},
		{"?width=50&output=webp", "image/webp", 50, 25},
		{"?width=50&output=gif", "image/gif", 50, 25},
		{"?borderWidth=5&borderColor=00ff00", "image/png", 210, 110},
		{"?rotation=90", "image/png", 100, 200},
		{"?opacity=0.5&borderRadius=20&background=ffffff", "image/png", 200, 100},
	} {
		got := app.Guest.Must("GET", list+"/p/preview"+test.query, nil)
		img, format, err := image.Decode(strings.NewReader(got.Body))
		if err != nil || got.Header.Get("Content-Type") != test.mime || "image/"+format != test.mime || img.Bounds().Dx() != test.width || img.Bounds().Dy() != test.height {
			t.Errorf("%s: %s %s, %v %v; want %s of %dx%d", test.query, got.Header.Get("Content-Type"), format, img, err, test.mime, test.width, test.height)
		}
	}
	if got := app.Guest.Must("GET", list+"/nameless/preview?width=10", nil); got.Header.Get("Content-Type") != "image/png" {
		t.Errorf("a file without an extension: %s", got.Header.Get("Content-Type"))
	}
	left := app.Guest.Must("GET", list+"/p/preview?width=50&height=50&gravity=left", nil)
	img, _, err := image.Decode(strings.NewReader(left.Body))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, b, _ := img.At(25, 25).RGBA(); r < 0xf000 || b > 0x1000 {
		t.Errorf("the left of the picture is not red: %v", img.At(25, 25))
	}
}

func TestPreviewsAreCachedForThoseWhoMayReadTheFile(t *testing.T) {
	s, app := bucket(t, nil)
	app.Guest.Sent(list, M{"fileId": "p"}, servertest.File{Name: "p.png", Content: picture(t, 200, 100)})
	get := func() servertest.Answer { return app.Guest.Must("GET", list+"/p/preview?width=20", nil) }
	first, second := get(), get()
	if first.Header.Get("X-Appwrite-Cache") != "miss" || second.Header.Get("X-Appwrite-Cache") != "hit" || first.Body != second.Body {
		t.Errorf("%s, then %s", first.Header.Get("X-Appwrite-Cache"), second.Header.Get("X-Appwrite-Cache"))
	}
	if first.Header.Get("Cache-Control") != "private, max-age=2592000" || second.Header.Get("Cache-Control") != "private, max-age=15552000" {
		t.Errorf("Cache-Control is %q, then %q", first.Header.Get("Cache-Control"), second.Header.Get("Cache-Control"))
	}
	app.Key.Must("PUT", "/storage/buckets/pics", M{"name": "Pics", "permissions": []string{}})
	app.Guest.Refused("GET", list+"/p/preview?width=20", nil, 401, "user_unauthorized")
	app.Key.Must("PUT", "/storage/buckets/pics", M{"name": "Pics", "permissions": []string{`read("any")`}})
	app.Key.Must("PUT", list+"/p", M{"permissions": []string{}})
	if third := get(); third.Header.Get("X-Appwrite-Cache") != "miss" {
		t.Error("a preview outlives a change of permissions")
	}
	app.Key.Must("DELETE", list+"/p", nil)
	app.Guest.Refused("GET", list+"/p/preview?width=20", nil, 404, "storage_file_not_found")
	_ = s
}

func TestPreviewsAreRefused(t *testing.T) {
	_, app := bucket(t, M{"permissions": []string{`create("any")`, `read("any")`}})
	app.Guest.Sent(list, M{"fileId": "p"}, servertest.File{Name: "p.png", Content: picture(t, 20, 10)})
	app.Guest.Sent(list, M{"fileId": "broken"}, servertest.File{Name: "b.png", Content: picture(t, 20, 10)[:60]})
	var many bytes.Buffer
	if err := gif.Encode(&many, image.NewPaletted(image.Rect(0, 0, 9000, 9000), color.Palette{color.Black, color.White}), nil); err != nil {
		t.Fatal(err)
	}
	app.Guest.Sent(list, M{"fileId": "vast"}, servertest.File{Name: "v.gif", Content: many.Bytes()})
	for _, test := range []struct {
		path, typ, message string
	}{
		{"p/preview?width=4001", "general_argument_invalid", "Invalid `width` param: Value must be a valid range between 0 and 4,000"},
		{"p/preview?quality=101", "general_argument_invalid", "Invalid `quality` param: Value must be a valid range between -1 and 100"},
		{"p/preview?gravity=up", "general_argument_invalid", "Invalid `gravity` param: Value must be one of (center, top-left, top, top-right, left, right, bottom-left, bottom, bottom-right)"},
		{"p/preview?borderColor=red", "general_argument_invalid", "Invalid `borderColor` param: Value must be a valid Hex color code"},
		{"p/preview?opacity=1.5", "general_argument_invalid", "Invalid `opacity` param: Value must be a valid range between 0 and 1"},
		{"p/preview?opacity=half", "general_argument_invalid", "Invalid `opacity` param: Value must be a valid range between 0 and 1"},
		{"p/preview?rotation=361", "general_argument_invalid", "Invalid `rotation` param"},
		{"p/preview?output=tiff", "general_argument_invalid", "Invalid `output` param"},
		{"p/preview?output=heic", "storage_file_type_unsupported", ""},
		{"broken/preview", "storage_file_type_unsupported", ""},
		{"vast/preview?width=10", "storage_image_resolution_exceeded", "Image resolution 9000x9000 exceeds the maximum allowed"},
	} {
		if a := app.Guest.Refused("GET", list+"/"+test.path, nil, 400, test.typ); !strings.Contains(a.Body, test.message) {
			t.Errorf("%s: %s, want %s", test.path, a.Body, test.message)
		}
	}
	app.Key.Must("PUT", "/storage/buckets/pics", M{"name": "Pics", "transformations": false})
	app.Guest.Refused("GET", list+"/p/preview", nil, 403, "storage_bucket_transformations_disabled")
	app.Key.Must("GET", list+"/p/preview", nil)
}

func TestOtherFilesHaveAnIcon(t *testing.T) {
	_, app := bucket(t, nil)
	app.Guest.Sent(list, M{"fileId": "t"}, servertest.File{Name: "t.txt", Content: []byte("text")})
	got := app.Guest.Must("GET", list+"/t/preview?width=64&height=64", nil)
	img, format, err := image.Decode(strings.NewReader(got.Body))
	if err != nil || format != "png" || img.Bounds().Dx() != 64 || got.Header.Get("Content-Type") != "image/png" {
		t.Errorf("%s %v", got.Header.Get("Content-Type"), err)
	}
}
