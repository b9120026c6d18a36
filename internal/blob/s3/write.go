package s3

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/minio/minio-go/v7"

	"moorfast/internal/blob"
)

const (
	// partSize is how much of an object is in memory at a time, and goes out in
	// one request. It holds a sealed part of a file, which is a little over 5
	// MiB, so that one costs one request.
	partSize = 6 << 20
	maxParts = 10_000 // of a multipart upload

	abortTimeout = 10 * time.Second
)

const contentType = "application/octet-stream"

// smallSize is what an object begins in: most are no longer, and many of them
// together are not to take a part's memory each.
const smallSize = 256 << 10

var (
	parts  = sync.Pool{New: func() any { return new([partSize]byte) }}
	smalls = sync.Pool{New: func() any { return new([smallSize]byte) }}
)

// Put implements [blob.Store]. Up to 6 MiB go out as one request, and more in
// parts of that size, of which nothing stays if one fails.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (int64, error) {
	if err := blob.CheckKey(key); err != nil {
		return 0, err
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	small := smalls.Get().(*[smallSize]byte)
	defer smalls.Put(small)
	n, ended, err := blob.Fill(r, small[:])
	if err != nil {
		return 0, err
	}
	b := small[:n]
	if !ended {
		part := parts.Get().(*[partSize]byte)
		defer parts.Put(part)
		copy(part[:], b)
		n, ended, err = blob.Fill(r, part[smallSize:])
		if err != nil {
			return 0, err
		}
		b = part[:smallSize+n]
	}
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if !ended {
		return s.putParts(ctx, s.prefix+key, r, b)
	}
	if err := s.putWhole(ctx, s.prefix+key, b); err != nil {
		return 0, err
	}
	return int64(len(b)), nil
}

// putWhole sends an object. A store that is changing what the key lies in says
// so (409), and takes it a moment later.
func (s *Store) putWhole(ctx context.Context, name string, b []byte) error {
	// The sum is part of what is signed, so a store refuses what arrives changed.
	options := minio.PutObjectOptions{ContentType: contentType, DisableContentSha256: true} // of the client's own
	check := sum(b)
	for attempt := 1; ; attempt++ {
		_, err := s.core.PutObject(ctx, s.bucket, name, bytes.NewReader(b), int64(len(b)), "", check, options)
		if err == nil {
			return nil
		}
		if attempt == attempts || minio.ToErrorResponse(err).StatusCode != 409 {
			return refused(translate(ctx, "put object", err))
		}
	}
}

// putParts sends an object of which the first part fills buf.
func (s *Store) putParts(ctx context.Context, name string, r io.Reader, buf []byte) (size int64, err error) {
	upload, err := s.core.NewMultipartUpload(ctx, s.bucket, name, minio.PutObjectOptions{ContentType: contentType})
	if err != nil {
		return 0, refused(translate(ctx, "begin upload", err))
	}
	defer func() {
		if err == nil {
			return
		}
		// Also if ctx has ended: parts that stay are paid for, and seen by nobody.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
		defer cancel()
		if aborted := s.core.AbortMultipartUpload(ctx, s.bucket, name, upload); aborted != nil {
			if aborted = translate(ctx, "abort upload", aborted); !errors.Is(aborted, blob.ErrNotFound) {
				err = errors.Join(err, aborted)
			}
		}
	}()
	var done []minio.CompletePart
	n, ended := len(buf), false
	for {
		if len(done) == maxParts {
			return 0, fmt.Errorf("put object: it has over %d parts of %d bytes", maxParts, partSize)
		}
		part, err := s.core.PutObjectPart(ctx, s.bucket, name, upload, len(done)+1, bytes.NewReader(buf[:n]), int64(n),
			minio.PutObjectPartOptions{Sha256Hex: sum(buf[:n]), DisableContentSha256: true})
		if err != nil {
			return 0, refused(translate(ctx, "put part", err))
		}
		done = append(done, minio.CompletePart{PartNumber: part.PartNumber, ETag: part.ETag})
		size += int64(n)
		if ended {
			break
		}
		if n, ended, err = blob.Fill(r, buf); err != nil {
			return 0, err
		}
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if n == 0 {
			break
		}
	}
	if _, err := s.core.CompleteMultipartUpload(ctx, s.bucket, name, upload, done, minio.PutObjectOptions{}); err != nil {
		return 0, refused(translate(ctx, "end upload", err))
	}
	return size, nil
}

// refused is for writes, which have no object to miss.
func refused(err error) error {
	if errors.Is(err, blob.ErrNotFound) {
		return fmt.Errorf("%w: the store refuses the object", blob.ErrUnavailable)
	}
	return err
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
