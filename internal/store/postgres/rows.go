package postgres

import (
	"context"
	"encoding/hex"
	"strconv"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// A result is what one statement returns, alone or as the last of a batch.
type result struct {
	batch  *pgconn.MultiResultReader
	reader *pgconn.ResultReader
}

func (r *result) close() (pgconn.CommandTag, error) {
	tag, err := r.reader.Close()
	if r.batch != nil {
		if closed := r.batch.Close(); err == nil {
			err = closed
		}
	}
	return tag, err
}

// rows are the result of a running statement. Values come as text, which for
// every type but bytes is also how they are read.
type rows struct {
	tx     *tx
	ctx    context.Context
	result *result // nil once closed
	err    error
}

func (r *rows) Next() bool {
	if r.result == nil {
		return false
	}
	if r.err == nil && r.result.reader.NextRow() {
		return true
	}
	r.end()
	return false
}

func (r *rows) Err() error { return r.err }

// Close returns what went wrong in the rows that were not read.
func (r *rows) Close() error {
	said := r.err
	r.end()
	if said != nil {
		return nil //nolint:nilerr // by Err
	}
	return r.err
}

func (r *rows) end() {
	if r.result == nil {
		return
	}
	_, err := r.result.close()
	r.result, r.tx.open = nil, nil
	if err != nil && r.err == nil {
		r.err = r.tx.fail(r.ctx, err)
	}
}

func (r *rows) value(i int) []byte { return r.result.reader.Values()[i] }

func (r *rows) Null(i int) bool { return r.value(i) == nil }

// Int also reads booleans, and the whole part of a numeric, which is what the
// sum of integers is.
func (r *rows) Int(i int) int64 {
	v := r.value(i)
	if len(v) == 1 && v[0] == 't' {
		return 1
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil {
		return int64(r.Float(i))
	}
	return n
}

func (r *rows) Float(i int) float64 {
	f, err := strconv.ParseFloat(string(r.value(i)), 64)
	if err != nil {
		return 0
	}
	return f
}

func (r *rows) Text(i int) []byte { return r.Blob(i) }

func (r *rows) Blob(i int) []byte {
	v := r.value(i)
	if r.result.reader.FieldDescriptions()[i].DataTypeOID != pgtype.ByteaOID || v == nil {
		return v
	}
	if len(v) < 2 || v[0] != '\\' || v[1] != 'x' {
		r.err = r.tx.fail(r.ctx, errBytes)
		return nil
	}
	bytes := make([]byte, hex.DecodedLen(len(v)-2))
	if _, err := hex.Decode(bytes, v[2:]); err != nil {
		r.err = r.tx.fail(r.ctx, err)
		return nil
	}
	return bytes
}
