// Package s3 keeps objects in a bucket of an S3-compatible store. It is an
// engine of [blob.Store].
package s3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"moorfast/internal/blob"
	"moorfast/internal/vault"
)

// Bounds of a request. What fails for a moment is tried again, with growing
// pauses, so that a store that is gone is reported within seconds.
const (
	attempts       = 3
	dialTimeout    = 5 * time.Second
	headerTimeout  = 30 * time.Second
	stallTimeout   = 30 * time.Second // of a body that is being read
	maxConnections = 64
)

// Options say where a bucket is, and who asks.
type Options struct {
	Endpoint  string // host and port
	Insecure  bool   // plain HTTP
	Region    string
	Bucket    string
	Key       string
	Secret    vault.Secret
	PathStyle bool   // the bucket is in the path, and not in the host name
	Prefix    string // before every key, such as "moorfast"; may be empty
}

// Store is a bucket, or what is below a prefix of one. A Put whose answer is
// lost on the way returns an error, and may have been done.
type Store struct {
	core   minio.Core
	bucket string
	prefix string // ends in a slash, or is empty
}

var _ blob.Store = (*Store)(nil)

// Open checks the options. It sends nothing: see [Store.Ping].
func Open(o Options) (*Store, error) {
	switch {
	case o.Endpoint == "" || o.Region == "" || o.Bucket == "":
		return nil, errors.New("s3: an endpoint, a region and a bucket are needed")
	case o.Key == "" || o.Secret.Reveal() == "":
		// Without them requests would go out unsigned.
		return nil, errors.New("s3: a key and its secret are needed")
	}
	prefix := strings.Trim(o.Prefix, "/")
	if prefix != "" {
		if err := blob.CheckKey(prefix); err != nil || len(prefix) > 128 {
			return nil, errors.New("s3: the prefix is not a path of at most 128 letters, digits, '.', '_' and '-'")
		}
		prefix += "/"
	}
	transport, err := minio.DefaultTransport(!o.Insecure)
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	transport.Proxy = nil // settings are read in one place, and this is not it
	transport.DialContext = (&net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}).DialContext
	transport.ResponseHeaderTimeout = headerTimeout
	transport.MaxIdleConnsPerHost = maxConnections
	lookup := minio.BucketLookupDNS
	if o.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.New(o.Endpoint, &minio.Options{
		Creds:        credentials.NewStaticV4(o.Key, o.Secret.Reveal(), ""),
		Secure:       !o.Insecure,
		Transport:    transport,
		Region:       o.Region,
		BucketLookup: lookup,
		MaxRetries:   attempts,
	})
	if err != nil {
		return nil, fmt.Errorf("s3: %w", err)
	}
	return &Store{core: minio.Core{Client: client}, bucket: o.Bucket, prefix: prefix}, nil
}

// Ping implements [blob.Store]: it asks for the bucket.
func (s *Store) Ping(ctx context.Context) error {
	there, err := s.core.BucketExists(ctx, s.bucket)
	if err == nil && !there {
		return fmt.Errorf("%w: there is no such bucket", blob.ErrUnavailable)
	}
	return translate(ctx, "look for the bucket", err)
}

// Delete implements [blob.Store]. The client sends a request for each thousand.
func (s *Store) Delete(ctx context.Context, keys ...string) error {
	for _, key := range keys {
		if err := blob.CheckKey(key); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil || len(keys) == 0 {
		return err
	}
	if len(keys) == 1 {
		err := s.core.RemoveObject(ctx, s.bucket, s.prefix+keys[0], minio.RemoveObjectOptions{})
		if err = translate(ctx, "delete object", err); errors.Is(err, blob.ErrNotFound) {
			return nil
		}
		return err
	}
	results, err := s.core.RemoveObjectsWithIter(ctx, s.bucket, func(yield func(minio.ObjectInfo) bool) {
		for _, key := range keys {
			if !yield(minio.ObjectInfo{Key: s.prefix + key}) {
				return
			}
		}
	}, minio.RemoveObjectsOptions{})
	if err != nil {
		return translate(ctx, "delete objects", err)
	}
	for result := range results {
		if err := translate(ctx, "delete objects", result.Err); err != nil && !errors.Is(err, blob.ErrNotFound) {
			return err
		}
	}
	return ctx.Err()
}

// List implements [blob.Store].
func (s *Store) List(ctx context.Context, prefix string, fn func(blob.Info) error) error {
	if err := blob.CheckPrefix(prefix); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx) // ends the listing where fn does
	defer cancel()
	options := minio.ListObjectsOptions{Prefix: s.prefix + prefix, Recursive: true}
	for o := range s.core.ListObjectsIter(ctx, s.bucket, options) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if o.Err != nil {
			return translate(ctx, "list objects", o.Err)
		}
		key, ours := strings.CutPrefix(o.Key, s.prefix)
		if !ours || blob.CheckKey(key) != nil {
			continue // somebody else's, in a bucket that is shared
		}
		if err := fn(blob.Info{Key: key, Size: o.Size, ModifiedAt: o.LastModified}); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// translate tells what an error of the client means, and nil of nil.
func translate(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if over := ctx.Err(); over != nil {
		return over
	}
	var reply minio.ErrorResponse
	if errors.As(err, &reply) {
		switch reply.Code {
		case minio.NoSuchKey, minio.NoSuchUpload, minio.PreconditionFailed:
			return blob.ErrNotFound
		}
		// The message of a store may repeat the key, or what was signed.
		return fmt.Errorf("%w: %s: %.60s (status %d)", blob.ErrUnavailable, doing, reply.Code, reply.StatusCode)
	}
	return fmt.Errorf("%w: %s: %w", blob.ErrUnavailable, doing, strip(err))
}

// strip leaves the address of a request out, which has a key in it.
func strip(err error) error {
	var network *net.OpError
	if errors.As(err, &network) {
		return network
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}
