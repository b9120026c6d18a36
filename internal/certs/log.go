package certs

import (
	"context"
	"log/slog"
	"slices"

	"go.uber.org/zap/zapcore"
)

// bridge brings what the ACME client logs to our log. Its levels are taken down
// by one, but for errors: what it does is of interest when it fails.
type bridge struct{ log *slog.Logger }

var levels = map[zapcore.Level]slog.Level{zapcore.InfoLevel: slog.LevelDebug, zapcore.WarnLevel: slog.LevelInfo}

func level(l zapcore.Level) slog.Level {
	switch {
	case l >= zapcore.ErrorLevel:
		return slog.LevelError
	case l < zapcore.InfoLevel:
		return slog.LevelDebug - 4
	}
	return levels[l]
}

// Enabled implements [zapcore.LevelEnabler].
func (b bridge) Enabled(l zapcore.Level) bool { return b.log.Enabled(context.Background(), level(l)) }

// With implements [zapcore.Core].
func (b bridge) With(fields []zapcore.Field) zapcore.Core {
	return bridge{b.log.With(attrs(fields)...)}
}

// Check implements [zapcore.Core].
func (b bridge) Check(e zapcore.Entry, checked *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if b.Enabled(e.Level) {
		return checked.AddCore(e, b)
	}
	return checked
}

// Write implements [zapcore.Core].
func (b bridge) Write(e zapcore.Entry, fields []zapcore.Field) error {
	b.log.Log(context.Background(), level(e.Level), "certificates: "+e.Message, attrs(fields)...)
	return nil
}

// Sync implements [zapcore.Core].
func (b bridge) Sync() error { return nil }

// told are the fields that say what happened; the rest may have tokens in it.
var told = []string{"identifier", "identifiers", "error", "problem", "ca", "challenge_type", "attempt", "retrying_in", "domain", "subjects", "status_code"}

func attrs(fields []zapcore.Field) []any {
	enc := zapcore.NewMapObjectEncoder()
	var list []any
	for _, f := range fields {
		if slices.Contains(told, f.Key) {
			f.AddTo(enc)
			list = append(list, slog.Any(f.Key, enc.Fields[f.Key]))
		}
	}
	return list
}
