package doctor

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// Resolver looks names up as the system does.
type Resolver struct {
	servers []string // "" where the system names them
}

// Addresses implements [Names].
func (Resolver) Addresses(ctx context.Context, name string) ([]string, error) {
	addrs, err := net.DefaultResolver.LookupHost(ctx, name)
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return nil, nil
	}
	return addrs, err
}

// typeCAA is the type of the records that say who may certify a name.
const typeCAA dnsmessage.Type = 257

// mostLabels bounds how far up a name is asked for.
const mostLabels = 10

// Certifiers implements [Names]. The standard library does not know of these
// records, so a name server is asked in its own words.
func (r Resolver) Certifiers(ctx context.Context, name string) ([]string, error) {
	servers := r.servers
	if servers == nil {
		text, err := os.ReadFile("/etc/resolv.conf")
		if err != nil {
			return nil, err
		}
		if servers = nameServers(string(text)); len(servers) == 0 {
			return nil, errors.New("the system names no name server")
		}
	}
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	for i := range min(len(labels), mostLabels) {
		list, err := askAny(ctx, servers, strings.Join(labels[i:], ".")+".")
		if err != nil || len(list) > 0 {
			return list, err
		}
	}
	return nil, nil
}

// nameServers reads resolv.conf(5).
func nameServers(text string) (list []string) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) > 1 && fields[0] == "nameserver" {
			list = append(list, net.JoinHostPort(fields[1], "53"))
		}
	}
	return list[:min(len(list), 3)]
}

func askAny(ctx context.Context, servers []string, name string) (list []string, err error) {
	for _, server := range servers {
		asking, cancel := context.WithTimeout(ctx, answersWithin/2)
		list, err = ask(asking, server, name)
		cancel()
		if err == nil {
			return list, nil
		}
	}
	return nil, err
}

// ask asks one server, by UDP and, for a long answer, by TCP.
func ask(ctx context.Context, server, name string) ([]string, error) {
	question, id, err := questionOf(name)
	if err != nil {
		return nil, err
	}
	list, cut, err := exchange(ctx, "udp", server, question, id)
	if err == nil && cut {
		list, _, err = exchange(ctx, "tcp", server, question, id)
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s for the CAA of %s: %w", server, name, err)
	}
	return list, nil
}

func questionOf(name string) (message []byte, id uint16, err error) {
	parsed, err := dnsmessage.NewName(name)
	if err != nil {
		return nil, 0, err
	}
	var random [2]byte
	rand.Read(random[:])
	id = binary.BigEndian.Uint16(random[:])
	m := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: parsed, Type: typeCAA, Class: dnsmessage.ClassINET}},
	}
	message, err = m.Pack()
	return message, id, err
}

func exchange(ctx context.Context, network, server string, question []byte, id uint16) (list []string, cut bool, err error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, server)
	if err != nil {
		return nil, false, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if network == "tcp" {
		question = append(binary.BigEndian.AppendUint16(nil, uint16(len(question))), question...)
	}
	if _, err := conn.Write(question); err != nil {
		return nil, false, err
	}
	answer := make([]byte, 64<<10)
	n := 0
	if network == "tcp" {
		var size [2]byte
		if _, err := io.ReadFull(conn, size[:]); err != nil {
			return nil, false, err
		}
		n = int(binary.BigEndian.Uint16(size[:]))
		_, err = io.ReadFull(conn, answer[:n])
	} else {
		n, err = conn.Read(answer)
	}
	if err != nil {
		return nil, false, err
	}
	return parseCertifiers(answer[:n], id)
}

// parseCertifiers reads the answer to a question: its records, and whether it was
// cut off.
func parseCertifiers(answer []byte, id uint16) (list []string, cut bool, err error) {
	var p dnsmessage.Parser
	header, err := p.Start(answer)
	switch {
	case err != nil:
		return nil, false, err
	case header.ID != id || !header.Response:
		return nil, false, errors.New("it answers another question")
	case header.RCode == dnsmessage.RCodeNameError:
		return nil, false, nil
	case header.RCode != dnsmessage.RCodeSuccess:
		return nil, false, fmt.Errorf("it answers %v", header.RCode)
	case header.Truncated:
		return nil, true, nil
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, false, err
	}
	for {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			return list, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		if h.Type != typeCAA {
			if err := p.SkipAnswer(); err != nil {
				return nil, false, err
			}
			continue
		}
		body, err := p.UnknownResource()
		if err != nil {
			return nil, false, err
		}
		text, err := certifier(body.Data)
		if err != nil {
			return nil, false, err
		}
		list = append(list, text)
	}
}

// certifier reads the body of a record (RFC 8659, 4.1): flags, the length of the
// tag, the tag, and its value.
func certifier(data []byte) (string, error) {
	if len(data) < 2 || data[1] == 0 || int(data[1]) > len(data)-2 {
		return "", errors.New("a record is cut off")
	}
	tag, value := data[2:2+int(data[1])], data[2+int(data[1]):]
	return fmt.Sprintf("%d %.20q %.120q", data[0], tag, value), nil
}
