package storage_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"moorfast/internal/server/servertest"
)

// The file of the European Institute for Computer Antivirus Research, in two
// halves so that no scanner takes this source for it.
const eicar = `X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-` + `STANDARD-ANTIVIRUS-TEST-FILE!$H+H*`

// clamd finds that file, and returns the settings that lead to it.
func clamd(t *testing.T) (settings []string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go scan(conn)
		}
	}()
	host, port, _ := net.SplitHostPort(l.Addr().String())
	return []string{"_APP_STORAGE_ANTIVIRUS=enabled", "_APP_STORAGE_ANTIVIRUS_HOST=" + host, "_APP_STORAGE_ANTIVIRUS_PORT=" + port}, func() { l.Close() }
}

func scan(conn net.Conn) {
	defer conn.Close()
	command := make([]byte, len("zINSTREAM\x00"))
	if _, err := io.ReadFull(conn, command); err != nil {
		return
	}
	var all []byte
	for {
		var size [4]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return
		}
		n := binary.BigEndian.Uint32(size[:])
		if n == 0 {
			break
		}
		chunk := make([]byte, n)
		if _, err := io.ReadFull(conn, chunk); err != nil {
			return
		}
		all = append(all, chunk...)
	}
	answer := "stream: OK\x00"
	if bytes.Contains(all, []byte(eicar)) {
		answer = "stream: Eicar-Signature FOUND\x00"
	}
	_, _ = conn.Write([]byte(answer))
}

func TestAVirusIsRefusedAndGone(t *testing.T) {
	settings, stop := clamd(t)
	s, app := bucket(t, nil, settings...)
	infected := append(content(1, 1_000_000), eicar...)
	if a := app.Guest.Upload(list, M{"fileId": "v"}, servertest.File{Name: "v", Content: infected}); a.Status != 403 || a.Text("type") != "storage_invalid_file" {
		t.Errorf("a virus: %d %s", a.Status, a.Body)
	}
	app.Guest.Sent(list, M{"fileId": "ok"}, servertest.File{Name: "ok", Content: infected[:1_000_000]})

	// One that lies across the border of two parts.
	whole := append(content(2, part-20), eicar...)
	whole = append(whole, content(3, 1000)...)
	first := app.Guest.Sent(list, M{"fileId": "w"}, servertest.File{Name: "w", Content: whole[:part], Total: len(whole)})
	app.Guest.Refused("GET", list+"/w/view", nil, 404, "storage_file_not_found")
	last := app.Guest.With("X-Appwrite-ID", first.Text("$id")).Upload(list, M{"fileId": "w"}, servertest.File{Name: "w", Content: whole[part:], Start: part, Total: len(whole)})
	if last.Status != 403 || last.Text("type") != "storage_invalid_file" {
		t.Errorf("a virus in parts: %d %s", last.Status, last.Body)
	}
	for _, id := range []string{"v", "w"} {
		app.Guest.Refused("GET", list+"/"+id, nil, 404, "storage_file_not_found")
	}
	if n := objects(t, s); n != 1 {
		t.Errorf("%d objects are stored, and one file is", n)
	}

	stop()
	if a := app.Guest.Upload(list, M{"fileId": "x"}, servertest.File{Name: "x", Content: []byte("x")}); a.Status != 503 {
		t.Errorf("without the scanner: %d %s", a.Status, a.Body)
	}
	if n := objects(t, s); n != 1 {
		t.Errorf("%d objects are stored, and one file is", n)
	}
	if h := app.Key.Must("GET", "/health/anti-virus", nil); h.Text("status") != "fail" {
		t.Errorf("health: %s", h.Body)
	}
	app.Key.Must("PUT", "/storage/buckets/pics", M{"name": "Pics", "antivirus": false})
	app.Guest.Sent(list, M{"fileId": "x"}, servertest.File{Name: "x", Content: []byte("x")})
}

// onS3 are the settings for the server that MOORFAST_TEST_S3 names.
func onS3(t *testing.T) []string {
	t.Helper()
	text := os.Getenv("MOORFAST_TEST_S3")
	if text == "" {
		t.Skip("MOORFAST_TEST_S3 is not set")
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	secret, _ := u.User.Password()
	return []string{
		"_APP_STORAGE_DEVICE=s3", "_APP_STORAGE_S3_ENDPOINT=http://" + u.Host, "_APP_STORAGE_S3_BUCKET=" + strings.Trim(u.Path, "/"),
		"_APP_STORAGE_S3_ACCESS_KEY=" + u.User.Username(), "_APP_STORAGE_S3_SECRET=" + secret,
	}
}

func TestFilesInABucketOfS3(t *testing.T) {
	s, app := bucket(t, nil, onS3(t)...)
	want := content(7, 2*part+99)
	client := app.Guest
	for _, i := range []int{2, 0, 1} {
		up := client.Sent(list, M{"fileId": "f"}, servertest.File{Name: "f", Content: want[i*part : min((i+1)*part, len(want))], Start: i * part, Total: len(want)})
		client = app.Guest.With("X-Appwrite-ID", up.Text("$id"))
	}
	if got := app.Guest.Must("GET", list+"/f/download", nil); got.Body != string(want) {
		t.Error("other bytes came back")
	}
	if got := app.Guest.With("Range", "bytes=5242870-5242890").Do("GET", list+"/f/view", nil); got.Body != string(want[5242870:5242891]) {
		t.Errorf("a range over two parts: %d, %d bytes", got.Status, len(got.Body))
	}
	app.Key.Must("GET", "/health/storage", nil)
	if err := s.Sweep(t.Context()); err != nil {
		t.Error(err)
	}
	app.Key.Must("DELETE", "/storage/buckets/pics", nil)
}
