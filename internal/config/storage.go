package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"moorfast/internal/blob"
	"moorfast/internal/vault"
)

// Storage is where files are, and their limits.
type Storage struct {
	Limit        int64 // bytes of a file
	PreviewLimit int64 // bytes of a file that a preview is made of
	S3           S3    // the bucket they are in; not set: the data directory
	Antivirus    Antivirus

	device     string
	connection vault.Secret
	prefix     string
	accounts   [len(providers)]account // in their order
}

// S3 is a bucket of an S3-compatible store.
type S3 struct {
	Endpoint  string // host and, if it is not the usual one, port
	Insecure  bool   // plain HTTP
	Region    string
	Bucket    string
	Key       string
	Secret    vault.Secret
	PathStyle bool // the bucket is not part of the host name
	Prefix    string
}

// Set reports whether files are in a bucket.
func (s S3) Set() bool { return s.Bucket != "" }

// Antivirus is the daemon that files are scanned by.
type Antivirus struct {
	Enabled bool
	Host    string
	Port    int64
}

// Addr is where the daemon listens.
func (a Antivirus) Addr() string {
	return net.JoinHostPort(strings.Trim(a.Host, "[]"), strconv.FormatInt(a.Port, 10))
}

// account is the settings of one provider.
type account struct {
	key      string
	secret   vault.Secret
	region   string
	bucket   string
	endpoint string // of s3 alone
}

// provider is a store that Appwrite knows by name.
type provider struct {
	name, app string // of the device, and in the names of its variables
	region    string // the default
	host      string // with the region in it; buckets are below it
}

const local = "local"

var providers = [...]provider{
	{"s3", "S3", "us-east-1", "s3.%s.amazonaws.com"},
	{"dospaces", "DO_SPACES", "us-east-1", "%s.digitaloceanspaces.com"},
	{"backblaze", "BACKBLAZE", "us-west-004", "s3.%s.backblazeb2.com"},
	{"linode", "LINODE", "eu-central-1", "%s.linodeobjects.com"},
	{"wasabi", "WASABI", "eu-central-1", "s3.%s.wasabisys.com"},
}

// storageRows is the settings of files.
func storageRows(s *Storage) []setting {
	rows := []setting{
		{
			key: "storage.limit", app: []string{"_APP_STORAGE_LIMIT"}, start: "30000000", doc: "bytes of the largest file",
			kind: number(&s.Limit, 1, math.MaxInt64),
		},
		{
			key: "storage.preview_limit", app: []string{"_APP_STORAGE_PREVIEW_LIMIT"}, start: "20000000",
			doc:  "bytes of the largest image a preview is made of",
			kind: number(&s.PreviewLimit, 1, math.MaxInt64),
		},
		{
			key: "storage.device", app: []string{"_APP_STORAGE_DEVICE"}, start: local,
			doc:  "where files are: local is the data directory; or " + strings.Join(providerNames(), ", "),
			kind: parsed(&s.device, device),
		},
		{
			key: "storage.connection", app: []string{"_APP_CONNECTIONS_STORAGE"},
			doc:  "instead of storage.device and what follows it: s3://key:secret@host/bucket?region=…",
			kind: secret(&s.connection),
		},
		{
			key: "storage.prefix", doc: "path in the bucket below which files are",
			kind: text(&s.prefix, optional(bucketPrefix)),
		},
	}
	for i, p := range providers {
		a, key, app := &s.accounts[i], "storage."+p.name+".", "_APP_STORAGE_"+p.app+"_"
		rows = append(
			rows,
			setting{key: key + "access_key", app: []string{app + "ACCESS_KEY"}, doc: "key at " + p.name, kind: text(&a.key, oneLine)},
			setting{key: key + "secret", app: []string{app + "SECRET"}, doc: "its secret", kind: secret(&a.secret)},
			setting{key: key + "region", app: []string{app + "REGION"}, start: p.region, doc: "region of the bucket", kind: text(&a.region, region)},
			setting{key: key + "bucket", app: []string{app + "BUCKET"}, doc: "the bucket", kind: text(&a.bucket, optional(bucket))},
		)
		if p.name == "s3" {
			rows = append(rows, setting{
				key: key + "endpoint", app: []string{app + "ENDPOINT"}, doc: "URL of a store that is not Amazon's",
				kind: text(&a.endpoint, optional(endpoint)),
			})
		}
	}
	return append(
		rows,
		setting{
			key: "storage.antivirus.enabled", app: []string{"_APP_STORAGE_ANTIVIRUS"}, start: "disabled", doc: "scan files with ClamAV",
			kind: toggle(&s.Antivirus.Enabled),
		},
		setting{
			key: "storage.antivirus.host", app: []string{"_APP_STORAGE_ANTIVIRUS_HOST"}, start: "clamav", doc: "server of its daemon",
			kind: text(&s.Antivirus.Host, hostname),
		},
		setting{
			key: "storage.antivirus.port", app: []string{"_APP_STORAGE_ANTIVIRUS_PORT"}, start: "3310", doc: "its port",
			kind: number(&s.Antivirus.Port, 1, math.MaxUint16),
		},
	)
}

func providerNames() (names []string) {
	for _, p := range providers {
		names = append(names, p.name)
	}
	return names
}

