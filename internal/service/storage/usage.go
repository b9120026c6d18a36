package storage

import (
	"context"
	"time"

	"moorfast/internal/api"
	"moorfast/internal/core/files"
	"moorfast/internal/datetime"
	"moorfast/internal/store"
)

// metric is how much there was at a moment.
type metric struct {
	Value int64  `json:"value"`
	Date  string `json:"date"`
}

type storageUsage struct {
	Range             string   `json:"range"`
	BucketsTotal      int64    `json:"bucketsTotal"`
	FilesTotal        int64    `json:"filesTotal"`
	FilesStorageTotal int64    `json:"filesStorageTotal"`
	Buckets           []metric `json:"buckets"`
	Files             []metric `json:"files"`
	Storage           []metric `json:"storage"`
}

type bucketUsage struct {
	Range                     string   `json:"range"`
	FilesTotal                int64    `json:"filesTotal"`
	FilesStorageTotal         int64    `json:"filesStorageTotal"`
	Files                     []metric `json:"files"`
	Storage                   []metric `json:"storage"`
	ImageTransformations      []metric `json:"imageTransformations"`
	ImageTransformationsTotal int64    `json:"imageTransformationsTotal"`
}

// step is the step of a range, and how many there are.
type step struct {
	every time.Duration
	n     int
}

var ranges = map[string]step{"24h": {time.Hour, 24}, "7d": {24 * time.Hour, 7}, "30d": {24 * time.Hour, 30}, "90d": {24 * time.Hour, 90}}

// moments are the ends of the steps of a range, the last of which is now.
func (s step) moments(now time.Time) []time.Time {
	at := make([]time.Time, s.n)
	for i := range at {
		at[i] = now.Add(-time.Duration(s.n-1-i) * s.every)
	}
	return at
}

func metrics(at []time.Time, u files.Usage) []metric {
	list := make([]metric, len(at))
	for i, t := range at {
		list[i] = metric{Value: u.Points[i], Date: datetime.Format(t)}
	}
	return list
}

type usageParams struct {
	Range string `param:"range" oneof:"24h,7d,30d,90d" default:"\"30d\"" doc:"How far the numbers go back."`
}

func (s *Service) usage(ctx context.Context, call *api.Call, in usageParams) (storageUsage, error) {
	at := ranges[in.Range].moments(call.Now())
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
			Buckets: metrics(at, buckets), Files: metrics(at, count), Storage: metrics(at, bytes),
		}, nil
	})
}

type bucketUsageParams struct {
	BucketID api.ID `param:"bucketId"`
	Range    string `param:"range" oneof:"24h,7d,30d,90d" default:"\"30d\"" doc:"How far the numbers go back."`
}

func (s *Service) bucketUsage(ctx context.Context, call *api.Call, in bucketUsageParams) (bucketUsage, error) {
	r := ranges[in.Range]
	at := r.moments(call.Now())
	return api.Read(ctx, call, func(tx store.Tx) (bucketUsage, error) {
		b, err := files.GetBucket(ctx, tx, &call.Actor, string(in.BucketID))
		if err != nil {
			return bucketUsage{}, err
		}
		count, bytes, err := files.ContentUsage(ctx, tx, b, at)
		if err != nil {
			return bucketUsage{}, err
		}
		previews, err := files.PreviewsUsage(ctx, tx, b, at, r.every)
		return bucketUsage{
			Range: in.Range, FilesTotal: count.Total, FilesStorageTotal: bytes.Total,
			Files: metrics(at, count), Storage: metrics(at, bytes),
			ImageTransformations: metrics(at, previews), ImageTransformationsTotal: previews.Total,
		}, err
	})
}
