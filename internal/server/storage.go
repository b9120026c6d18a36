package server

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"moorfast/internal/blob"
	"moorfast/internal/blob/disk"
	"moorfast/internal/blob/s3"
	"moorfast/internal/config"
)

// storeTimeout is how long a start waits for a store to answer.
const storeTimeout = 30 * time.Second

// blobStore opens the store of files that the settings name, and asks whether it
// is there: what is wrong with a key or a bucket is found at the start, and not
// by the first upload.
func blobStore(ctx context.Context, c config.Config) (blob.Store, error) {
	store, err := openBlobs(c)
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

func openBlobs(c config.Config) (blob.Store, error) {
	b := c.Storage.S3
	if !b.Set() {
		return disk.Open(filepath.Join(c.Data, "storage"))
	}
	return s3.Open(s3.Options{
		Endpoint: b.Endpoint, Insecure: b.Insecure, Region: b.Region, Bucket: b.Bucket,
		Key: b.Key, Secret: b.Secret, PathStyle: b.PathStyle, Prefix: b.Prefix,
	})
}
