package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"moorfast/internal/config"
	"moorfast/internal/vault"
)

// command runs a command line in an environment.
func command(t *testing.T, environ []string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := &program{
		out: &stdout, err: &stderr, terminal: func(*os.File) bool { return false },
		now: time.Now, environ: append([]string{"HOME=/"}, environ...), serve: openVault, openapi: openAPI, explain: explainList,
	}
	code = p.run(context.Background(), args)
	return code, stdout.String(), stderr.String()
}

// openVault is a server that starts as far as its keys, and stops.
func openVault(ctx context.Context, c config.Config, _ *slog.Logger, out io.Writer) error {
	v, err := vault.Open(ctx, vault.Options{
		Storage: vault.NewRingFile(c.RingPath()), Source: c.Key, Now: time.Now, Create: true, AllowKnown: c.InsecureDev,
	})
	if err != nil {
		return fmt.Errorf("open keys: %w", err)
	}
	defer v.Close()
	_, err = v.Seal(vault.Place{Project: "shop", Table: "t", Column: "c", Row: "r"}, vault.Hide("x"))
	fmt.Fprintln(out, v.Fingerprint())
	return err
}

func TestCommands(t *testing.T) {
	data := t.TempDir()
	for _, c := range []struct {
		name     string
		environ  []string
		args     string
		code     int
		out, err string // in what is written
	}{
		{"alone", nil, "", 0, "moorfast serve --data ./data", ""},
		{"help", nil, "help", 0, "moorfast doctor", ""},
		{"a command there is not", nil, "serv", 2, "", `moorfast: unknown command "serv" for "moorfast", did you mean serve?`},
		{"a command there is not, below", nil, "key statsu", 2, "", `unknown command "statsu" for "moorfast key", did you mean status?`},
		{"a flag there is not", nil, "serve --lisen x", 2, "", "unknown flag: --lisen"},
		{"a word too many", nil, "version now", 2, "", "unknown command"},
		{"version", nil, "version", 0, "moorfast ", ""},
		{"version as JSON", nil, "version --json", 0, `"go": "go`, ""},
		{"completion", nil, "completion bash", 0, "bash completion", ""},
		{"db explain, too few words", nil, "db explain app main", 2, "", "requires at least 3 arg(s)"},
		{"db explain, nothing there", nil, "db explain app main films --data " + data + "/none", 3, "", "nothing is stored here yet"},
		{"openapi", nil, "openapi", 0, `"openapi":"3.1.0"`, ""},
		{"config", nil, "config", 0, "Show and check the settings", ""},
		{"config show", nil, "config show", 0, "listen                       127.0.0.1:8080", ""},
		{"config show --origin", []string{"_APP_LOCALE=de"}, "config show --origin", 0, "_APP_LOCALE", ""},
		{"config show --json", nil, "config show --json --data x", 0, `"origin": "--data"`, ""},
		{"config show with mistakes", []string{"MOORFAST_ABUSE=x"}, "config show", 78, "abuse", "moorfast: MOORFAST_ABUSE: "},
		{"config check", nil, "config check", 0, "", "the settings are fine"},
		{"config check, what does nothing", []string{"_APP_REDIS_HOST=x"}, "config check", 0, "_APP_REDIS_HOST does nothing: ", "1 setting does nothing"},
		{"config check, all mistakes", []string{"MOORFAST_ABUSE=x", "MOORFAST_LOCAL=y"}, "config check", 78, "", "did you mean MOORFAST_LOCALE?"},
		{"key status before the first start", nil, "key status --data " + data, 3, "", "the first moorfast serve makes one"},
		{"doctor, wrong format", nil, "doctor --format xml", 2, "", "--format is one of text, json, sarif, junit, appwrite"},
		{"doctor, wrong severity", nil, "doctor --fail-on bad", 2, "", "--fail-on: "},
		{"doctor, wrong least severity", nil, "doctor --severity bad", 2, "", "--severity: "},
		{"doctor that shall not ask for nothing", nil, "doctor --yes", 2, "", "--dry-run and --yes go with --fix"},
		{"doctor leaves out what is low", []string{"_APP_CONSOLE_WHITELIST_ROOT=disabled"}, "doctor --offline --severity critical --fail-on critical --data " + data, 0, "UNKNOWN KEY-06", ""},
		{"doctor as Appwrite", nil, "doctor --format appwrite --data " + data, 0, "\n[Disk Space]\n", ""},
		{"doctor before the first start", nil, "doctor --data " + data, 0, "UNKNOWN KEY-06", ""},
		{"doctor as JSON", nil, "doctor --format json --data " + data, 0, `"id": "KEY-01"`, ""},
		{"doctor finds", []string{"_APP_CONSOLE_WHITELIST_ROOT=disabled"}, "doctor --data " + data, 1, "FAIL    CON-02", ""},
		{"doctor finds what may be", []string{"_APP_CONSOLE_WHITELIST_ROOT=disabled"}, "doctor --fail-on critical --data " + data, 0, "FAIL    CON-02", ""},
		{"doctor, wrong settings", []string{"_APP_CONSOLE_WHITELIST_IPS=x"}, "doctor --data " + data, 78, "FAIL    CON-03", "_APP_CONSOLE_WHITELIST_IPS"},
		{
			"serve, example key",
			[]string{"_APP_OPENSSL_KEY_V1=your-secret-key"},
			"serve --data " + data + "/new", 78, "",
			"encryption key refused: source env:_APP_OPENSSL_KEY_V1: it is a published example",
		},
		{
			"serve, example key off loopback",
			[]string{"_APP_OPENSSL_KEY_V1=your-secret-key", "_APP_OPTIONS_FORCE_HTTPS=disabled"},
			"serve --insecure-dev --listen 0.0.0.0:1 --data " + data + "/new", 78, "", "0.0.0.0:1 is not a loopback address",
		},
		{"serve, wrong settings as JSON", []string{"MOORFAST_ABUSE=x"}, "serve --data " + data + "/new", 78, "", `"level":"ERROR"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, err := command(t, c.environ, strings.Fields(c.args)...)
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(err, c.err) {
				t.Errorf("moorfast %s: exit %d, want %d\nout: %s\nwant %q\nerr: %s\nwant %q", c.args, code, c.code, out, c.out, err, c.err)
			}
			if c.code == 0 && c.err == "" && err != "" {
				t.Errorf("stderr: %s", err)
			}
		})
	}
	entries, err := os.ReadDir(data)
	if err != nil || len(entries) != 0 {
		t.Errorf("the data directory has %v, %v: something wrote to it", entries, err)
	}
}

// D.15, K-4: another key changes nothing and is told apart by fingerprints.
func TestAWrongKeyStopsTheStart(t *testing.T) {
	data := t.TempDir()
	code, first, _ := command(t, nil, "serve", "--data", data)
	if code != 0 || !strings.HasPrefix(first, "mfk1:") {
		t.Fatalf("exit %d: %s", code, first)
	}
	b := filepath.Join(t.TempDir(), "B")
	if err := os.WriteFile(b, []byte(strings.Repeat("5f1c", 15)+"0a9e\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := hash(t, data)
	for _, format := range []string{"text", "json"} {
		code, out, stderr := command(t, []string{"MOORFAST_LOG_FORMAT=" + format}, "serve", "--data", data, "--key", "file:"+b)
		if code != 78 || out != "" {
			t.Errorf("exit %d, out %q", code, out)
		}
		if want := "expected " + strings.TrimSpace(first) + " given mfk1:"; !strings.Contains(stderr, want) || !strings.Contains(stderr, " source file:"+b) {
			t.Errorf("stderr is\n%s\nwant %q and the source", stderr, want)
		}
		if format == "json" {
			var line map[string]any
			if err := json.Unmarshal([]byte(stderr), &line); err != nil || line["expected"] != strings.TrimSpace(first) {
				t.Errorf("not one JSON line: %v, %q", err, stderr)
			}
		}
	}
	code, out, stderr := command(t, nil, "key", "status", "--json", "--data", data, "--key", "file:"+b)
	if code != 78 || !strings.Contains(out, `"opens": false`) || !strings.Contains(stderr, "wrong encryption key") {
		t.Errorf("key status: exit %d\n%s\n%s", code, out, stderr)
	}
	if hash(t, data) != before {
		t.Error("the data directory changed")
	}
	code, out, stderr = command(t, nil, "key", "status", "--json", "--data", data)
	var status keyStatus
	if err := json.Unmarshal([]byte(out), &status); err != nil || code != 0 || stderr != "" || !status.KEK.Opens || status.KEK.State != "active" ||
		status.Projects != 1 || status.DataKeys["active"] != 3 {
		t.Errorf("key status: exit %d, %+v, %v\n%s", code, status, err, stderr)
	}
	if code, out, _ = command(t, nil, "key", "status", "--data", data); code != 0 || !strings.Contains(out, "opens the keyring") {
		t.Errorf("key status: exit %d\n%s", code, out)
	}
	if code, out, _ = command(t, nil, "doctor", "--data", data); code != 0 || !strings.Contains(out, "of 88 · score ") {
		t.Errorf("doctor: exit %d\n%s", code, out)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	p := &program{
		out: io.Discard, err: io.Discard, terminal: func(*os.File) bool { return false }, now: time.Now, environ: []string{"A=b"},
		serve: func(ctx context.Context, _ config.Config, _ *slog.Logger, _ io.Writer) error { return ctx.Err() },
	}
	if code := p.run(ctx, []string{"serve"}); code != 130 {
		t.Errorf("exit %d, want 130", code)
	}
	p.serve = func(context.Context, config.Config, *slog.Logger, io.Writer) error { return nil }
	if code := p.run(ctx, []string{"serve"}); code != 0 {
		t.Errorf("a server that stopped as it should: exit %d", code)
	}
	p.serve = func(context.Context, config.Config, *slog.Logger, io.Writer) error { return errors.New("port taken") }
	if code := p.run(context.Background(), []string{"serve"}); code != 3 {
		t.Errorf("exit %d, want 3", code)
	}
}

// hash is over every file below dir.
func hash(t *testing.T, dir string) string {
	t.Helper()
	sum := sha256.New()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		fmt.Fprintf(sum, "%s %x\n", path, sha256.Sum256(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return string(sum.Sum(nil))
}
