package storage

import (
	"context"

	"moorfast/internal/api"
	"moorfast/internal/core/files"
	"moorfast/internal/model"
	"moorfast/internal/store"
)

type storageUsage struct {
	Range             string         `json:"range"`
	BucketsTotal      int64          `json:"bucketsTotal"`
	FilesTotal        int64          `json:"filesTotal"`
	FilesStorageTotal int64          `json:"filesStorageTotal"`
	Buckets           []model.Metric `json:"buckets"`
	Files             []model.Metric `json:"files"`
	Storage           []model.Metric `json:"storage"`
}

type bucketUsage struct {
	Range                     string         `json:"range"`
	FilesTotal                int64          `json:"filesTotal"`
	FilesStorageTotal         int64          `json:"filesStorageTotal"`
	Files                     []model.Metric `json:"files"`
	Storage                   []model.Metric `json:"storage"`
	ImageTransformations      []model.Metric `json:"imageTransformations"`
	ImageTransformationsTotal int64          `json:"imageTransformationsTotal"`
}

type usageParams struct {
	Range string `param:"range" oneof:"24h,7d,30d,90d" default:"\"30d\"" doc:"How far the numbers go back."`
}

func (s *Service) usage(ctx context.Context, call *api.Call, in usageParams) (storageUsage, error) {
	at := model.UsageRanges[in.Range].Until(call.Now())
	return api.Read(ctx, call, func(tx store.Tx) (storageUsage, error) {
		buckets, err := files.BucketsUsage(ctx, tx, at)
		if err != nil {
			return storageUsage{}, err
		}
		count, bytes, err := files.ContentUsage(ctx, tx, nil, at)
		if err != nil {
			return storageUsage{}, err
		}
		return storageUsage{
			Range: in.Range, BucketsTotal: buckets.Total, FilesTotal: count.Total, FilesStorageTotal: bytes.Total,
			Buckets: model.Metrics(at, buckets.Points), Files: model.Metrics(at, count.Points), Storage: model.Metrics(at, bytes.Points),
		}, nil
	})
}

type bucketUsageParams struct {
	BucketID api.ID `param:"bucketId"`
	Range    string `param:"range" oneof:"24h,7d,30d,90d" default:"\"30d\"" doc:"How far the numbers go back."`
}

func (s *Service) bucketUsage(ctx context.Context, call *api.Call, in bucketUsageParams) (bucketUsage, error) {
	r := model.UsageRanges[in.Range]
	at := r.Until(call.Now())
	return api.Read(ctx, call, func(tx store.Tx) (bucketUsage, error) {
		b, err := files.GetBucket(ctx, tx, &call.Actor, string(in.BucketID))
		if err != nil {
			return bucketUsage{}, err
		}
		count, bytes, err := files.ContentUsage(ctx, tx, b, at)
		if err != nil {
			return bucketUsage{}, err
		}
		previews, err := files.PreviewsUsage(ctx, tx, b, at, r.Every)
		return bucketUsage{
			Range: in.Range, FilesTotal: count.Total, FilesStorageTotal: bytes.Total,
			Files: model.Metrics(at, count.Points), Storage: model.Metrics(at, bytes.Points),
			ImageTransformations: model.Metrics(at, previews.Points), ImageTransformationsTotal: previews.Total,
		}, err
	})
}
