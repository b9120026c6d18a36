package files

import (
	"context"
	"time"

	"moorfast/internal/store"
)

// Usage is how much there is of something at some moments, and now.
type Usage struct {
	Points []int64 // at each moment
	Total  int64   // now
}

// The things that usage is told of. Each is a statement for how much of it there
// was at a moment: of what is there still.
const (
	bucketsUsage = `SELECT count(*) FROM buckets WHERE created_at <= ?`
	filesUsage   = `SELECT count(*) FROM files WHERE created_at <= ?`
	bytesUsage   = `SELECT coalesce(sum(stored), 0) FROM files WHERE created_at <= ?`
	inBucket     = ` AND bucket_seq = ?`
)

// BucketsUsage tells how many buckets there were.
func BucketsUsage(ctx context.Context, tx store.Tx, at []time.Time) (Usage, error) {
	return usage(ctx, tx, at, bucketsUsage)
}

// ContentUsage tells how many files there were in a bucket, or with nil in all, and
// how many bytes they take where they are stored.
func ContentUsage(ctx context.Context, tx store.Tx, b *Bucket, at []time.Time) (files, bytes Usage, err error) {
	where, args := "", []any{}
	if b != nil {
		where, args = inBucket, []any{b.Seq}
	}
	if files, err = usage(ctx, tx, at, filesUsage+where, args...); err != nil {
		return files, bytes, err
	}
	bytes, err = usage(ctx, tx, at, bytesUsage+where, args...)
	return files, bytes, err
}

func usage(ctx context.Context, tx store.Tx, at []time.Time, sql string, args ...any) (u Usage, err error) {
	for _, t := range at {
		n, err := number(ctx, tx, sql, append([]any{t.UnixMicro()}, args...)...)
		if err != nil {
			return u, err
		}
		u.Points = append(u.Points, n)
	}
	u.Total, err = number(ctx, tx, sql, append([]any{int64(1) << 62}, args...)...)
	return u, err
}

func number(ctx context.Context, tx store.Tx, sql string, args ...any) (n int64, err error) {
	err = store.Each(ctx, tx, sql, args, func(rows store.Rows) error {
		n = rows.Int(0)
		return nil
	})
	return n, err
}

// PreviewsUsage tells how many previews were made in each of some spans of time
// that follow one another, and in all of them.
func PreviewsUsage(ctx context.Context, tx store.Tx, b *Bucket, at []time.Time, span time.Duration) (u Usage, err error) {
	for _, t := range at {
		n, err := number(ctx, tx, `SELECT coalesce(sum(made), 0) FROM bucket_previews WHERE bucket_seq = ? AND hour > ? AND hour <= ?`,
			b.Seq, hour(t.Add(-span)), hour(t))
		if err != nil {
			return u, err
		}
		u.Points = append(u.Points, n)
		u.Total += n
	}
	return u, nil
}

func hour(t time.Time) int64 { return t.Unix() / 3600 }

// MadePreview counts a preview that was made.
func (f *Files) MadePreview(ctx context.Context, project string, file *File) error {
	return f.units.DB.Update(ctx, project, func(tx store.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO bucket_previews (bucket_seq, hour, made) VALUES (?, ?, 1) `+
			`ON CONFLICT (bucket_seq, hour) DO UPDATE SET made = bucket_previews.made + 1`, file.BucketSeq, hour(f.units.Now()))
		return err
	})
}
