package storage_test

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moorfast/internal/server/servertest"
	"moorfast/internal/token"
)

func TestContentHasTheHeadersOfTheContract(t *testing.T) {
	_, app := bucket(t, nil)
	png := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")
	for _, test := range []struct {
		name, view string
		content    []byte
	}{
		{"a.png", "image/png", png},
		{"a.txt", "text/plain", []byte("hello")},
		{"a.html", "text/plain", []byte("<!doctype html><html><script>alert(1)</script></html>")},
		{"a.svg", "text/plain", []byte(`<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"></svg>`)},
		{"a.pdf", "application/pdf", []byte("%PDF-1.7\n")},
		{"empty", "text/plain", nil},
	} {
		up := app.Guest.Sent(list, M{"fileId": "unique()"}, servertest.File{Name: test.name, Content: test.content})
		one := list + "/" + up.Text("$id")
		view := app.Guest.Must("GET", one+"/view", nil)
		download := app.Guest.Must("GET", one+"/download", nil)
		for header, want := range map[string]string{
			"Content-Type": test.view, "Content-Disposition": `inline; filename="` + test.name + `"`,
			"X-Content-Type-Options": "nosniff", "Cache-Control": "private, max-age=3888000", "Accept-Ranges": "bytes",
			"ETag": `"` + signature(test.content) + `"`,
		} {
			if got := view.Header.Get(header); got != want {
				t.Errorf("view of %s: %s is %q, want %q", test.name, header, got, want)
			}
		}
		if csp := view.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'none'") {
			t.Errorf("view of %s: the policy is %q", test.name, csp)
		}
		if got := download.Header.Get("Content-Type"); got != up.Text("mimeType") {
			t.Errorf("download of %s: the type is %q, want %q", test.name, got, up.Text("mimeType"))
		}
		if got := download.Header.Get("Content-Disposition"); got != `attachment; filename="`+test.name+`"` {
			t.Errorf("download of %s: %s", test.name, got)
		}
		head := app.Guest.Do("HEAD", one+"/download", nil)
		if head.Status != 200 || head.Body != "" || head.Header.Get("Content-Length") != fmt.Sprint(len(test.content)) {
			t.Errorf("HEAD of %s: %d, %q bytes", test.name, head.Status, head.Header.Get("Content-Length"))
		}
	}
}

func TestRanges(t *testing.T) {
	_, app := bucket(t, nil)
	want := content(9, 100_000)
	app.Guest.Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: want})
	for _, test := range []struct {
		header, contentRange string
		from, to             int
	}{
		{"bytes=0-9", "bytes 0-9/100000", 0, 10},
		{"bytes=65530-65545", "bytes 65530-65545/100000", 65530, 65546},
		{"bytes=99990-", "bytes 99990-99999/100000", 99990, 100000},
		{"bytes=0-99999", "bytes 0-99999/100000", 0, 100000},
		{"bytes=-10", "bytes 99990-99999/100000", 99990, 100000},
	} {
		for _, path := range []string{"/view", "/download"} {
			got := app.Guest.With("Range", test.header).Do("GET", list+"/f"+path, nil)
			if got.Status != 206 || got.Header.Get("Content-Range") != test.contentRange || got.Body != string(want[test.from:test.to]) ||
				got.Header.Get("Content-Length") != fmt.Sprint(test.to-test.from) {
				t.Errorf("%s of %s: %d %s, %d bytes", path, test.header, got.Status, got.Header.Get("Content-Range"), len(got.Body))
			}
		}
	}
	for _, header := range []string{"bytes=5-5", "bytes=9-5", "bytes=0-100000", "bytes=100000-", "items=0-5", "bytes", "bytes=x-5", "bytes=0-5,x", "bytes=-", "bytes=-0", "bytes=+1-5", "bytes=0-99999999999999999999"} {
		a := app.Guest.With("Range", header).Refused("GET", list+"/f/view", nil, 416, "storage_invalid_range")
		if got := a.Header.Get("Content-Range"); got != "bytes */100000" {
			t.Errorf("%s: Content-Range is %q", header, got)
		}
	}
}

func TestSeveralRanges(t *testing.T) {
	_, app := bucket(t, nil)
	want := content(9, 100_000)
	app.Guest.Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: want})
	got := app.Guest.With("Range", "bytes=0-9, 50000-50009,-5, 200000-").Do("GET", list+"/f/view", nil)
	kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	if got.Status != 206 || kind != "multipart/byteranges" || err != nil || got.Header.Get("Content-Length") != fmt.Sprint(len(got.Body)) {
		t.Fatalf("%d %v", got.Status, got.Header)
	}
	parts := multipart.NewReader(strings.NewReader(got.Body), params["boundary"])
	for _, span := range [][2]int{{0, 10}, {50000, 50010}, {99995, 100000}} {
		part, err := parts.NextPart()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(part)
		if err != nil || string(b) != string(want[span[0]:span[1]]) || part.Header.Get("Content-Range") != fmt.Sprintf("bytes %d-%d/100000", span[0], span[1]-1) {
			t.Errorf("%v: %v %v", span, part.Header, err)
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("after the last: %v", err)
	}
}

