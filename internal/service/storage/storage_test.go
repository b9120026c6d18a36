package storage_test

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"moorfast/internal/server/servertest"
)

type M = servertest.M

const (
	part = 5 << 20
	list = "/storage/buckets/pics/files"
)

// content is n bytes that do not repeat.
func content(seed uint64, n int) []byte {
	var key [32]byte
	key[0], key[1] = byte(seed), byte(seed>>8)
	b := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(b)
	return b
}

func signature(b []byte) string {
	sum := md5.Sum(b)
	return hex.EncodeToString(sum[:])
}

// bucket makes the bucket "pics", open to all users, with settings.
func bucket(t testing.TB, settings M, env ...string) (*servertest.Server, servertest.Project) {
	t.Helper()
	s := servertest.New(t, env...)
	app := s.Found()
	body := M{"bucketId": "pics", "name": "Pics", "permissions": []string{`create("any")`, `read("any")`, `update("users")`, `delete("users")`}}
	for k, v := range settings {
		body[k] = v
	}
	app.Key.Must("POST", "/storage/buckets", body)
	return s, app
}

func TestSizesAreCheckedBeforeTheBucketIsLookedFor(t *testing.T) {
	key := servertest.New(t).Found().Key
	for _, size := range []any{0, 30000001, "x", "", 1.5, []int{1}} {
		for _, call := range []struct {
			method, path string
			body         M
		}{
			{"POST", "/storage/buckets", M{"bucketId": "b1", "name": "One", "maximumFileSize": size}},
			{"PUT", "/storage/buckets/nothing", M{"name": "One", "maximumFileSize": size}},
		} {
			got := key.Refused(call.method, call.path, call.body, 400, "general_argument_invalid").Text("message")
			if got != "Invalid `maximumFileSize` param: Value must be a valid range between 1 and 30,000,000" {
				t.Errorf("%s with size %v: %s", call.method, size, got)
			}
		}
	}
	if got := key.Must("POST", "/storage/buckets", M{"bucketId": "b1", "name": "One", "maximumFileSize": "10"}); got.Text("maximumFileSize") != "10" {
		t.Errorf("a size in a text: %s", got.Body)
	}
}

func TestBucketLife(t *testing.T) {
	s := servertest.New(t)
	key := s.Found().Key
	made := key.Must("POST", "/storage/buckets", M{"bucketId": "b1", "name": "One", "permissions": []string{`read("any")`, `write("users")`}})
	if made.Status != 201 || made.Text("maximumFileSize") != "30000000" || made.Text("compression") != "none" || made.Text("encryption") != "true" ||
		made.Text("totalSize") != "0" || made.Text("$permissions") != `["read(\"any\")","create(\"users\")","update(\"users\")","delete(\"users\")"]` {
		t.Errorf("created: %d %s", made.Status, made.Body)
	}
	key.Refused("POST", "/storage/buckets", M{"bucketId": "b1", "name": "Again"}, 409, "storage_bucket_already_exists")
	put := key.Must("PUT", "/storage/buckets/b1", M{"name": "Uno", "maximumFileSize": 10, "allowedFileExtensions": []string{"JPG"}, "compression": "zstd", "encryption": false})
	if put.Text("name") != "Uno" || put.Text("maximumFileSize") != "10" || put.Text("compression") != "zstd" || put.Text("encryption") != "false" ||
		!strings.Contains(put.Text("$permissions"), "users") {
		t.Errorf("updated: %s", put.Body)
	}
	if l := key.Must("GET", `/storage/buckets?queries[]={"method":"equal","attribute":"name","values":["Uno"]}`, nil); l.Text("total") != "1" {
		t.Errorf("list: %s", l.Body)
	}
	if a := key.Do("DELETE", "/storage/buckets/b1", nil); a.Status != 204 {
		t.Errorf("delete: %d", a.Status)
	}
	key.Refused("GET", "/storage/buckets/b1", nil, 404, "storage_bucket_not_found")
}

func TestABucketRefusesWhatIsNotInRange(t *testing.T) {
	s := servertest.New(t, "_APP_STORAGE_LIMIT=1000")
	key := s.Found().Key
	for _, test := range []struct {
		body M
		want string
	}{
		{M{"name": "x"}, `Param \"bucketId\" is not optional.`},
		{M{"bucketId": "b"}, `Param \"name\" is not optional.`},
		{M{"bucketId": "_b", "name": "x"}, "Invalid `bucketId` param"},
		{M{"bucketId": "b", "name": "x", "maximumFileSize": 1001}, "Invalid `maximumFileSize` param: Value must be a valid range between 1 and 1,000"},
		{M{"bucketId": "b", "name": "x", "maximumFileSize": 0}, "Invalid `maximumFileSize` param"},
		{M{"bucketId": "b", "name": "x", "compression": "brotli"}, "Invalid `compression` param: Value must be one of (none, gzip, zstd)"},
		{M{"bucketId": "b", "name": "x", "permissions": []string{"read(any)"}}, "Invalid `permissions` param"},
		{M{"bucketId": "b", "name": "x", "encryption": "maybe"}, "Invalid `encryption` param: Value must be a valid boolean"},
	} {
		a := key.Refused("POST", "/storage/buckets", test.body, 400, "general_argument_invalid")
		if !strings.Contains(a.Body, test.want) {
			t.Errorf("%v: got %s, want %s", test.body, a.Body, test.want)
		}
	}
}

