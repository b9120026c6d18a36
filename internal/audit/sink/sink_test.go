package sink_test

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/audit/sink"
	"moorfast/internal/fetch"
	"moorfast/internal/vault"
)

var entries = []audit.Entry{
	{Log: "shop", Position: 1, Seq: 1, Hash: "00", Record: audit.Record{At: 1_800_000_000_000_000, Project: "shop", Event: "team.create", Resource: "team/a", Actor: audit.Actor{Kind: audit.User, ID: "ada"}, Address: "192.0.2.1"}},
	{Log: "shop", Position: 2, Seq: 2, Hash: "01", Record: audit.Record{At: 1_800_000_000_000_000, Project: "shop", Event: "session.create", Outcome: "user_invalid_credentials", Actor: audit.Actor{Kind: audit.Guest}, UserAgent: "a\r\n<13>1 forged"}},
}

func TestAFileGetsALineForEachRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	for range 2 {
		if err := (sink.File{Path: path}).Send(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil || strings.Count(string(b), "\n") != 4 {
		t.Errorf("%q %v", b, err)
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v", info.Mode())
	}
	if err := (sink.File{Path: path + "/x"}).Send(t.Context(), entries); err == nil {
		t.Error("a file that can not be was written")
	}
}

// A full disk, or a loss of power, may have cut a line off.
func TestAFileThatWasCutOffGoesOnWithALineOfItsOwn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.log")
	if err := os.WriteFile(path, []byte(`{"log":"shop","posi`), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := (sink.File{Path: path}).Send(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := 0
	for line := range strings.Lines(string(b)) {
		if json.Valid([]byte(line)) {
			whole++
		}
	}
	if whole != 4 || strings.Count(string(b), "\n") != 5 {
		t.Errorf("%d lines are whole:\n%s", whole, b)
	}
}

var syslog = regexp.MustCompile(`^<(\d+)>1 2027-01-15T08:00:00\.000000Z \S+ moorfast \d+ audit - (\{.*\})$`)

func checkSyslog(t *testing.T, messages []string) {
	t.Helper()
	if len(messages) != 2 {
		t.Fatalf("got %q", messages)
	}
	for i, want := range []string{"110", "109"} {
		m := syslog.FindStringSubmatch(messages[i])
		if m == nil || m[1] != want || !json.Valid([]byte(m[2])) {
			t.Errorf("message %d is %q", i, messages[i])
		}
	}
}

func TestASyslogGetsFramedMessagesOverTCP(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan []string)
	go func() {
		var list []string
		defer func() { got <- list }()
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		for {
			n, err := r.ReadString(' ')
			if err != nil {
				return
			}
			size, err := strconv.Atoi(strings.TrimSpace(n))
			if err != nil {
				return
			}
			b := make([]byte, size)
			if _, err := io.ReadFull(r, b); err != nil {
				return
			}
			list = append(list, string(b))
		}
	}()
	if err := (sink.Syslog{Address: "tcp://" + l.Addr().String()}).Send(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	checkSyslog(t, <-got)
}

func TestASyslogThatReadsNothingIsLeftAtAStop(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0") // nobody accepts
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- sink.Syslog{Address: "tcp://" + l.Addr().String()}.Send(ctx, slices.Repeat(entries, 50_000))
	}()
	time.AfterFunc(100*time.Millisecond, stop)
	select {
	case err := <-done:
		if err == nil {
			t.Error("what nobody has read was taken")
		}
	case <-time.After(10 * time.Second):
		t.Error("it is waited for")
	}
}

func TestASyslogGetsDatagrams(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	for network, address := range map[string]string{"udp": "127.0.0.1:0", "unixgram": path} {
		c, err := net.ListenPacket(network, address)
		if err != nil {
			t.Fatal(err)
		}
		to := "udp://" + c.LocalAddr().String()
		if network == "unixgram" {
			to = "unix://" + path
		}
		if err := (sink.Syslog{Address: to}).Send(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
		var list []string
		b := make([]byte, 64<<10)
		for range entries {
			if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
				t.Fatal(err)
			}
			n, _, err := c.ReadFrom(b)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, string(b[:n]))
		}
		checkSyslog(t, list)
		c.Close()
	}
}

func out() *fetch.Client {
	return fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

func TestAWebhookIsSigned(t *testing.T) {
	const secret = "0123456789abcdef0123456789abcdef"
	status := 204
	var body, at, signature string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		body, at, signature = string(b), r.Header.Get("X-Moorfast-Timestamp"), r.Header.Get("X-Moorfast-Signature")
		w.WriteHeader(status)
	}))
	defer s.Close()
	w := sink.Webhook{Address: s.URL, Secret: vault.Hide(secret), Out: out(), Now: func() time.Time { return time.Unix(1_800_000_000, 0) }}
	if err := w.Send(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("1800000000." + body))
	if at != "1800000000" || signature != "v1="+hex.EncodeToString(mac.Sum(nil)) || !strings.Contains(body, `"event":"team.create"`) {
		t.Errorf("got %s %s %s", at, signature, body)
	}
	status = 500
	if err := w.Send(t.Context(), entries); err == nil {
		t.Error("an answer of 500 was taken for success")
	}
}

func TestACollectorGetsLogRecords(t *testing.T) {
	var path string
	var got struct {
		ResourceLogs []struct {
			ScopeLogs []struct {
				LogRecords []struct {
					TimeUnixNano   string
					SeverityNumber int
					Body           struct{ StringValue string }
				}
			}
		}
	}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	if err := (sink.OTLP{Address: s.URL, Out: out()}).Send(context.Background(), entries); err != nil {
		t.Fatal(err)
	}
	list := got.ResourceLogs[0].ScopeLogs[0].LogRecords
	if path != "/v1/logs" || len(list) != 2 || list[0].TimeUnixNano != "1800000000000000000" || list[1].SeverityNumber != 13 {
		t.Errorf("%s %+v", path, got)
	}
}