// device reads its name in any case, as Appwrite does.
func device(s string) (string, error) {
	name := strings.ToLower(s)
	if name != local && !slices.Contains(providerNames(), name) {
		return "", fmt.Errorf("%.40q is not one of local, %s", s, strings.Join(providerNames(), ", "))
	}
	return name, nil
}

var (
	buckets = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$`)
	regions = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

func bucket(s string) error {
	if !buckets.MatchString(s) {
		return fmt.Errorf("%.80q is not the name of a bucket", s)
	}
	return nil
}

// region is part of the host name that keys are used at.
func region(s string) error {
	if !regions.MatchString(s) {
		return fmt.Errorf("%.80q is not a region such as eu-central-1", s)
	}
	return nil
}

func bucketPrefix(s string) error {
	if blob.CheckKey(s) != nil || len(s) > 128 {
		return fmt.Errorf("%.80q is not a path such as moorfast/files: of a-z, 0-9, '.', '_' and '-', at most 128", s)
	}
	return nil
}

func endpoint(s string) error {
	_, err := parseEndpoint(s)
	return err
}

// parseEndpoint reads the URL of a store; without a scheme, it is of https.
func parseEndpoint(s string) (*url.URL, error) {
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" || hostname(u.Hostname()) != nil:
		return nil, errors.New("it is not a URL such as https://s3.example.com")
	case u.User != nil:
		return nil, errors.New("it has a user or a password in it; they are settings of their own")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("it has more than a host and a port; the bucket is a setting of its own")
	}
	return u, nil
}

// finishStorage makes one bucket of the settings that name it, or none.
func (l *loader) finishStorage() {
	s := &l.config.Storage
	name, a, where := s.device, account{}, "storage.device"
	if i := slices.Index(providerNames(), name); i >= 0 {
		a = s.accounts[i]
	}
	if s.connection.Set() {
		where = "storage.connection"
		if s.device != local && s.device != "" {
			l.wrong(l.from("storage.device")+" and "+l.from(where), "remove one of them", "both say where files are")
			return
		}
		var err error
		if name, a, err = parseConnection(s.connection.Reveal()); err != nil {
			l.wrong(l.from(where), "write it as s3://key:secret@host/bucket?region=us-east-1, or local://localhost", "%v", err)
			return
		}
		a.endpoint = s.accounts[0].endpoint // which Appwrite takes from there too
	}
	i := slices.Index(providerNames(), name)
	if i < 0 {
		return
	}
	p := providers[i]
	if s.connection.Set() {
		if missing := a.missing(); len(missing) > 0 {
			l.wrong(l.from(where), "", "it has no %s", strings.Join(missing, ", no "))
		}
	} else {
		for _, field := range a.missing() {
			key := "storage." + p.name + "." + strings.ReplaceAll(field, " ", "_")
			l.wrong(l.from(where), "set _APP_STORAGE_"+p.app+"_"+strings.ToUpper(strings.ReplaceAll(field, " ", "_")),
				"files are to be at %s, and %s is not set", p.name, key)
		}
	}
	s.S3 = S3{
		Endpoint: fmt.Sprintf(p.host, a.region), Region: a.region, Bucket: a.bucket, Key: a.key, Secret: a.secret, Prefix: s.prefix,
		PathStyle: strings.Contains(a.bucket, "."), // which no certificate of the store has below its name
	}
	if u, err := parseEndpoint(a.endpoint); p.name == "s3" && a.endpoint != "" && err == nil {
		s.S3.Endpoint, s.S3.Insecure, s.S3.PathStyle = u.Host, u.Scheme == "http", true
		if s.S3.Insecure && !loopback(net.JoinHostPort(u.Hostname(), "0")) {
			l.config.Notices = append(l.config.Notices, l.from("storage.s3.endpoint")+": files go there over plain HTTP")
		}
	}
}

// missing names the settings without which a bucket can not be used.
func (a account) missing() (fields []string) {
	if a.key == "" {
		fields = append(fields, "access key")
	}
	if a.secret.Reveal() == "" {
		fields = append(fields, "secret")
	}
	if a.bucket == "" {
		fields = append(fields, "bucket")
	}
	return fields
}

// parseConnection reads device://key:secret@host/bucket?region=…, where the
// host says nothing. What is wrong with it is said without repeating it.
func parseConnection(s string) (name string, a account, err error) {
	u, err := url.Parse(s)
	if err != nil {
		return "", a, errors.New("it is not a URL; characters of a secret that are special in one are written as %2F")
	}
	if name, err = device(u.Scheme); err != nil {
		return "", a, errors.New("it does not begin with local or one of " + strings.Join(providerNames(), ", ") + ", and ://")
	}
	if name == local {
		return name, a, nil
	}
	query := u.Query()
	for key := range query {
		if key != "region" {
			return "", a, fmt.Errorf("it has a parameter %.40q, and only region is one", key)
		}
	}
	a.key = u.User.Username()
	if password, _ := u.User.Password(); password != "" {
		a.secret = vault.Hide(password)
	}
	a.bucket, a.region = strings.Trim(u.Path, "/"), query.Get("region")
	if a.region == "" {
		a.region = providers[slices.Index(providerNames(), name)].region
	}
	return name, a, errors.Join(region(a.region), optional(bucket)(a.bucket))
}