func TestAFileComesBackAsItWasSent(t *testing.T) {
	for _, settings := range []M{{}, {"encryption": false}, {"compression": "gzip"}, {"compression": "zstd"}, {"compression": "zstd", "encryption": false}} {
		t.Run(fmt.Sprint(settings), func(t *testing.T) {
			_, app := bucket(t, settings)
			for i, n := range []int{0, 1, 65535, 65536, 65537, part - 1, part, part + 1} {
				want := content(uint64(i), n)
				id := fmt.Sprint("f", n)
				up := app.Guest.Sent(list, M{"fileId": id}, servertest.File{Name: "data.bin", Content: want})
				if up.Text("signature") != signature(want) || up.Text("sizeOriginal") != fmt.Sprint(n) || up.Text("chunksTotal") != "1" || up.Text("chunksUploaded") != "1" {
					t.Errorf("%d bytes: %s", n, up.Body)
				}
				got := app.Guest.Must("GET", list+"/"+id+"/download", nil)
				if got.Body != string(want) || got.Header.Get("Content-Length") != fmt.Sprint(n) {
					t.Errorf("%d bytes came back as %d", n, len(got.Body))
				}
				if n > 100 {
					at := n / 3
					cut := app.Guest.With("Range", fmt.Sprintf("bytes=%d-%d", at, at+50)).Do("GET", list+"/"+id+"/view", nil)
					if cut.Status != 206 || cut.Body != string(want[at:at+51]) {
						t.Errorf("%d bytes: the range is %d, %d bytes", n, cut.Status, len(cut.Body))
					}
				}
			}
		})
	}
}

func TestPartsInAnyOrder(t *testing.T) {
	_, app := bucket(t, M{"compression": "gzip"}, "_APP_STORAGE_LIMIT=100000000")
	want := content(1, 3*part+17)
	cut := func(i int) servertest.File {
		return servertest.File{Name: "big.bin", Content: want[i*part : min((i+1)*part, len(want))], Start: i * part, Total: len(want)}
	}
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 1, 0, 2}, {0, 0, 2, 2, 1, 3}, {2, 3, 1, 0}} {
		id := fmt.Sprint("o", strings.ReplaceAll(fmt.Sprint(order), " ", "-"))
		id = strings.Trim(strings.ReplaceAll(id, "[", ""), "]")
		client, seen := app.Guest, map[int]bool{}
		for _, i := range order {
			seen[i] = true
			up := client.Sent(list, M{"fileId": id}, cut(i))
			client = app.Guest.With("X-Appwrite-ID", up.Text("$id"))
			done := len(seen) == 4
			if stored := fmt.Sprint(len(seen)); up.Text("chunksUploaded") != stored || up.Text("chunksTotal") != "4" || done != (up.Text("signature") != "") {
				t.Errorf("order %v, part %d: %s", order, i, up.Body)
			}
		}
		got := app.Guest.Must("GET", list+"/"+id+"/download", nil)
		if got.Body != string(want) {
			t.Errorf("order %v: other bytes came back", order)
		}
		file := app.Guest.Must("GET", list+"/"+id, nil)
		if file.Text("signature") != signature(want) || file.Text("compression") != "gzip" {
			t.Errorf("order %v: %s", order, file.Body)
		}
		if again := client.Upload(list, M{"fileId": id}, cut(1)); again.Status != 200 || again.Text("signature") != signature(want) {
			t.Errorf("a part of a file that is complete: %d %s", again.Status, again.Body)
		}
	}
}

func TestTheLastBytesOfAPartCount(t *testing.T) {
	_, app := bucket(t, nil)
	first, other, last := content(1, part), content(2, part), content(3, 100)
	send := func(b []byte, start int) servertest.Answer {
		return app.Guest.With("X-Appwrite-ID", "f").Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: b, Start: start, Total: part + 100})
	}
	send(first, 0)
	if up := send(other, 0); up.Text("chunksUploaded") != "1" {
		t.Errorf("a part that came twice: %s", up.Body)
	}
	want := append(bytes.Clone(other), last...)
	if up := send(last, part); up.Text("signature") != signature(want) {
		t.Errorf("complete: %s, want signature %s", up.Body, signature(want))
	}
	if got := app.Guest.Must("GET", list+"/f/download", nil); got.Body != string(want) {
		t.Error("other bytes came back")
	}
}

