package main

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"moorfast/internal/server"
	"moorfast/internal/server/servertest"
	"moorfast/internal/store"
	"moorfast/internal/store/sqlite"
)

// audited is a data directory in which things have happened, of a server that
// still runs.
func audited(t *testing.T) (s *servertest.Server, environ []string) {
	t.Helper()
	dir := t.TempDir()
	s = servertest.Open(t, dir)
	app := s.Found()
	app.Key.Must("POST", "/users", servertest.M{"userId": "ada", "email": "ada@example.org", "password": "correct horse 1"})
	app.Key.Must("PATCH", "/users/ada/name", servertest.M{"name": "Ada"})
	app.Guest.Refused("POST", "/account/sessions/email", servertest.M{"email": "ada@example.org", "password": "wrong horse 1"}, 401, "user_invalid_credentials")
	if err := s.Audit.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	return s, []string{"MOORFAST_DATA=" + dir}
}

func spoil(t *testing.T, dir, project string, statements ...string) {
	t.Helper()
	db, err := sqlite.Open(sqlite.Options{Dir: dir, Migrations: server.Migrations})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Update(context.Background(), project, func(tx store.Tx) error {
		for _, s := range statements {
			if _, err := tx.Exec(context.Background(), s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTheAuditLogIsReadAndCheckedBesideAServerAndWithoutOne(t *testing.T) {
	s, environ := audited(t)
	for _, state := range []string{"running", "stopped"} {
		for _, c := range []struct {
			args string
			code int
			out  string
		}{
			{"audit verify", 0, "the audit log is whole: "},
			{"audit verify --json", 0, `"findings": []`},
			{"audit tail", 0, `app  user.update  "user/ada"  by "key/all"`},
			{"audit tail --json -n 1 --project app", 0, `"outcome":"user_invalid_credentials"`},
			{"audit search --resource user/ada --event user.create", 0, "user.create"},
			{"audit search --outcome refused", 0, "user_invalid_credentials"},
			{"audit search --actor user/nobody", 0, ""},
			{"audit search --project nothing", 2, ""},
			{"audit tail -n 0", 2, ""},
			{"audit checkpoint", 0, "/audit\n"},
			{"audit export --format csv", 0, "log,position,seq,"},
			{"audit export --format ocsf --project app", 0, `"class_uid":6003`},
			{"audit export --format xml", 2, ""},
			{"audit verify --file x", 2, ""},
			{"audit verify --checkpoint /nowhere", 3, ""},
		} {
			code, out, err := command(t, environ, strings.Fields(c.args)...)
			if code != c.code || !strings.Contains(out, c.out) {
				t.Errorf("%s, %s\ngot  %d %s %s\nwant %d %s", state, c.args, code, out, err, c.code, c.out)
			}
		}
		s.Stop()
	}
	if code, _, err := command(t, []string{"MOORFAST_DATA=" + t.TempDir()}, "audit", "verify"); code != 3 || !strings.Contains(err, "first moorfast serve") {
		t.Errorf("a directory without a log: %d %s", code, err)
	}
}

func TestVerifyNamesWhatWasTamperedWith(t *testing.T) {
	for _, c := range []struct {
		name       string
		statements []string
		want       string
	}{
		{"a byte is edited", []string{`UPDATE audit_records SET body = replace(body, 'user.update', 'user.updatE') WHERE seq = 3`}, "FAIL app: record 3: it was changed, or moved"},
		{"a record is removed", []string{`DELETE FROM audit_records WHERE seq = 2`}, "FAIL app: record 2: it was removed"},
		{"two records change places", []string{`UPDATE audit_records SET seq = 99 WHERE seq = 2`, `UPDATE audit_records SET seq = 2 WHERE seq = 3`, `UPDATE audit_records SET seq = 3 WHERE seq = 99`}, "FAIL app: record 2: it was changed, or moved"},
		{"the end is cut off", []string{`DELETE FROM audit_blocks`, `DELETE FROM audit_records`}, "FAIL app: its log was cut off: it ends at position 0"},
	} {
		s, environ := audited(t)
		s.Stop()
		spoil(t, s.Dir, "app", c.statements...)
		code, out, err := command(t, environ, "audit", "verify")
		if code != 1 || !strings.Contains(out, c.want) || err != "" {
			t.Errorf("%s\ngot  %d %s %s\nwant %s", c.name, code, out, err, c.want)
		}
	}
}

func TestAnExportIsCheckedElsewhere(t *testing.T) {
	s, environ := audited(t)
	s.Stop()
	_, key, _ := command(t, environ, "audit", "checkpoint", "--public-key")
	_, note, _ := command(t, environ, "audit", "checkpoint")
	dir := t.TempDir()
	file, saved := filepath.Join(dir, "export"), filepath.Join(dir, "note")
	if code, _, err := command(t, environ, "audit", "export", "--output", file); code != 0 {
		t.Fatal(err)
	}
	if err := os.WriteFile(saved, []byte(note), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func() (int, string) {
		code, out, err := command(t, nil, "audit", "verify", "--file", file, "--public-key", strings.TrimSpace(key), "--checkpoint", saved)
		return code, out + err
	}
	if code, out := check(); code != 0 || !strings.Contains(out, "whole") {
		t.Fatalf("a whole export: %d %s", code, out)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(b), "\n")
	for i := 1; i < len(lines)-1; i++ { // the first says only what is not believed
		less := strings.Join(append(append([]string{}, lines[:i]...), lines[i+1:]...), "")
		if err := os.WriteFile(file, []byte(less), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out := check(); code != 1 {
			t.Errorf("without line %d: %d %s\n%s", i+1, code, out, lines[i])
		}
	}
	for _, r := range [][2]string{{"user.create", "user.creatE"}, {`"seq":2`, `"seq":7`}, {"key/all", "key/alL"}} {
		if err := os.WriteFile(file, []byte(strings.Replace(string(b), r[0], r[1], 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out := check(); code != 1 {
			t.Errorf("%s for %s: %d %s", r[1], r[0], code, out)
		}
	}
}

// L-1: exports, imports and the doctor leave a record, with a server and without.
func TestWhatCommandsDoThemselvesIsInTheAuditLog(t *testing.T) {
	s, environ := audited(t)
	dir := strings.TrimPrefix(environ[0], "MOORFAST_DATA=")
	pass := filepath.Join(t.TempDir(), "pass")
	if err := os.WriteFile(pass, []byte("a passphrase that is long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Stop()
	want(t, exitOK, environ, "key", "export", "--out", pass+".age", "--passphrase", "file:"+pass)
	command(t, environ, "doctor")
	want(t, exitOK, environ, "admin", "create", "olga2@example.org")
	out, _ := want(t, exitOK, environ, "audit", "search", "--project", "console")
	for _, event := range []string{"key.export", "doctor.run", "admin.create"} {
		if strings.Count(out, "  "+event+"  ") != 1 {
			t.Errorf("%s is not there once:\n%s", event, out)
		}
	}
	want(t, exitOK, environ, "audit", "verify")
	if _, err := os.Stat(server.PendingPath(dir)); err == nil {
		t.Error("what was left is still there")
	}
}

// L-9: a directory elsewhere keeps the checkpoints, and knows a fork.
func TestPublishedCheckpointsFindAFork(t *testing.T) {
	s, environ := audited(t)
	dir, elsewhere := strings.TrimPrefix(environ[0], "MOORFAST_DATA="), t.TempDir()
	out, _ := want(t, exitOK, environ, "audit", "checkpoint", "publish", elsewhere)
	if !strings.HasPrefix(out, "1 checkpoints were added") {
		t.Errorf("the first time: %s", out)
	}
	want(t, exitOK, environ, "audit", "verify", "--checkpoint", elsewhere)
	s.Stop()
	out, _ = want(t, exitOK, environ, "audit", "checkpoint", "publish", elsewhere, "--json")
	if !strings.Contains(out, `"added": `) || strings.Contains(out, "fork") {
		t.Errorf("again: %s", out)
	}
	spoil(t, dir, store.Platform, `DELETE FROM audit_checkpoints WHERE number = (SELECT max(number) FROM audit_checkpoints)`)
	if out, _ = want(t, exitFindings, environ, "audit", "checkpoint", "publish", elsewhere); !strings.Contains(out, "forked") && !strings.Contains(out, "0 checkpoints") {
		t.Errorf("a log that was put back: %s", out)
	}
	want(t, exitFindings, environ, "audit", "verify", "--checkpoint", elsewhere)
	want(t, exitUsage, environ, "audit", "checkpoint", "publish", "/nowhere/at/all")
}

func TestAWitnessGetsTheNewestCheckpointAndMayRefuseIt(t *testing.T) {
	_, environ := audited(t)
	status, got := 200, ""
	witness := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got = string(b)
		w.WriteHeader(status)
	}))
	defer witness.Close()
	for _, c := range []struct{ status, exit int }{{200, exitOK}, {409, exitFindings}, {500, exitFailed}} {
		status, got = c.status, ""
		want(t, c.exit, environ, "audit", "checkpoint", "publish", witness.URL)
		if !strings.Contains(got, "\n— moorfast") {
			t.Errorf("%d: %q", c.status, got)
		}
	}
}

// aWitness speaks tlog-witness for one log, as the standard has it.
type aWitness struct {
	*httptest.Server
	vkey string // of the log
	key  ed25519.PrivateKey
	tree tlog.Tree
}

func newWitnessServer(t *testing.T, vkey string) *aWitness {
	w := &aWitness{vkey: strings.TrimSpace(vkey), key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	w.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		head, text, _ := strings.Cut(string(b), "\n\n")
		v, err := note.NewVerifier(w.vkey)
		if err != nil {
			t.Error(err)
		}
		n, err := note.Open([]byte(text), note.VerifierList(v))
		if err != nil {
			rw.WriteHeader(http.StatusForbidden)
			return
		}
		lines := strings.Split(head, "\n")
		if lines[0] != fmt.Sprint("old ", w.tree.N) {
			rw.WriteHeader(http.StatusConflict)
			fmt.Fprintln(rw, w.tree.N)
			return
		}
		var proof tlog.TreeProof
		for _, line := range lines[1:] {
			h, err := tlog.ParseHash(line)
			if err != nil {
				t.Error(err)
			}
			proof = append(proof, h)
		}
		body := strings.Split(n.Text, "\n")
		size, err := strconv.ParseInt(body[1], 10, 64)
		root, failed := tlog.ParseHash(body[2])
		if err != nil || failed != nil {
			t.Errorf("%v %v", err, failed)
		}
		if w.tree.N > 0 && tlog.CheckTree(proof, size, root, w.tree.N, w.tree.Hash) != nil {
			rw.WriteHeader(http.StatusUnprocessableEntity)
			return
		}
		w.tree = tlog.Tree{N: size, Hash: root}
		at := uint64(1_800_000_000)
		sig := binary.BigEndian.AppendUint32(nil, w.id())
		sig = binary.BigEndian.AppendUint64(sig, at)
		sig = append(sig, ed25519.Sign(w.key, fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", at, n.Text))...)
		fmt.Fprintf(rw, "— witness.example %s\n", base64.StdEncoding.EncodeToString(sig))
	}))
	t.Cleanup(w.Close)
	return w
}

func (w *aWitness) public() []byte { return append([]byte{4}, w.key.Public().(ed25519.PublicKey)...) }

func (w *aWitness) id() uint32 {
	sum := sha256.Sum256(append([]byte("witness.example\n"), w.public()...))
	return binary.BigEndian.Uint32(sum[:])
}

func (w *aWitness) verifier() string {
	return fmt.Sprintf("witness.example+%08x+%s", w.id(), base64.StdEncoding.EncodeToString(w.public()))
}

func TestAWitnessOfTransparencyLogsSignsAndFindsAFork(t *testing.T) {
	s, environ := audited(t)
	_, vkey, _ := command(t, environ, "audit", "checkpoint", "--public-key")
	w := newWitnessServer(t, vkey)
	kept := filepath.Join(t.TempDir(), "cosigned")
	publish := func(code int, key string) string {
		t.Helper()
		out, _ := want(t, code, environ, "audit", "checkpoint", "publish", w.URL+"/add-checkpoint", "--witness-key", key, "--keep", kept)
		return out
	}
	if out := publish(exitOK, w.verifier()); !strings.Contains(out, "was signed there") {
		t.Errorf("got %s", out)
	}
	publish(exitOK, w.verifier()) // again, which it takes
	for range 3 {
		s.Guest("X-Appwrite-Project", "app").Refused("POST", "/users", servertest.M{}, 401, "general_unauthorized_scope")
		if err := s.Audit.Flush(context.Background()); err != nil {
			t.Fatal(err)
		}
		publish(exitOK, w.verifier())
	}
	b, err := os.ReadFile(kept)
	if err != nil || strings.Count(string(b), "\n— ") != 2 {
		t.Errorf("%s %v", b, err)
	}
	want(t, exitOK, environ, "audit", "verify", "--checkpoint", kept)
	publish(exitUsage, strings.TrimSpace(vkey)) // which has signed anyhow
	other, err := note.NewEd25519VerifierKey("witness.example", w.key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	publish(exitFailed, other) // a signature of another kind
	publish(exitFailed, "witness.example+00000000+"+base64.StdEncoding.EncodeToString(w.public()))
	want(t, exitUsage, environ, "audit", "checkpoint", "publish", t.TempDir(), "--keep", kept)
	w.tree.Hash[0] ^= 1
	if out := publish(exitFindings, w.verifier()); !strings.Contains(out, "forked") {
		t.Errorf("another history: %s", out)
	}
	w.tree.N += 100
	publish(exitFindings, w.verifier())
}

func TestACheckSinceLooksAtNewRecordsOnly(t *testing.T) {
	s, environ := audited(t)
	dir := strings.TrimPrefix(environ[0], "MOORFAST_DATA=")
	s.Stop()
	spoil(t, dir, "app", `UPDATE audit_records SET body = replace(body, 'Ada', 'Eve') WHERE seq = 1`, `UPDATE audit_records SET body = body || ' ' WHERE seq = 1`)
	want(t, exitFindings, environ, "audit", "verify")
	out, _ := want(t, exitOK, environ, "audit", "verify", "--since", "1h")
	if !strings.Contains(out, "older records were left out") {
		t.Error(out)
	}
	spoil(t, dir, "app", `UPDATE audit_blocks SET at = at + 1`)
	want(t, exitFindings, environ, "audit", "verify", "--since", "1h")
}

func TestARecordIsProvenElsewhere(t *testing.T) {
	s, environ := audited(t)
	_, key, _ := command(t, environ, "audit", "checkpoint", "--public-key")
	_, note, _ := command(t, environ, "audit", "checkpoint")
	dir := t.TempDir()
	file, saved, forged := filepath.Join(dir, "proof"), filepath.Join(dir, "note"), filepath.Join(dir, "forged")
	write := func(path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(saved, note)
	code, proof, err := command(t, environ, "audit", "prove", "3", "--project", "app", "--checkpoint", saved)
	if code != 0 {
		t.Fatal(err)
	}
	write(file, proof)
	lines := strings.Split(proof, "\n")
	lines[3], lines[4] = lines[4], lines[3]
	write(forged, strings.Join(lines, "\n"))
	s.Stop()
	for _, c := range []struct {
		args []string
		code int
		out  string
	}{
		{[]string{"audit", "verify", "--proof", file, "--public-key", key}, 0, `"event":"user.update"`},
		{[]string{"audit", "verify", "--proof", file, "--public-key", key, "--json"}, 0, `"checkpoint": 1`},
		{[]string{"audit", "verify", "--proof", forged, "--public-key", key}, 1, "FAIL "},
		{[]string{"audit", "verify", "--proof", file, "--public-key", strings.Replace(key, "+", "x+", 1)}, 2, ""},
		{[]string{"audit", "verify", "--proof", file}, 2, ""},
		{[]string{"audit", "verify", "--proof", file, "--public-key", key, "--since", "1h"}, 2, ""},
		{[]string{"audit", "verify", "--proof", saved, "--public-key", key}, 3, ""},
	} {
		if code, out, err := command(t, nil, c.args...); code != c.code || !strings.Contains(out, c.out) {
			t.Errorf("%v\ngot  %d %s %s\nwant %d %s", c.args, code, out, err, c.code, c.out)
		}
	}
	for args, want := range map[string]int{"prove x": 2, "prove 999 --project app": 3, "prove 1 --project nothing": 2, "prove 1": 0, "prove 1 --checkpoint " + file: 3} {
		if code, out, err := command(t, environ, append([]string{"audit"}, strings.Fields(args)...)...); code != want {
			t.Errorf("audit %s: %d %s %s", args, code, out, err)
		}
	}
}