func TestALongRangeIsCut(t *testing.T) {
	_, app := bucket(t, M{"encryption": false, "maximumFileSize": 40_000_000}, "_APP_STORAGE_LIMIT=40000000")
	const size = 25_000_000
	want := content(4, size)
	client := app.Guest
	for at := 0; at < size; at += part {
		up := client.Sent(list, M{"fileId": "big"}, servertest.File{Name: "big", Content: want[at:min(at+part, size)], Start: at, Total: size})
		client = app.Guest.With("X-Appwrite-ID", up.Text("$id"))
	}
	for _, test := range []struct{ path, header, want string }{
		{"/view", "bytes=0-", "bytes 0-19999999/25000000"},
		{"/view", "bytes=1000-24000000", "bytes 1000-20000999/25000000"},
		{"/view", "bytes=10000000-", "bytes 10000000-24999999/25000000"},
		{"/download", "bytes=0-", "bytes 0-10485759/25000000"},
		{"/download", "bytes=0-20000000", "bytes 0-20000000/25000000"},
		{"/download", "bytes=0-20000001", "bytes 0-10485759/25000000"},
	} {
		got := app.Guest.With("Range", test.header).Do("GET", list+"/big"+test.path, nil)
		if got.Status != 206 || got.Header.Get("Content-Range") != test.want {
			t.Errorf("%s of %s: %d %s, want %s", test.header, test.path, got.Status, got.Header.Get("Content-Range"), test.want)
		}
	}
}

func TestConditions(t *testing.T) {
	s, app := bucket(t, nil)
	app.Guest.Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: []byte("hello")})
	tag := `"` + signature([]byte("hello")) + `"`
	at := s.Clock.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
	for _, test := range []struct {
		headers []string
		status  int
	}{
		{[]string{"If-None-Match", tag}, 304},
		{[]string{"If-None-Match", `"x", W/` + tag}, 304},
		{[]string{"If-None-Match", "*"}, 304},
		{[]string{"If-None-Match", `"x"`}, 200},
		{[]string{"If-None-Match", `"x"`, "If-Modified-Since", at}, 200},
		{[]string{"If-Modified-Since", at}, 304},
		{[]string{"If-Modified-Since", "Thu, 01 Jan 2015 00:00:00 GMT"}, 200},
		{[]string{"If-Modified-Since", "yesterday"}, 200},
		{[]string{"Range", "bytes=0-1", "If-Range", tag}, 206},
		{[]string{"Range", "bytes=0-1", "If-Range", at}, 206},
		{[]string{"Range", "bytes=0-1", "If-Range", `"x"`}, 200},
	} {
		if got := app.Guest.With(test.headers...).Do("GET", list+"/f/view", nil); got.Status != test.status || (got.Status == 304) != (got.Body == "") {
			t.Errorf("%v: %d %q, want %d", test.headers, got.Status, got.Body, test.status)
		}
	}
}

func TestNamesOfFilesBreakNoHeader(t *testing.T) {
	_, app := bucket(t, nil)
	for _, test := range []struct{ name, want string }{
		{`say "hi".txt`, `inline; filename="say \"hi\".txt"`},
		{`back\slash.txt`, ``},
		{"Grüße.txt", `inline; filename="Gr__e.txt"; filename*=utf-8''Gr%C3%BC%C3%9Fe.txt`},
		{"bidi\u202etxt.exe", `inline; filename="biditxt.exe"`},
		{"tab\tand.txt", `inline; filename="taband.txt"`},
		{strings.Repeat("long", 500), ``},
	} {
		up := app.Guest.Upload(list, M{"fileId": "unique()"}, servertest.File{Name: test.name, Content: []byte("x")})
		if up.Status != 201 {
			t.Errorf("%q: %d %s", test.name, up.Status, up.Body)
			continue
		}
		got := app.Guest.Must("GET", list+"/"+up.Text("$id")+"/view", nil).Header.Get("Content-Disposition")
		if test.want != "" && got != test.want || strings.ContainsAny(got, "\r\n\t\x7f") {
			t.Errorf("%q: %s, want %s", test.name, got, test.want)
		}
		if _, _, err := mime.ParseMediaType(got); err != nil {
			t.Errorf("%q: %s: %v", test.name, got, err)
		}
	}
}

