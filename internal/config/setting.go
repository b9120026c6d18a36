package config

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"moorfast/internal/vault"
)

// setting is one row of the table of settings: its names, its default, and how
// its text becomes a field of one Config.
type setting struct {
	// key is its name in the settings file. The name in the environment follows
	// from it: "log.level" is MOORFAST_LOG_LEVEL.
	key string

	app   []string // Appwrite's names; later ones are older, and are only asked last
	start string   // the text of the default
	doc   string
	kind  kind

	flag   bool // there is a flag --key
	source bool // Appwrite's name holds a secret, and the setting says where one is

	later string // why it does nothing yet; empty if it works
}

// kind is how texts of a setting are read.
type kind struct {
	read    func(text string) error
	secret  bool
	yes, no string // what true and false in the settings file mean; empty if nothing
}

func (s setting) env() string {
	return "MOORFAST_" + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
}

// text takes what check, which may be nil, has nothing against.
func text(field *string, check func(string) error) kind {
	return kind{read: func(s string) error {
		*field = s
		if check == nil {
			return nil
		}
		return check(s)
	}}
}

// secret takes any text, and never repeats it.
func secret(field *vault.Secret) kind {
	return kind{secret: true, read: func(s string) error {
		if s != "" {
			*field = vault.Hide(s)
		}
		return nil
	}}
}

// toggle reads Appwrite's two words, and no others: there, what is not the one
// word means the other, which has opened doors.
func toggle(field *bool) kind { return words(field, "enabled", "disabled") }

func boolean(field *bool) kind { return words(field, "true", "false") }

// flag is boolean, with 1 and 0 for those who know such variables.
func flag(field *bool) kind {
	k := parsed(field, func(s string) (bool, error) {
		switch s {
		case "true", "1":
			return true, nil
		case "false", "0":
			return false, nil
		}
		return false, fmt.Errorf("%.40q is neither true nor false", s)
	})
	k.yes, k.no = "true", "false"
	return k
}

func words(field *bool, yes, no string) kind {
	return kind{yes: yes, no: no, read: func(s string) error {
		if s != yes && s != no {
			return fmt.Errorf("%.40q is neither %s nor %s", s, yes, no)
		}
		*field = s == yes
		return nil
	}}
}

func choice(field *string, values ...string) kind {
	return text(field, func(s string) error {
		if !slices.Contains(values, s) {
			return fmt.Errorf("%.40q is not one of %s", s, strings.Join(values, ", "))
		}
		return nil
	})
}

func number(field *int64, least, most int64) kind {
	return kind{read: func(s string) (err error) {
		*field, err = strconv.ParseInt(s, 10, 64)
		if err != nil || *field < least || *field > most {
			if most == math.MaxInt64 {
				return fmt.Errorf("%.40q is not a number from %d on", s, least)
			}
			return fmt.Errorf("%.40q is not a number from %d to %d", s, least, most)
		}
		return nil
	}}
}

func fraction(field *float64) kind {
	return kind{read: func(s string) (err error) {
		*field, err = strconv.ParseFloat(s, 64)
		if err != nil || !(*field >= 0 && *field <= 1024) {
			return fmt.Errorf("%.40q is not a number from 0 to 1024", s)
		}
		return nil
	}}
}

// duration reads seconds, as Appwrite does, or a number with a unit.
func duration(field *time.Duration, least time.Duration) kind {
	return kind{read: func(s string) (err error) {
		if n, err := strconv.ParseInt(s, 10, 32); err == nil {
			*field = time.Duration(n) * time.Second
		} else if days, ok := strings.CutSuffix(s, "d"); ok {
			n, err := strconv.ParseInt(days, 10, 16)
			if err != nil {
				return fmt.Errorf("%.40q is not a time such as 30d", s)
			}
			*field = time.Duration(n) * 24 * time.Hour
		} else if *field, err = time.ParseDuration(s); err != nil {
			return fmt.Errorf("%.40q is not a time such as 900, 15m, 12h or 30d", s)
		}
		if *field < least {
			return fmt.Errorf("%.40q is less than %v", s, least)
		}
		return nil
	}}
}

// zeroOr reads a time that is 0, or at least so long.
func zeroOr(least time.Duration, field *time.Duration) kind {
	return kind{read: func(s string) error {
		if err := duration(field, 0).read(s); err != nil {
			return err
		}
		if *field != 0 && *field < least {
			return fmt.Errorf("%.40q is neither 0 nor at least %v", s, least)
		}
		return nil
	}}
}

// list reads entries between commas, in lower case; empty ones do not count.
func list(field *[]string, check func(string) error) kind {
	return kind{read: func(s string) error {
		*field = []string{}
		var errs []error
		for entry := range strings.SplitSeq(s, ",") {
			if entry = strings.ToLower(strings.TrimSpace(entry)); entry == "" {
				continue
			}
			if err := check(entry); err != nil {
				errs = append(errs, err)
			}
			*field = append(*field, entry)
		}
		return errors.Join(errs...)
	}}
}

func addresses(field *[]netip.Addr, want func(netip.Addr) bool, name string) kind {
	return kind{read: func(s string) error {
		var texts []string
		*field = nil
		return list(&texts, func(entry string) error {
			addr, err := netip.ParseAddr(entry)
			if err != nil || !want(addr) {
				return fmt.Errorf("%.60q is not an %s address", entry, name)
			}
			*field = append(*field, addr)
			return nil
		}).read(s)
	}}
}

// networks reads prefixes in the form of CIDR, and single addresses. One so wide
// that the rule it is an exception to would be gone is refused.
func networks(field *[]netip.Prefix) kind {
	return kind{read: func(s string) error {
		var texts []string
		*field = nil
		return list(&texts, func(entry string) error {
			p, err := netip.ParsePrefix(entry)
			if addr, e := netip.ParseAddr(entry); e == nil && addr.Zone() == "" {
				p, err = netip.PrefixFrom(addr, addr.BitLen()), nil
			}
			switch {
			case err != nil || p.Addr().Is4In6():
				return fmt.Errorf("%.60q is not a network such as 10.1.0.0/16", entry)
			case p != p.Masked():
				return fmt.Errorf("%.60q has bits beyond its length; did you mean %s?", entry, p.Masked())
			case p.Bits() < 8 && p.Addr().Is4() || p.Bits() < 7:
				return fmt.Errorf("%.60q is so wide that it is no exception: /8 is the widest for IPv4, and /7 for IPv6", entry)
			}
			*field = append(*field, p)
			return nil
		}).read(s)
	}}
}

// parsed reads what another package has a parser for.
func parsed[T any](field *T, parse func(string) (T, error)) kind {
	return kind{read: func(s string) (err error) {
		*field, err = parse(s)
		return err
	}}
}
