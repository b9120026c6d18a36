package audit

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"moorfast/internal/store"
	"moorfast/internal/store/sqlb"
)

// SettingsPurpose is what the vault derives the key for that settings are
// remembered with.
const SettingsPurpose = "audit settings"

// SettingsTables returns the statements that make the table of [Settings].
func SettingsTables(d sqlb.Dialect) []string {
	return tables(d, `CREATE TABLE audit_settings (name $text PRIMARY KEY, digest $blob NOT NULL)`)
}

// Settings records which settings are others than those of the last start. The
// values may be secrets: all that is kept of them is an HMAC by key, and all that
// is recorded is their name. The first time is only remembered.
func (l *Log) Settings(ctx context.Context, key []byte, values map[string]string) error {
	if l == nil {
		return nil
	}
	changed := 0
	err := l.db.Update(ctx, platform, func(tx store.Tx) error {
		old := map[string][]byte{}
		err := store.Each(ctx, tx, `SELECT name, digest FROM audit_settings`, nil, func(rows store.Rows) error {
			old[string(rows.Text(0))] = bytes.Clone(rows.Blob(1))
			return nil
		})
		if err != nil {
			return err
		}
		first := len(old) == 0
		now := map[string][]byte{}
		for name, value := range values {
			mac := hmac.New(sha256.New, key)
			mac.Write(part(part(nil, name), value))
			now[name] = mac.Sum(nil)
		}
		changed = 0
		all := maps.Clone(old)
		maps.Copy(all, now)
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if bytes.Equal(old[name], now[name]) {
				continue
			}
			if _, err := tx.Exec(ctx, `DELETE FROM audit_settings WHERE name = ?`, name); err != nil {
				return err
			}
			if digest, ok := now[name]; ok {
				if _, err := tx.Exec(ctx, `INSERT INTO audit_settings (name, digest) VALUES (?, ?)`, name, digest); err != nil {
					return err
				}
			}
			// A setting that a new version has brought along was changed by nobody.
			if first || old[name] == nil || now[name] == nil {
				continue
			}
			changed++
			r := Record{At: l.now().UnixMicro(), Project: platform, Event: "settings.change", Resource: "setting/" + strings.ReplaceAll(name, "/", "-"), Actor: Actor{Kind: System}}
			if err := Append(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && changed > 0 {
		l.Committed(platform)
	}
	return err
}
