package config

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
)

// What texts of settings are checked by, whichever setting it is.

func hostPort(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return fmt.Errorf("%.60q is not host:port, such as 127.0.0.1:8080", s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("port %.20q is not a number from 0 to %d", port, math.MaxUint16)
	} else if _, err := netip.ParseAddr(host); err != nil && host != "" && hostname(host) != nil {
		return fmt.Errorf("%.60q is neither an address nor a host name (port %d)", host, n)
	}
	return nil
}

// webAddress accepts addresses of http and https, without credentials.
func webAddress(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errors.New("it is not an address such as http://host:3000/v1") // it may have a password in it
	}
	return nil
}

// hostname accepts the names of RFC 1123, "localhost" and addresses.
func hostname(s string) error {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return nil
	}
	for label := range strings.SplitSeq(s, ".") {
		bad := strings.ContainsFunc(label, func(c rune) bool {
			return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_')
		})
		if bad || label == "" || len(label) > 63 || len(s) > 253 {
			return fmt.Errorf("%.80q is not a host name", s)
		}
	}
	return nil
}

// optional lets a check pass where nothing is said.
func optional(check func(string) error) func(string) error {
	return func(s string) error {
		if s == "" {
			return nil
		}
		return check(s)
	}
}

// token accepts the names of headers (RFC 9110 §5.1) and schemes.
func token(s string) error {
	if strings.ContainsFunc(s, func(c rune) bool {
		return !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-_.+", c))
	}) {
		return fmt.Errorf("%.60q is not a name", s)
	}
	return nil
}

// httpsAddress accepts addresses of https alone.
func httpsAddress(s string) error {
	if !strings.HasPrefix(s, "https://") {
		return errors.New("it is not an address of https")
	}
	return webAddress(s)
}

func nonEmpty(s string) error {
	if s == "" {
		return errors.New("it is empty")
	}
	return nil
}

func oneLine(s string) error {
	for _, c := range s {
		if c < ' ' || c == 0x7f {
			return errors.New("it has a control character")
		}
	}
	return nil
}

func adapter(s string) error {
	if s != "" && s != "sqlite" && s != "postgresql" {
		return fmt.Errorf("%.40q is not a database moorfast speaks: sqlite or postgresql", s)
	}
	return nil
}

func logLevel(s string) (level slog.Level, err error) {
	switch s {
	case "debug", "info", "warn", "error":
		err = level.UnmarshalText([]byte(s))
	default:
		err = fmt.Errorf("%.40q is not one of debug, info, warn, error", s)
	}
	return level, err
}

// logFormat knows Appwrite's word for text too.
func logFormat(s string) (string, error) {
	switch s {
	case "json", "text", "auto":
		return s, nil
	case "pretty":
		return "text", nil
	}
	return "", fmt.Errorf("%.40q is not one of json, text, auto", s)
}

var (
	languages = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	versions  = regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}$`)
)

func language(s string) error {
	if !languages.MatchString(s) {
		return fmt.Errorf("%.40q is not a language such as en or pt-br", s)
	}
	return nil
}

func version(s string) error {
	if !versions.MatchString(s) {
		return fmt.Errorf("%.40q is not a version such as 1.9.0", s)
	}
	return nil
}