func TestUploadsAreRefused(t *testing.T) {
	s, app := bucket(t, M{"maximumFileSize": 6_000_000, "allowedFileExtensions": []string{"png", "BIN"}})
	app.Key.Must("POST", "/storage/buckets", M{"bucketId": "closed", "name": "Closed"})
	app.Key.Must("POST", "/storage/buckets", M{"bucketId": "off", "name": "Off", "enabled": false, "permissions": []string{`create("any")`}})
	small := servertest.File{Name: "a.png", Content: []byte("x")}
	ranged := func(value string, n int) (*servertest.Client, servertest.File) {
		return app.Guest.With("Content-Range", value), servertest.File{Name: "a.bin", Content: make([]byte, n)}
	}
	for _, test := range []struct {
		name   string
		answer func() servertest.Answer
		status int
		typ    string
	}{
		{"no id", func() servertest.Answer { return app.Guest.Upload(list, nil, small) }, 400, "general_argument_invalid"},
		{"a bad id", func() servertest.Answer { return app.Guest.Upload(list, M{"fileId": "_x"}, small) }, 400, "general_argument_invalid"},
		{"no file", func() servertest.Answer { return app.Guest.Do("POST", list, M{"fileId": "x"}) }, 400, "storage_file_empty"},
		{"another extension", func() servertest.Answer {
			return app.Guest.Upload(list, M{"fileId": "x"}, servertest.File{Name: "a.exe", Content: []byte("x")})
		}, 400, "storage_file_type_unsupported"},
		{"too large", func() servertest.Answer {
			return app.Guest.Upload(list, M{"fileId": "x"}, servertest.File{Name: "a.png", Content: make([]byte, 6_000_001)})
		}, 400, "storage_invalid_file_size"},
		{"too large in all", func() servertest.Answer {
			return app.Guest.Upload(list, M{"fileId": "x"}, servertest.File{Name: "a.png", Content: make([]byte, part), Total: 6_000_001})
		}, 400, "storage_invalid_file_size"},
		{"no such bucket", func() servertest.Answer {
			return app.Guest.Upload("/storage/buckets/none/files", M{"fileId": "x"}, small)
		}, 404, "storage_bucket_not_found"},
		{"a bucket that is off", func() servertest.Answer {
			return app.Guest.Upload("/storage/buckets/off/files", M{"fileId": "x"}, small)
		}, 404, "storage_bucket_not_found"},
		{"a closed bucket", func() servertest.Answer {
			return app.Guest.Upload("/storage/buckets/closed/files", M{"fileId": "x"}, small)
		}, 401, "user_unauthorized"},
		{"a role that one has not", func() servertest.Answer {
			return app.Guest.Upload(list, M{"fileId": "x", "permissions": []string{`read("user:olga")`}}, small)
		}, 401, "user_unauthorized"},
		{"a bad permission", func() servertest.Answer {
			return app.Guest.Upload(list, M{"fileId": "x", "permissions": []string{`create("any")`}}, small)
		}, 400, "general_argument_invalid"},
		{"a folder that climbs", func() servertest.Answer { return app.Guest.Upload(list, M{"fileId": "x", "folder": "a/../b"}, small) }, 400, "general_argument_invalid"},
		{"a range that is none", func() servertest.Answer { c, f := ranged("bytes 0-x/9", 9); return c.Upload(list, M{"fileId": "x"}, f) }, 400, "storage_invalid_content_range"},
		{"a part that is short", func() servertest.Answer {
			c, f := ranged("bytes 0-99/5242980", 100)
			return c.Upload(list, M{"fileId": "x"}, f)
		}, 400, "storage_invalid_content_range"},
		{"fewer bytes than it says", func() servertest.Answer {
			c, f := ranged("bytes 5242880-5242979/5242980", 99)
			return c.Upload(list, M{"fileId": "x"}, f)
		}, 400, "storage_invalid_content_range"},
		{"more bytes than it says", func() servertest.Answer {
			c, f := ranged("bytes 5242880-5242979/5242980", 101)
			return c.Upload(list, M{"fileId": "x"}, f)
		}, 400, "storage_invalid_content_range"},
		{"a bad upload id", func() servertest.Answer {
			return app.Guest.With("X-Appwrite-ID", "_x").Upload(list, M{"fileId": "x"}, servertest.File{Name: "a.bin", Content: make([]byte, part), Total: part + 1})
		}, 400, "storage_invalid_appwrite_id"},
	} {
		if a := test.answer(); a.Status != test.status || a.Text("type") != test.typ {
			t.Errorf("%s\ngot  %d %s\nwant %d %s", test.name, a.Status, a.Body, test.status, test.typ)
		}
	}
	if l := app.Key.Must("GET", list, nil); l.Text("total") != "0" {
		t.Errorf("what was refused is there: %s", l.Body)
	}
	if n := objects(t, s); n != 0 {
		t.Errorf("%d objects of refused uploads are stored", n)
	}
}

