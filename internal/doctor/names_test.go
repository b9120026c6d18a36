package doctor

import (
	"context"
	"net"
	"slices"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// answered is the answer to a question, with CAA records of these bodies.
func answered(t testing.TB, question []byte, code dnsmessage.RCode, bodies ...string) []byte {
	t.Helper()
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		t.Fatal(err)
	}
	m.Response, m.RCode = true, code
	for _, body := range bodies {
		m.Answers = append(m.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: m.Questions[0].Name, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.UnknownResource{Type: typeCAA, Data: []byte(body)},
		})
	}
	text, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A server that knows one name, and answers one question after the other.
func nameServer(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 512)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil {
				continue
			}
			switch m.Questions[0].Name.String() {
			case "example.org.":
				conn.WriteTo(answered(t, buf[:n], dnsmessage.RCodeSuccess, "\x00\x05issueca.example", "\x80\x05iodefmailto:x@example.org"), from)
			case "broken.test.":
				conn.WriteTo(answered(t, buf[:n], dnsmessage.RCodeServerFailure), from)
			default:
				conn.WriteTo(answered(t, buf[:n], dnsmessage.RCodeNameError), from)
			}
		}
	}()
	return conn.LocalAddr().String()
}

func TestWhoMayCertifyANameIsSaidAboveIt(t *testing.T) {
	r := Resolver{servers: []string{nameServer(t)}}
	got, err := r.Certifiers(context.Background(), "api.example.org")
	if want := []string{`0 "issue" "ca.example"`, `128 "iodef" "mailto:x@example.org"`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if got, err := r.Certifiers(context.Background(), "api.example.net"); err != nil || len(got) != 0 {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := r.Certifiers(context.Background(), "broken.test"); err == nil {
		t.Errorf("a server that fails has said %q", got)
	}
}

func TestNameServers(t *testing.T) {
	got := nameServers("# of a system\nnameserver 192.0.2.1\nsearch example.org\nnameserver 2001:db8::1\noptions edns0\nnameserver\n")
	if want := []string{"192.0.2.1:53", "[2001:db8::1]:53"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzCertifiers(f *testing.F) {
	question, id, err := questionOf("example.org.")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(answered(f, question, dnsmessage.RCodeSuccess, "\x00\x05issueca.example"), id)
	f.Add(answered(f, question, dnsmessage.RCodeSuccess, "\x00\xffx"), id)
	f.Fuzz(func(t *testing.T, answer []byte, id uint16) {
		list, cut, err := parseCertifiers(answer, id)
		if (err != nil || cut) && list != nil {
			t.Errorf("%q beside %v, %v", list, cut, err)
		}
	})
}
