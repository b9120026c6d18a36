package storage

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/core/files"
	"moorfast/internal/core/listing"
	"moorfast/internal/model"
	"moorfast/internal/opt"
	"moorfast/internal/perm"
	"moorfast/internal/store"
)

type listParams struct {
	Queries api.Queries `param:"queries" default:"[]"`
	Search  string      `param:"search" min:"0" max:"256" default:"\"\""`
	Total   bool        `param:"total" default:"true"`
}

func (s *Service) listBuckets(ctx context.Context, call *api.Call, in listParams) (model.BucketList, error) {
	page := listing.Page{Queries: in.Queries, Search: in.Search, NoTotal: !in.Total}
	return api.Read(ctx, call, func(tx store.Tx) (model.BucketList, error) {
		rows, total, err := files.ListBuckets(ctx, tx, page)
		list := model.BucketList{Total: total, Buckets: make([]model.Bucket, len(rows))}
		for i := range rows {
			if err == nil {
				list.Buckets[i], err = show(ctx, tx, &rows[i])
			}
		}
		return list, err
	})
}

func show(ctx context.Context, tx store.Tx, b *files.Bucket) (model.Bucket, error) {
	size, err := b.Size(ctx, tx)
	if err != nil {
		return model.Bucket{}, err
	}
	return b.Model(size)
}

// bucketParams are what a bucket is made with, and changed to.
type bucketParams[ID ~string] struct {
	BucketID          ID                         `param:"bucketId"`
	Name              string                     `param:"name" max:"128" doc:"Name of the bucket."`
	Permissions       opt.Value[api.Permissions] `param:"permissions"`
	FileSecurity      bool                       `param:"fileSecurity" default:"false" loose:"true" doc:"Whether files have permissions of their own, beside those of the bucket."`
	Enabled           bool                       `param:"enabled" default:"true" loose:"true" doc:"Whether the bucket is there for anybody but servers."`
	MaximumFileSize   opt.Value[int64]           `param:"maximumFileSize" null:"false" loose:"true" doc:"Bytes of the largest file."`
	AllowedExtensions []string                   `param:"allowedFileExtensions" max:"100" each:"64" default:"[]" doc:"Extensions that files may have; none allows all."`
	Compression       string                     `param:"compression" oneof:"none,gzip,zstd" default:"\"none\"" doc:"How files up to 20 MB are made smaller."`
	Encryption        bool                       `param:"encryption" default:"true" loose:"true" doc:"Whether files are sealed, whatever their size."`
	Antivirus         bool                       `param:"antivirus" default:"true" loose:"true" doc:"Whether files are looked at for viruses, where a scanner is set up."`
	Transformations   bool                       `param:"transformations" default:"true" loose:"true" doc:"Whether clients may have previews."`
}

// apply makes the parameters the settings of a bucket, whose files may have up to
// limit bytes.
func (in *bucketParams[ID]) apply(b *files.Bucket, limit, now int64) error {
	size := in.MaximumFileSize.Or(limit)
	if size < 1 || size > limit {
		return api.Invalid("maximumFileSize", api.Reject("Value must be a valid range between 1 and %s", api.Thousands(limit)))
	}
	if in.Permissions.Set() {
		b.Permissions = perm.New(in.Permissions.V, perm.Resource).JSON()
	}
	b.UpdatedAt, b.Name, b.Enabled, b.FileSecurity, b.MaximumFileSize = now, in.Name, in.Enabled, in.FileSecurity, size
	b.Compression, b.Encryption, b.Antivirus, b.Transformations = in.Compression, in.Encryption, in.Antivirus, in.Transformations
	b.Extensions = in.AllowedExtensions
	return nil
}

func (s *Service) createBucket(ctx context.Context, call *api.Call, in bucketParams[api.NewID]) (model.Bucket, error) {
	b := &files.Bucket{ID: string(in.BucketID), CreatedAt: call.Micros(), Permissions: perm.Set{}.JSON()}
	if err := in.apply(b, s.Limits.File, b.CreatedAt); err != nil {
		return model.Bucket{}, err
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.Bucket, error) {
		if err := files.InsertBucket(ctx, tx, b); err != nil {
			return model.Bucket{}, err
		}
		return b.Model(0)
	})
}

type bucketParam struct {
	BucketID api.ID `param:"bucketId"`
}

func (s *Service) getBucket(ctx context.Context, call *api.Call, in bucketParam) (model.Bucket, error) {
	return api.Read(ctx, call, func(tx store.Tx) (model.Bucket, error) {
		b, err := files.GetBucket(ctx, tx, &call.Actor, string(in.BucketID))
		if err != nil {
			return model.Bucket{}, err
		}
		return show(ctx, tx, b)
	})
}

func (s *Service) updateBucket(ctx context.Context, call *api.Call, in bucketParams[api.ID]) (model.Bucket, error) {
	return api.Write(ctx, call, func(tx store.Tx) (model.Bucket, error) {
		b, err := files.GetBucket(ctx, tx, &call.Actor, string(in.BucketID))
		if err != nil {
			return model.Bucket{}, err
		}
		if err := in.apply(b, s.Limits.File, call.Micros()); err != nil {
			return model.Bucket{}, err
		}
		if err := files.UpdateBucket(ctx, tx, b); err != nil {
			return model.Bucket{}, err
		}
		return show(ctx, tx, b)
	})
}

func (s *Service) deleteBucket(ctx context.Context, call *api.Call, in bucketParam) (api.None, error) {
	return api.None{}, s.Files.DeleteBucket(ctx, call, string(in.BucketID))
}
