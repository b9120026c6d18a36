package audit_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"moorfast/internal/audit"
	"moorfast/internal/clock"
	"moorfast/internal/store"
	"moorfast/internal/store/migrate"
	"moorfast/internal/store/postgres"
	"moorfast/internal/store/postgres/postgrestest"
	"moorfast/internal/store/sqlite"
)

type fixture struct {
	t     testing.TB
	db    store.DB
	key   ed25519.PrivateKey
	clock *clock.Manual
	log   *audit.Log
	notes []string
}

func migrations(project string) []migrate.Migration {
	if project == store.Platform {
		return []migrate.Migration{{Number: 1, Name: "audit", SQL: audit.PlatformTables}, {Number: 2, Name: "audit tree", SQL: audit.TreeTables}}
	}
	return []migrate.Migration{{Number: 1, Name: "audit", SQL: audit.Tables}}
}

func setup(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.NewManual(time.Unix(1_800_000_000, 0))}
	seed := sha256.Sum256([]byte("a key for tests"))
	f.key = ed25519.NewKeyFromSeed(seed[:])
	var err error
	if os.Getenv("MOORFAST_TEST_SERVER") == "postgres" {
		f.db, err = postgres.Open(context.Background(), postgres.Options{URL: postgrestest.Database(t, os.Getenv("MOORFAST_TEST_POSTGRES")), Migrations: migrations})
	} else {
		f.db, err = sqlite.Open(sqlite.Options{Dir: t.TempDir(), Migrations: migrations})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.db.Close() })
	f.start()
	return f
}

// start makes the log anew, as after a kill.
func (f *fixture) start() {
	f.log = audit.New(audit.Options{
		DB: f.db, Key: f.key, Instance: "test", Now: f.clock.Now, Log: slog.New(slog.DiscardHandler),
		Publish: func(note string) error { f.notes = append(f.notes, note); return nil },
	})
}

func record(i int) audit.Record {
	return audit.Record{
		At: int64(i), Event: "team.create", Resource: fmt.Sprintf("team/t%d", i), Endpoint: "teams.create",
		Actor: audit.Actor{Kind: audit.User, ID: "ada"}, Address: "192.0.2.1", UserAgent: "curl/8",
	}
}

