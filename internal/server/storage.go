package server

import (
	"context"
	"fmt"
	"log/slog"
	"path"
	"path/filepath"
	"time"

	"moorfast/internal/antivirus"
	"moorfast/internal/api"
	"moorfast/internal/blob"
	"moorfast/internal/blob/disk"
	"moorfast/internal/blob/s3"
	"moorfast/internal/config"
	"moorfast/internal/core/files"
	"moorfast/internal/diskcache"
)

// The bounds of what is kept of pictures that were made: the cache is on the
// disk of this process, and its end is that of the contract.
const (
	cacheBytes = 1 << 30
	cacheAge   = 30 * 24 * time.Hour
)

// openFiles makes what keeps files, and what is made of them.
func (s *Server) openFiles(ctx context.Context, units api.Units, log *slog.Logger) error {
	blobs, err := blobStore(ctx, s.config, s.Vault.Instance())
	if err != nil {
		return err
	}
	var scanner files.Scanner
	if av := s.config.Storage.Antivirus; av.Enabled {
		s.scanner = &antivirus.Client{Network: "tcp", Addr: av.Addr()}
		scanner = s.scanner
	}
	s.files = files.New(units, blobs, scanner, log)
	s.images = newImages(s.config.Storage.PreviewLimit)
	s.cache, err = diskcache.Open(filepath.Join(s.config.Data, "cache"), diskcache.Options{
		Vault: s.Vault, MaxBytes: cacheBytes, MaxAge: cacheAge, Now: units.Now,
	})
	return err
}

// storeTimeout is how long a start waits for a store to answer.
const storeTimeout = 30 * time.Second

// blobStore opens the store of files that the settings name, and asks whether it
// is there: what is wrong with a key or a bucket is found at the start, and not
// by the first upload. Several installations may share a bucket: what lies below
// their own instance is theirs, and nothing else is looked at or collected.
func blobStore(ctx context.Context, c config.Config, instance string) (blob.Store, error) {
	store, err := openBlobs(c, instance)
	if err != nil {
		return nil, fmt.Errorf("open storage of files: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	if err := store.Ping(ctx); err != nil {
		return nil, fmt.Errorf("reach storage of files: %w", err)
	}
	return store, nil
}

func openBlobs(c config.Config, instance string) (blob.Store, error) {
	b := c.Storage.S3
	if !b.Set() {
		return disk.Open(filepath.Join(c.Data, "storage"))
	}
	return s3.Open(s3.Options{
		Endpoint: b.Endpoint, Insecure: b.Insecure, Region: b.Region, Bucket: b.Bucket,
		Key: b.Key, Secret: b.Secret, PathStyle: b.PathStyle, Prefix: path.Join(b.Prefix, instance),
	})
}
