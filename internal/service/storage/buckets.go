package storage

import (
	"context"
	"strconv"

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
	Search  string      `param:"search" max:"256" default:"\"\""`
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
	MaximumFileSize   opt.Value[fileSize]        `param:"maximumFileSize" null:"false" doc:"Bytes of the largest file."`
	AllowedExtensions []string                   `param:"allowedFileExtensions" max:"100" each:"64" default:"[]" doc:"Extensions that files may have; none allows all."`
	Compression       string                     `param:"compression" oneof:"none,gzip,zstd" default:"\"none\"" doc:"How files up to 20 MB are made smaller."`
	Encryption        bool                       `param:"encryption" default:"true" loose:"true" doc:"Whether files are sealed, whatever their size."`
	Antivirus         bool                       `param:"antivirus" default:"true" loose:"true" doc:"Whether files are looked at for viruses, where a scanner is set up."`
	Transformations   bool                       `param:"transformations" default:"true" loose:"true" doc:"Whether clients may have previews."`
}

// fileSize is a number of bytes. What is none becomes 0, which no bucket may
// have: what it may have is a setting, so that the message is made where that is
// known.
type fileSize int64

// UnmarshalJSON reads integers, which may be sent as texts.
func (n *fileSize) UnmarshalJSON(raw []byte) error {
	text, ok := api.Unquote(raw)
	if !ok {
		text = string(raw)
	}
	size, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		size = 0
	}
	*n = fileSize(size)
	return nil
}

// size returns how large files may be, where the server takes limit bytes.
func (in *bucketParams[ID]) size(limit int64) (int64, error) {
	size := in.MaximumFileSize.Or(fileSize(limit))
	if size < 1 || int64(size) > limit {
		return 0, api.Invalid("maximumFileSize", api.Reject("Value must be a valid range between 1 and %s", api.Thousands(limit)))
	}
	return int64(size), nil
}

// apply makes the parameters the settings of a bucket, whose files may have up to
// size bytes.
func (in *bucketParams[ID]) apply(b *files.Bucket, size, now int64) {
	if in.Permissions.Set() {
		b.Permissions = perm.New(in.Permissions.V, perm.Resource).JSON()
	}
	b.UpdatedAt, b.Name, b.Enabled, b.FileSecurity, b.MaximumFileSize = now, in.Name, in.Enabled, in.FileSecurity, size
	b.Compression, b.Encryption, b.Antivirus, b.Transformations = in.Compression, in.Encryption, in.Antivirus, in.Transformations
	b.Extensions = in.AllowedExtensions
}

func (s *Service) createBucket(ctx context.Context, call *api.Call, in bucketParams[api.NewID]) (model.Bucket, error) {
	size, err := in.size(s.Limits.File)
	if err != nil {
		return model.Bucket{}, err
	}
	b := &files.Bucket{ID: string(in.BucketID), CreatedAt: call.Micros(), Permissions: perm.Set{}.JSON()}
	in.apply(b, size, b.CreatedAt)
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
	size, err := in.size(s.Limits.File)
	if err != nil {
		return model.Bucket{}, err
	}
	return api.Write(ctx, call, func(tx store.Tx) (model.Bucket, error) {
		b, err := files.GetBucket(ctx, tx, &call.Actor, string(in.BucketID))
		if err != nil {
			return model.Bucket{}, err
		}
		in.apply(b, size, call.Micros())
		if err := files.UpdateBucket(ctx, tx, b); err != nil {
			return model.Bucket{}, err
		}
		return show(ctx, tx, b)
	})
}

func (s *Service) deleteBucket(ctx context.Context, call *api.Call, in bucketParam) (api.None, error) {
	return api.None{}, s.Files.DeleteBucket(ctx, call, string(in.BucketID))
}
