package storage

import (
	"time"

	"moorfast/internal/api"
	"moorfast/internal/identity"
)

const (
	servers = identity.Key | identity.Admin
	anyone  = servers | identity.Session | identity.JWT | identity.Guest
)

var (
	readBuckets  = []string{"buckets.read"}
	writeBuckets = []string{"buckets.write"}
	readFiles    = []string{"files.read"}
	writeFiles   = []string{"files.write"}
)

// Endpoints is the table of this service.
func (s *Service) Endpoints() []api.Endpoint {
	all := append(s.buckets(), s.files()...)
	for i := range all {
		all[i].Rules.Where = api.ProjectOnly
	}
	return all
}

func (s *Service) buckets() []api.Endpoint {
	const bucket = "/v1/storage/buckets/{bucketId}"
	audit := func(event string) api.Audit { return api.Audit{Event: event, Resource: "bucket/{bucketId}"} }
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "storage.listBuckets", Method: "GET", Path: "/v1/storage/buckets", Model: "bucketList",
			Summary: "List the buckets of the project.",
			Auth:    servers, Scopes: readBuckets,
		}, s.listBuckets),
		api.New(api.Spec{
			Name: "storage.createBucket", Method: "POST", Path: "/v1/storage/buckets", Status: 201, Model: "bucket",
			Summary: "Create a bucket.",
			Auth:    servers, Scopes: writeBuckets,
			Event: "buckets.[bucketId].create", Audit: audit("bucket.create"),
		}, s.createBucket),
		api.New(api.Spec{
			Name: "storage.getBucket", Method: "GET", Path: bucket, Model: "bucket",
			Summary: "Get a bucket.",
			Auth:    servers, Scopes: readBuckets,
		}, s.getBucket),
		api.New(api.Spec{
			Name: "storage.updateBucket", Method: "PUT", Path: bucket, Model: "bucket",
			Summary: "Change a bucket. What is there already stays as it is stored.",
			Auth:    servers, Scopes: writeBuckets,
			Event: "buckets.[bucketId].update", Audit: audit("bucket.update"),
		}, s.updateBucket),
		api.New(api.Spec{
			Name: "storage.getUsage", Method: "GET", Path: "/v1/storage/usage", Model: "usageStorage",
			Summary: "Count the buckets, the files and their bytes, over time: of what is there still.",
			Auth:    servers, Scopes: readBuckets,
		}, s.usage),
		api.New(api.Spec{
			Name: "storage.getBucketUsage", Method: "GET", Path: "/v1/storage/{bucketId}/usage", Model: "usageBuckets",
			Summary: "Count the files of a bucket, their bytes, and the previews that were made, over time.",
			Auth:    servers, Scopes: readBuckets,
		}, s.bucketUsage),
		api.New(api.Spec{
			Name: "storage.deleteBucket", Method: "DELETE", Path: bucket,
			Summary: "Delete a bucket with all its files.",
			Auth:    servers, Scopes: writeBuckets,
			Event: "buckets.[bucketId].delete", Audit: audit("bucket.delete"),
		}, s.deleteBucket),
	}
}

func (s *Service) files() []api.Endpoint {
	const list = "/v1/storage/buckets/{bucketId}/files"
	const file = list + "/{fileId}"
	audit := func(event string) api.Audit { return api.Audit{Event: event, Resource: "file/{fileId}"} }
	perMinute := func(keys string) api.Limit { return api.Limit{N: 60, Per: time.Minute, Keys: []string{keys}} }
	const perUser = "ip:{ip},method:{method},url:{url},userId:{userId}"
	return []api.Endpoint{
		api.New(api.Spec{
			Name: "storage.listFiles", Method: "GET", Path: list, Model: "fileList",
			Summary: "List the files of a bucket that the caller may read.",
			Auth:    anyone, Scopes: readFiles,
		}, s.listFiles),
		api.NewUpload(api.Spec{
			Name: "storage.createFile", Method: "POST", Path: list, Status: 201, Model: "file",
			Summary: "Upload a file, or a part of 5 MiB of a larger one.",
			Auth:    anyone, Scopes: writeFiles,
			Event: "buckets.[bucketId].files.[fileId].create", Audit: audit("file.create"),
			Limit: perMinute(perUser + ",chunkId:{chunkId}"),
		}, s.receive, s.createFile),
		api.New(api.Spec{
			Name: "storage.getFile", Method: "GET", Path: file, Model: "file",
			Summary: "Get what is known of a file.",
			Auth:    anyone, Scopes: readFiles,
		}, s.getFile),
		api.New(api.Spec{
			Name: "storage.updateFile", Method: "PUT", Path: file, Model: "file",
			Summary: "Change the name and the permissions of a file.",
			Auth:    anyone, Scopes: writeFiles,
			Event: "buckets.[bucketId].files.[fileId].update", Audit: audit("file.update"),
		}, s.updateFile),
		api.New(api.Spec{
			Name: "storage.deleteFile", Method: "DELETE", Path: file,
			Summary: "Delete a file, or what was uploaded of one.",
			Auth:    anyone, Scopes: writeFiles,
			Event: "buckets.[bucketId].files.[fileId].delete", Audit: audit("file.delete"),
			Limit: perMinute(perUser),
		}, s.deleteFile),
		api.New(api.Spec{
			Name: "storage.getFileDownload", Method: "GET", Path: file + "/download",
			Summary: "Get the content of a file, to be saved.",
			Auth:    anyone, Scopes: readFiles,
		}, s.download),
		api.New(api.Spec{
			Name: "storage.getFileView", Method: "GET", Path: file + "/view",
			Summary: "Get the content of a file, to be shown.",
			Auth:    anyone, Scopes: readFiles,
		}, s.view),
		api.New(api.Spec{
			Name: "storage.getFilePreview", Method: "GET", Path: file + "/preview",
			Summary: "Get a picture of a file: smaller, cut, turned, in another format.",
			Auth:    anyone, Scopes: readFiles,
		}, s.preview),
		api.New(api.Spec{
			Name: "storage.getFileForPush", Method: "GET", Path: file + "/push",
			Summary: "Get the content of a file for whoever has a link to it that the server has made.",
			Auth:    anyone, Scopes: []string{"public"},
		}, s.push),
	}
}
