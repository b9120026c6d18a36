// Package config reads every setting of the program, once, from flags, the
// environment and a settings file, and reports everything that is wrong with
// them at once. No other package reads the environment.
package config

import (
	"log/slog"
	"net/netip"
	"path/filepath"
	"time"

	"moorfast/internal/clientaddr"
	"moorfast/internal/core/access"
	"moorfast/internal/vault"
)

// Config is what the program runs with. Its zero value is not useful; see
// [Load].
type Config struct {
	Data    string       // directory
	Listen  string       // host and port
	DB      vault.Secret // "postgres://…", or not set for SQLite in Data
	Key     vault.Source // of the root key
	Profile string       // Standard or Hardened

	// Admin is the listener that alone serves the console, if there is one (C-12).
	Admin struct {
		Listen   string // host and port, or ""
		ClientCA string // file of whose certificates clients have to show, or ""
	}

	// SealedDB says that the files of SQLite are encrypted as a whole.
	SealedDB bool

	// KeyPrevious is of the root key of before, which a start changes for Key
	// (K-18). Its kind is "" where there is none.
	KeyPrevious vault.Source

	// KeyMaxAge is how old a data key gets before it is changed; 0 is as old as it
	// may be.
	KeyMaxAge time.Duration

	// InsecureDev accepts a published example key. It is refused unless Listen
	// is a loopback address.
	InsecureDev bool

	// Development adds file, line and trace to the errors of the API.
	Development bool

	Log     Log
	Metrics Metrics
	OTLP    OTLP
	Events  Events
	Network Network
	Console Console
	Domain  Domain
	Abuse   bool // the API's rate limits are on
	// PasswordPasses is how often Argon2id goes over its memory for a new hash.
	PasswordPasses int64

	KeyReveal   string // whether secrets of API keys can be shown again: RevealOff or RevealCompat
	BlindIndex  bool   // encrypted columns may be part of an index; see documents.Catalog
	Unguarded   bool   // nothing slows down who guesses passwords and codes; see package guard
	Compression Compression
	Locale      string // used when a client asks for none that there is

	// ResponseFormat is the Appwrite version whose answers are given to clients
	// that name none; empty is the newest.
	ResponseFormat string

	// UsageStats is what the console is told about usage statistics.
	UsageStats bool

	// BrowserHost is the address of the service that takes screenshots, or "".
	BrowserHost string

	// GeoDatabase is the file of countries by address, or "".
	GeoDatabase string

	Storage   Storage
	Audit     Audit
	Doctor    Doctor
	Compute   Compute
	SMTP      SMTP
	SMS       SMS
	VCS       VCS
	Assistant vault.Secret // key of the console assistant's language model

	// Notices are for the operator, at start: settings that were not understood
	// or that do nothing.
	Notices []string

	env      func(name string) (string, bool) // the environment; as a function it does not print
	database database
	values   []Value
	unused   []Unused
}

// The profiles of security.md D.00.
const (
	Standard = "standard"
	Hardened = "hardened"
)

// Whether secrets of API keys can be shown again.
const (
	RevealOff    = "off"
	RevealCompat = "compat"
)

// Log is how the program logs.
type Log struct {
	Level  slog.Level
	Format string // "json", "text", or "auto": text on a terminal

	// Slow is from when on a list of rows is logged. 0 is never.
	Slow time.Duration
}

// Metrics is where they are collected.
type Metrics struct {
	Listen string       // host and port; empty: nowhere
	Token  vault.Secret // that a collector has to show; not set: none
}

// Events is where security events go besides the log, and the listener of
// Metrics.
type Events struct {
	Webhook string       // address that they are posted to; empty: nowhere
	Secret  vault.Secret // that signs them
}

// Network is what stands between the program and its clients.
type Network struct {
	TrustedProxies []netip.Prefix
	TrustedHeaders []string // in lower case
	ForceHTTPS     bool
	TLS            TLS
	KnownHosts     bool // requests to names that are not ours are refused

	// OutboundAllow are the exceptions to the rule that nothing is fetched from
	// outside of the public internet.
	OutboundAllow []netip.Prefix
}

// Where certificates come from.
const (
	TLSOff   = "off"
	TLSAuto  = "auto"  // from an authority, by ACME
	TLSFile  = "file"  // from two files
	TLSLocal = "local" // from an authority of the installation's own
)

// TLS is how connections are encrypted.
type TLS struct {
	Mode       string
	ListenHTTP string   // host and port of plain HTTP; "" is none
	Names      []string // to have certificates for
	Cert, Key  string   // files
	ACME       string   // directory of the authority
	Roots      string   // file of whom to trust when it is asked, or ""
	Hook       string   // a program with arguments that writes records of name servers, or ""
	Email      string
}

// On reports whether the server ends TLS itself.
func (t TLS) On() bool { return t.Mode != TLSOff && t.Mode != "" }

// Rule says which forwarding headers are believed of whom. X-Forwarded-Host is
// among them only if it is listed by name.
func (n Network) Rule() clientaddr.Rule {
	rule := clientaddr.Rule{Trusted: n.TrustedProxies}
	for _, name := range n.TrustedHeaders {
		switch name {
		case "x-forwarded-host":
			rule.Host = true
		case "x-forwarded-proto": // always read
		default:
			rule.Headers = append(rule.Headers, name)
		}
	}
	return rule
}

// Console is who may use the console, and how.
type Console struct {
	Access          access.Settings
	Invites         bool // owners may invite
	SessionAlerts   bool // a sign-in from a new device is told by mail
	SessionLifetime time.Duration
	SessionIdle     time.Duration // after which an unused session ends; 0 is never
	RootSession     bool          // cookies hold for the registrable domain
	Hostnames       []string      // that may call the API as the console does
	Schemes         []string      // of applications that may
	RootURLs        bool          // links lead to "/" rather than "/console"
	HideUnknown     bool          // recovery does not tell whether there is an address
	GitHubAppID     string        // signs people in with GitHub, with the next one
	GitHubSecret    vault.Secret
}

// Domain is the names this installation is reached by.
type Domain struct {
	Name        string
	Console     string // of the console; the same, mostly
	Migration   string // by which migrations reach the API
	Functions   []string
	Sites       []string
	CNAME       string // what custom domains point to
	A           []netip.Addr
	AAAA        []netip.Addr
	CAA         string
	Nameservers string
}

// Compression is which answers are compressed.
type Compression struct {
	Enabled bool
	MinSize int64 // bytes
}

// Compute is the limits of functions and sites.
type Compute struct {
	SizeLimit    int64         // bytes of a deployment
	BuildTimeout time.Duration // of a build
	CPUs         float64       // most of one; 0 is any
	Memory       int64         // most of one, in MB; 0 is any
}

// SMTP is the server that mail leaves by.
type SMTP struct {
	Host     string // empty: no mail
	Port     int64
	Secure   string // "", "tls" (STARTTLS) or "ssl"
	Username string
	Password vault.Secret
	FromName string
	From     string // address
}

// SMS is the provider of text messages.
type SMS struct {
	Provider vault.Secret // "sms://user:secret@name"; not set: no messages
	From     string
}

// TLSPath is where what belongs to a source of certificates lies.
func (c Config) TLSPath() string { return filepath.Join(c.Data, "tls", c.Network.TLS.Mode) }

// RingPath is where the keyring lies, unless the database holds it.
func (c Config) RingPath() string { return filepath.Join(c.Data, "keys", "keyring.json") }

// Postgres reports whether the database is PostgreSQL.
func (c Config) Postgres() bool { return c.DB.Set() }