func TestOnlyTheUploaderGoesOn(t *testing.T) {
	_, app := bucket(t, nil)
	f := servertest.File{Name: "f", Content: content(1, part), Total: part + 1}
	app.Key.Sent(list, M{"fileId": "f"}, f)
	if a := app.Guest.With("X-Appwrite-ID", "f").Upload(list, M{"fileId": "f"}, f); a.Status != 409 {
		t.Errorf("a guest goes on with a server's upload: %d %s", a.Status, a.Body)
	}
	app.Guest.Refused("GET", list+"/f/download", nil, 404, "storage_file_not_found")
	if a := app.Key.Do("DELETE", list+"/f", nil); a.Status != 204 {
		t.Errorf("delete what was uploaded: %d %s", a.Status, a.Body)
	}
}

func TestFilePermissions(t *testing.T) {
	s := servertest.New(t)
	app := s.Found()
	app.Key.Must("POST", "/storage/buckets", M{"bucketId": "pics", "name": "Pics", "fileSecurity": true, "permissions": []string{`create("users")`}})
	user := func(id string) *servertest.Client {
		c := s.Guest("X-Appwrite-Project", app.ID)
		c.Must("POST", "/account", M{"userId": id, "email": id + "@example.org", "password": "correct horse 1"})
		c.Must("POST", "/account/sessions/email", M{"email": id + "@example.org", "password": "correct horse 1"})
		return c
	}
	ada, bob := user("ada"), user("bob")
	own := ada.Sent(list, M{"fileId": "own"}, servertest.File{Name: "own.txt", Content: []byte("secret")})
	if own.Text("$permissions") != `["read(\"user:ada\")","update(\"user:ada\")","delete(\"user:ada\")"]` {
		t.Errorf("permissions that nobody asked for: %s", own.Text("$permissions"))
	}
	ada.Sent(list, M{"fileId": "all", "permissions": []string{`read("any")`}}, servertest.File{Name: "all.txt", Content: []byte("public")})
	if l := ada.Must("GET", list, nil); l.Text("total") != "2" {
		t.Errorf("ada sees %s", l.Body)
	}
	if l := bob.Must("GET", list, nil); l.Text("total") != "1" || !strings.Contains(l.Body, `"all"`) {
		t.Errorf("bob sees %s", l.Body)
	}
	bob.Refused("GET", list+"/own", nil, 404, "storage_file_not_found")
	bob.Refused("GET", list+"/own/view", nil, 404, "storage_file_not_found")
	bob.Refused("PUT", list+"/own", M{"name": "his"}, 401, "user_unauthorized")
	bob.Refused("DELETE", list+"/own", nil, 401, "user_unauthorized")
	app.Guest.Refused("POST", list, M{"fileId": "x"}, 401, "user_unauthorized")
	ada.Refused("PUT", list+"/own", M{"permissions": []string{`read("user:bob")`}}, 401, "user_unauthorized")
	if put := ada.Must("PUT", list+"/own", M{"name": "ours.txt", "permissions": []string{`read("users")`, `update("user:ada")`}}); put.Text("name") != "ours.txt" {
		t.Errorf("update: %s", put.Body)
	}
	if l := bob.Must("GET", list, nil); l.Text("total") != "2" {
		t.Errorf("bob sees %s", l.Body)
	}
	app.Key.Must("PUT", "/storage/buckets/pics", M{"name": "Pics", "fileSecurity": false, "permissions": []string{}})
	bob.Refused("GET", list, nil, 401, "user_unauthorized")
	bob.Refused("GET", list+"/all", nil, 401, "user_unauthorized")
}

func TestAnUploadInPartsHasOneRecord(t *testing.T) {
	s, app := bucket(t, nil)
	want := content(1, part+10)
	app.Key.Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: want[:part], Total: len(want)})
	app.Key.With("X-Appwrite-ID", "f").Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: want[part:], Start: part, Total: len(want)})
	app.Key.Sent(list, M{"fileId": "g"}, servertest.File{Name: "g", Content: []byte("whole")})
	if err := s.Audit.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all := app.Admin.Must("GET", `/activities/events?queries[]={"method":"limit","values":[100]}`, nil).Body
	for _, resource := range []string{"file/f", "file/g"} {
		if n := strings.Count(all, `"resource":"`+resource+`"`); n != 1 {
			t.Errorf("%s has %d records: %s", resource, n, all)
		}
	}
}