func TestAChangedObjectIsNeverServed(t *testing.T) {
	s, app := bucket(t, nil)
	want := content(5, 200_000)
	app.Guest.Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: want})
	object := onlyObject(t, s)
	stored, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(stored), string(want[1000:1032])) {
		t.Error("the content lies in the store as it was sent")
	}
	for _, at := range []int{0, 30, len(stored) / 2, len(stored) - 1} {
		changed := append([]byte{}, stored...)
		changed[at] ^= 1
		write(t, object, changed)
		// What was sent before the bad chunk is right, and the connection breaks.
		if got, ok := tryGet(s.URL+list+"/f/download", app.ID); ok || !strings.HasPrefix(string(want), got) {
			t.Errorf("byte %d changed: %d bytes were served, complete: %v", at, len(got), ok)
		}
	}
	write(t, object, stored[:len(stored)-1])
	if got, ok := tryGet(s.URL+list+"/f/download", app.ID); ok {
		t.Errorf("a byte is missing: %d bytes were served", len(got))
	}
	write(t, object, stored)
	if got, ok := tryGet(s.URL+list+"/f/download", app.ID); !ok || got != string(want) {
		t.Error("what was put back is not served")
	}
}

func TestFilesAreGoneWhenTheyAreDeleted(t *testing.T) {
	s, app := bucket(t, nil)
	for i := range 3 {
		app.Guest.Sent(list, M{"fileId": fmt.Sprint("f", i)}, servertest.File{Name: "f", Content: []byte("x")})
	}
	if b := app.Key.Must("GET", "/storage/buckets/pics", nil); b.Text("totalSize") == "0" {
		t.Errorf("the size of three files: %s", b.Body)
	}
	app.Key.Must("DELETE", list+"/f0", nil)
	if n := objects(t, s); n != 2 {
		t.Errorf("%d objects after one of three files was deleted", n)
	}
	app.Key.Must("DELETE", "/storage/buckets/pics", nil)
	app.Guest.Refused("GET", list+"/f1", nil, 404, "storage_bucket_not_found")
	wait(t, "the files of the bucket to go", func() bool { return objects(t, s) == 0 })
}

func TestADroppedProjectLeavesNoFile(t *testing.T) {
	s, app := bucket(t, M{"encryption": false})
	app.Guest.Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: []byte("x")})
	app.Owner.With("X-Appwrite-Organization", "home").Must("DELETE", "/organization/projects/app", nil)
	if n := objects(t, s); n != 0 {
		t.Errorf("%d objects are left", n)
	}
}

func TestPushLinks(t *testing.T) {
	s, app := bucket(t, M{"permissions": []string{}})
	app.Key.Sent(list, M{"fileId": "f"}, servertest.File{Name: "f.txt", Content: []byte("pushed")})
	key, err := s.Vault.TokenKey(app.ID, token.Push.Name)
	if err != nil {
		t.Fatal(err)
	}
	link := func(project, file string) string {
		text, err := token.Signer{Kind: token.Push, Project: project, Key: key}.Mint(
			M{"projectId": project, "bucketId": "pics", "fileId": file}, "1", s.Clock.Now(), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return list + "/f/push?project=" + app.ID + "&jwt=" + text
	}
	if got := s.Guest().Must("GET", link(app.ID, "f"), nil); got.Body != "pushed" {
		t.Errorf("got %q", got.Body)
	}
	for _, bad := range []string{link(app.ID, "g"), link("other", "f"), list + "/f/push?project=" + app.ID, link(app.ID, "f") + "x"} {
		s.Guest().Refused("GET", bad, nil, 401, "user_unauthorized")
	}
	s.Clock.Advance(2 * time.Hour)
}

func TestSweepCollectsWhatNobodyFinished(t *testing.T) {
	s, app := bucket(t, nil)
	app.Guest.Sent(list, M{"fileId": "kept"}, servertest.File{Name: "kept", Content: []byte("x")})
	app.Guest.Sent(list, M{"fileId": "half"}, servertest.File{Name: "half", Content: make([]byte, part), Total: part + 1})
	stray := filepath.Join(s.Dir, "storage", app.ID, "aa", "aaaa")
	if err := os.MkdirAll(filepath.Dir(stray), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, stray, []byte("nobody's"))
	gone := filepath.Join(s.Dir, "storage", "gone", "bb")
	if err := os.MkdirAll(gone, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(gone, "bbbb"), []byte("nobody's"))
	sweep := func(want int) {
		t.Helper()
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := objects(t, s); n != want {
			t.Errorf("%d objects are left, want %d", n, want)
		}
	}
	s.Clock.Advance(time.Since(s.Clock.Now())) // objects have the time of the disk
	sweep(3)                                   // by then the upload was given up
	s.Clock.Advance(25 * time.Hour)
	sweep(1)
	app.Guest.Refused("GET", list+"/half", nil, 404, "storage_file_not_found")
	if got := app.Guest.Must("GET", list+"/kept/view", nil); got.Body != "x" {
		t.Errorf("the file that is kept: %q", got.Body)
	}
}

func TestAnObjectThatIsGoneIsNotFound(t *testing.T) {
	s, app := bucket(t, nil)
	app.Guest.Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: []byte("x")})
	if err := os.Remove(onlyObject(t, s)); err != nil {
		t.Fatal(err)
	}
	app.Guest.Refused("GET", list+"/f/download", nil, 404, "storage_file_not_found")
	app.Key.Must("DELETE", list+"/f", nil)
}