func (f *fixture) write(project string, from, to int) {
	f.t.Helper()
	for i := from; i <= to; i++ {
		if err := f.log.Note(context.Background(), project, record(i)); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) flush() {
	f.t.Helper()
	if err := f.log.Flush(context.Background()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) verify(saved ...string) audit.Report {
	f.t.Helper()
	v := audit.Verifier{DB: f.db, Name: audit.Name("test"), Key: f.key.Public().(ed25519.PublicKey), Saved: saved}
	r, err := v.Verify(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

func (f *fixture) exec(project, sql string, args ...any) {
	f.t.Helper()
	err := f.db.Update(context.Background(), project, func(tx store.Tx) error {
		_, err := tx.Exec(context.Background(), sql, args...)
		return err
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

var errUndo = errors.New("undo")

// spoiled changes the database, hands it to look, and puts it back as it was:
// the check runs in the same transaction.
func (f *fixture) spoiled(project string, saved []string, spoil func(tx store.Tx) error) (r audit.Report) {
	f.t.Helper()
	err := f.db.Update(context.Background(), project, func(tx store.Tx) error {
		if err := spoil(tx); err != nil {
			return err
		}
		v := audit.Verifier{DB: inside{f.db, tx}, Name: audit.Name("test"), Key: f.key.Public().(ed25519.PublicKey), Saved: saved}
		var err error
		if r, err = v.Verify(context.Background()); err != nil {
			return err
		}
		return errUndo
	})
	if !errors.Is(err, errUndo) {
		f.t.Fatal(err)
	}
	return r
}

// inside is a store whose views of one project see a transaction.
type inside struct {
	store.DB
	tx store.Tx
}

func (i inside) View(ctx context.Context, project string, fn func(store.Tx) error) error {
	if project == i.tx.Project() {
		return fn(i.tx)
	}
	return i.DB.View(ctx, project, fn)
}

func TestAWholeLogIsFoundWhole(t *testing.T) {
	f := setup(t)
	f.write("shop", 1, 20)
	f.write(store.Platform, 1, 3)
	f.flush()
	f.start()
	f.write("shop", 21, 30)
	f.flush()
	f.write("shop", 31, 32)
	r := f.verify(f.notes...)
	if len(r.Findings) > 0 || r.Records != 33 || r.Unsealed != 2 || r.Projects != 2 || r.Checkpoints != 2 || r.Saved != 2 {
		t.Errorf("%+v", r)
	}
}

func TestEveryMutationOfTheLogIsFound(t *testing.T) {
	f := setup(t)
	f.write("shop", 1, 12)
	f.flush()
	f.write("shop", 13, 24)
	f.flush()
	ctx := context.Background()
	type cell struct {
		seq  int64
		text []byte
	}
	read := func(sql string) (list []cell) {
		err := f.db.View(ctx, "shop", func(tx store.Tx) error {
			return store.Each(ctx, tx, sql, nil, func(rows store.Rows) error {
				list = append(list, cell{rows.Int(0), append([]byte{}, rows.Blob(1)...)})
				return nil
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	named := func(what string, r audit.Report, seq int64) {
		t.Helper()
		if len(r.Findings) == 0 || seq > 0 && r.Findings[0].Record != seq {
			t.Errorf("%s: found %v, want record %d", what, r.Findings, seq)
		}
	}
	flips := 0
	for _, column := range []string{"body", "actor", "resource"} {
		for _, c := range read(`SELECT seq, ` + column + ` FROM audit_records ORDER BY seq`) {
			for i := int(c.seq) % 7; i < len(c.text); i += 7 {
				b := bytes.Clone(c.text)
				b[i] ^= 1
				named(fmt.Sprintf("byte %d of %s of record %d", i, column, c.seq), f.spoiled("shop", nil, func(tx store.Tx) error {
					_, err := tx.Exec(ctx, `UPDATE audit_records SET `+column+` = ? WHERE seq = ?`, string(b), c.seq)
					return err
				}), c.seq)
				flips++
			}
		}
	}
	for _, column := range []string{"entries", "prev", "head", "signature"} {
		for _, c := range read(`SELECT number, ` + column + ` FROM audit_blocks ORDER BY number`) {
			for i := 0; i < len(c.text); i += 5 {
				b := bytes.Clone(c.text)
				b[i] ^= 0x80
				named(fmt.Sprintf("byte %d of %s of block %d", i, column, c.seq), f.spoiled("shop", nil, func(tx store.Tx) error {
					_, err := tx.Exec(ctx, `UPDATE audit_blocks SET `+column+` = ? WHERE number = ?`, b, c.seq)
					return err
				}), 0)
				flips++
			}
		}
	}
	if flips < 500 {
		t.Errorf("only %d bytes were flipped", flips)
	}
	run := func(what string, seq int64, statements ...string) {
		t.Helper()
		named(what, f.spoiled("shop", nil, func(tx store.Tx) error {
			for _, s := range statements {
				if _, err := tx.Exec(ctx, s); err != nil {
					return err
				}
			}
			return nil
		}), seq)
	}
	for seq := int64(1); seq <= 24; seq++ {
		run("a record is removed", seq, fmt.Sprintf(`DELETE FROM audit_records WHERE seq = %d`, seq))
	}
	run("two records change places", 3, `UPDATE audit_records SET seq = 99 WHERE seq = 3`, `UPDATE audit_records SET seq = 3 WHERE seq = 4`, `UPDATE audit_records SET seq = 4 WHERE seq = 99`)
	run("a record is put in", 0, `INSERT INTO audit_records (seq, actor, resource, body) VALUES (0, '', '', '{}')`)
	run("the last block is cut off", 0, `DELETE FROM audit_blocks WHERE number = 2`, `DELETE FROM audit_records WHERE seq > 12`)
	run("the first block is cut off", 0, `DELETE FROM audit_blocks WHERE number = 1`, `DELETE FROM audit_records WHERE seq < 13`)
	run("a block says that it was pruned", 0, `UPDATE audit_blocks SET pruned = 1 WHERE number = 2`, `DELETE FROM audit_blocks WHERE number = 1`, `DELETE FROM audit_records WHERE seq < 13`)
	run("everything is gone", 0, `DELETE FROM audit_blocks`, `DELETE FROM audit_records`)
	run("a block is dated back", 0, `UPDATE audit_blocks SET at = 1 WHERE number = 2`)
}

func TestATailThatIsCutOffWithItsCheckpointIsFoundByASavedOne(t *testing.T) {
	f := setup(t)
	f.write("shop", 1, 3)
	f.flush()
	f.write("shop", 4, 6)
	f.flush()
	f.exec("shop", `DELETE FROM audit_blocks WHERE number = 2`)
	f.exec("shop", `DELETE FROM audit_records WHERE seq > 3`)
	f.exec(store.Platform, `DELETE FROM audit_checkpoints WHERE number = 2`)
	if r := f.verify(); len(r.Findings) > 0 {
		t.Errorf("without a saved checkpoint: %v", r.Findings)
	}
	r := f.verify(f.notes[1])
	if len(r.Findings) != 2 || !strings.Contains(r.Findings[1].Problem, "cut off") {
		t.Errorf("with a saved checkpoint: %v", r.Findings)
	}
	// Whoever has no key can not go on as if nothing had been.
	f.write("shop", 7, 9)
	f.start()
	f.flush()
	if r := f.verify(f.notes[1]); len(r.Findings) == 0 {
		t.Error("a log that went on another way was found whole")
	}
}

func TestAVerifierChecksMoreThanOnce(t *testing.T) {
	f := setup(t)
	f.write("shop", 1, 3)
	f.flush()
	v := audit.Verifier{DB: f.db, Name: audit.Name("test"), Key: f.key.Public().(ed25519.PublicKey)}
	for range 2 {
		if r, err := v.Verify(context.Background()); err != nil || len(r.Findings) > 0 {
			t.Errorf("%+v, %v", r, err)
		}
	}
}

func TestWhatIsFoundIsBounded(t *testing.T) {
	f := setup(t)
	text := `{"type":"log","log":"x"}` + strings.Repeat("\n"+`{"type":"record","log":"shop"}`, 20_000)
	text = strings.Replace(text, "\n", "\n"+`{"type":"block","log":"shop"}`+"\n", 1)
	r, err := audit.VerifyExport(strings.NewReader(text), audit.Name("test"), f.key.Public().(ed25519.PublicKey))
	if err != nil || len(r.Findings) != 10_000 {
		t.Errorf("%d findings, %v", len(r.Findings), err)
	}
}

func TestALogOfAnotherKeyIsFound(t *testing.T) {
	f := setup(t)
	f.write("shop", 1, 3)
	f.flush()
	seed := sha256.Sum256([]byte("another key"))
	f.key = ed25519.NewKeyFromSeed(seed[:])
	if r := f.verify(); len(r.Findings) == 0 {
		t.Error("another key has signed, and nothing was found")
	}
}

func TestARemovedProjectIsNotMissed(t *testing.T) {
	f := setup(t)
	ctx := context.Background()
	f.write("shop", 1, 3)
	f.flush()
	if err := f.db.Drop(ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	if r := f.verify(); len(r.Findings) != 1 {
		t.Errorf("a log that is gone: %v", r.Findings)
	}
	if err := f.log.DropProject(ctx, "shop"); err != nil {
		t.Fatal(err)
	}
	if r := f.verify(f.notes...); len(r.Findings) > 0 {
		t.Errorf("a project that was removed: %v", r.Findings)
	}
}

func TestARowThatIsCommittedLateIsChained(t *testing.T) {
	f := setup(t)
	f.write("shop", 1, 2)
	f.exec("shop", `UPDATE audit_records SET seq = 9 WHERE seq = 2`)
	f.flush()
	f.exec("shop", `INSERT INTO audit_records (seq, actor, resource, body) VALUES (5, '', '', '{"at":1}')`)
	f.log.Committed("shop")
	f.flush()
	f.start()
	f.exec("shop", `INSERT INTO audit_records (seq, actor, resource, body) VALUES (6, '', '', '{"at":1}')`)
	f.log.Committed("shop")
	f.flush()
	if r := f.verify(f.notes...); len(r.Findings) > 0 || r.Records != 4 {
		t.Errorf("%+v", r)
	}
}

func TestNoTextOfARecordBreaksALine(t *testing.T) {
	f := setup(t)
	r := record(1)
	r.UserAgent = "a\r\nb\x1b[31m\u2028c\x00d\xff" + strings.Repeat("é", 1000)
	if err := f.log.Note(context.Background(), "shop", r); err != nil {
		t.Fatal(err)
	}
	f.flush()
	var body string
	err := f.db.View(context.Background(), "shop", func(tx store.Tx) error {
		return store.Each(context.Background(), tx, `SELECT body FROM audit_records`, nil, func(rows store.Rows) error {
			body = string(rows.Text(0))
			return nil
		})
	})
	if err != nil || strings.ContainsAny(body, "\r\n\x1b\u2028\x00") || len(body) > 1500 {
		t.Errorf("%q %v", body, err)
	}
	if r := f.verify(); len(r.Findings) > 0 {
		t.Error(r.Findings)
	}
}

func TestRefusalsThatAreAlikeAreCounted(t *testing.T) {
	f := setup(t)
	r := record(1)
	r.Outcome = "user_invalid_credentials"
	for i := range 700 {
		r.Address = fmt.Sprintf("2001:db8::%x", i)
		f.log.Refuse("shop", r)
	}
	for i := range 700 {
		r.Address = fmt.Sprintf("10.0.%d.%d", i/250, i%250)
		f.log.Refuse("shop", r)
	}
	f.flush()
	rep := f.verify()
	if rep.Records+rep.Unsealed != 502 || len(rep.Findings) > 0 {
		t.Errorf("%+v", rep)
	}
}

func FuzzOpenNote(f *testing.F) {
	seed := sha256.Sum256([]byte("a key for tests"))
	key := ed25519.NewKeyFromSeed(seed[:])
	f.Add("moorfast/test/audit\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nat 1\n\n— moorfast/test/audit AAAAAAA=\n")
	f.Add("\n\n— x y\n")
	f.Fuzz(func(t *testing.T, note string) {
		if c, err := audit.OpenNote(note, audit.Name("test"), key.Public().(ed25519.PublicKey)); err == nil {
			t.Errorf("a note that nobody signed was taken: %+v", c)
		}
	})
}

func FuzzVerifyExport(f *testing.F) {
	seed := sha256.Sum256([]byte("a key for tests"))
	key := ed25519.NewKeyFromSeed(seed[:]).Public().(ed25519.PublicKey)
	f.Add(`{"type":"log","log":"x"}` + "\n" + `{"type":"block","log":"p","number":1,"records":1}` + "\n" + `{"type":"record","log":"p","position":1,"seq":1}`)
	f.Add(`{"type":"log"}` + "\n" + `{"type":"record","log":"p"}` + "\n" + `{"type":"checkpoint","note":"x"}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := audit.VerifyExport(strings.NewReader(text), audit.Name("test"), key)
		if err == nil && r.Records > 0 && len(r.Findings) == 0 {
			t.Errorf("records that nobody signed were found whole: %+v", r)
		}
	})
}

// BenchmarkFlush chains and states a thousand records.
func BenchmarkFlush(b *testing.B) {
	f := setup(b)
	ctx := context.Background()
	for b.Loop() {
		b.StopTimer()
		err := f.db.Update(ctx, "shop", func(tx store.Tx) error {
			for i := range 1000 {
				if err := audit.Append(ctx, tx, record(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		f.log.Committed("shop")
		b.StartTimer()
		f.flush()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/1000, "µs/record")
}
