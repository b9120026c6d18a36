package config_test

import (
	"strings"
	"testing"

	"moorfast/internal/config"
	"moorfast/internal/vault"
)

func TestWhereFilesAre(t *testing.T) {
	secret := vault.Hide("hunter2")
	s3 := "_APP_STORAGE_DEVICE=S3 _APP_STORAGE_S3_ACCESS_KEY=key _APP_STORAGE_S3_SECRET=hunter2 _APP_STORAGE_S3_BUCKET=files"
	for _, c := range []struct {
		environ string
		want    config.S3
	}{
		{"", config.S3{}},
		{"_APP_STORAGE_DEVICE=Local", config.S3{}},
		{"_APP_STORAGE_DEVICE=local _APP_STORAGE_S3_BUCKET=files", config.S3{}},
		{"_APP_CONNECTIONS_STORAGE=local://localhost", config.S3{}},
		{s3, config.S3{Endpoint: "s3.us-east-1.amazonaws.com", Region: "us-east-1", Bucket: "files", Key: "key"}},
		{s3 + " _APP_STORAGE_S3_REGION=eu-central-1 MOORFAST_STORAGE_PREFIX=a/b", config.S3{Endpoint: "s3.eu-central-1.amazonaws.com", Region: "eu-central-1", Bucket: "files", Key: "key", Prefix: "a/b"}},
		{s3 + " _APP_STORAGE_S3_ENDPOINT=http://127.0.0.1:9000", config.S3{Endpoint: "127.0.0.1:9000", Insecure: true, Region: "us-east-1", Bucket: "files", Key: "key", PathStyle: true}},
		{s3 + " _APP_STORAGE_S3_ENDPOINT=minio.example.com", config.S3{Endpoint: "minio.example.com", Region: "us-east-1", Bucket: "files", Key: "key", PathStyle: true}},
		{strings.ReplaceAll(s3, "=files", "=files.example.com"), config.S3{Endpoint: "s3.us-east-1.amazonaws.com", Region: "us-east-1", Bucket: "files.example.com", Key: "key", PathStyle: true}},
		{strings.ReplaceAll(strings.ReplaceAll(s3, "_S3_", "_DO_SPACES_"), "=S3", "=DOSpaces"), config.S3{Endpoint: "us-east-1.digitaloceanspaces.com", Region: "us-east-1", Bucket: "files", Key: "key"}},
		{strings.ReplaceAll(strings.ReplaceAll(s3, "_S3_", "_BACKBLAZE_"), "=S3", "=backblaze"), config.S3{Endpoint: "s3.us-west-004.backblazeb2.com", Region: "us-west-004", Bucket: "files", Key: "key"}},
		{strings.ReplaceAll(strings.ReplaceAll(s3, "_S3_", "_LINODE_"), "=S3", "=Linode"), config.S3{Endpoint: "eu-central-1.linodeobjects.com", Region: "eu-central-1", Bucket: "files", Key: "key"}},
		{strings.ReplaceAll(strings.ReplaceAll(s3, "_S3_", "_WASABI_"), "=S3", "=wasabi"), config.S3{Endpoint: "s3.eu-central-1.wasabisys.com", Region: "eu-central-1", Bucket: "files", Key: "key"}},
		{"_APP_CONNECTIONS_STORAGE=s3://key:hunter2@localhost/files?region=eu-1", config.S3{Endpoint: "s3.eu-1.amazonaws.com", Region: "eu-1", Bucket: "files", Key: "key"}},
		{"_APP_CONNECTIONS_STORAGE=s3://key:hunter2@localhost/files _APP_STORAGE_S3_ENDPOINT=https://minio:9000", config.S3{Endpoint: "minio:9000", Region: "us-east-1", Bucket: "files", Key: "key", PathStyle: true}},
		{"_APP_CONNECTIONS_STORAGE=wasabi://key:hunter2@localhost/files _APP_STORAGE_DEVICE=local", config.S3{Endpoint: "s3.eu-central-1.wasabisys.com", Region: "eu-central-1", Bucket: "files", Key: "key"}},
	} {
		t.Run(c.environ, func(t *testing.T) {
			loaded := load(t, strings.Fields(c.environ)...)
			got := loaded.Storage.S3
			if got.Set() != (c.want.Bucket != "") || got.Set() && got.Secret.Reveal() != secret.Reveal() {
				t.Errorf("set %v, with secret %q", got.Set(), got.Secret.Reveal())
			}
			if got.Secret = (vault.Secret{}); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
			for _, v := range loaded.Describe() {
				if strings.Contains(v.Text, "hunter2") {
					t.Errorf("%s shows %s", v.Key, v.Text)
				}
			}
			if len(loaded.Notices) > 0 {
				t.Errorf("notices %q", loaded.Notices)
			}
		})
	}
}

func TestStorageMistakes(t *testing.T) {
	for _, c := range []struct {
		environ string
		want    []string
	}{
		{"_APP_STORAGE_DEVICE=gcs", []string{`_APP_STORAGE_DEVICE: "gcs" is not one of local, s3, dospaces, backblaze, linode, wasabi`}},
		{"_APP_STORAGE_DEVICE=s3", []string{
			"storage.s3.access_key is not set; set _APP_STORAGE_S3_ACCESS_KEY", "storage.s3.secret is not set", "storage.s3.bucket is not set",
		}},
		{"_APP_STORAGE_DEVICE=dospaces _APP_STORAGE_DO_SPACES_ACCESS_KEY=a _APP_STORAGE_DO_SPACES_SECRET=b", []string{
			"files are to be at dospaces, and storage.dospaces.bucket is not set; set _APP_STORAGE_DO_SPACES_BUCKET",
		}},
		{"_APP_STORAGE_S3_REGION=evil.example.com/", []string{"_APP_STORAGE_S3_REGION: \"evil.example.com/\" is not a region"}},
		{"_APP_STORAGE_S3_BUCKET=a/b", []string{"is not the name of a bucket"}},
		{"_APP_STORAGE_S3_ENDPOINT=ftp://example.com", []string{"_APP_STORAGE_S3_ENDPOINT: it is not a URL"}},
		{"_APP_STORAGE_S3_ENDPOINT=https://example.com/bucket", []string{"more than a host and a port"}},
		{"_APP_STORAGE_S3_ENDPOINT=https://key:hunter2@example.com", []string{"it has a user or a password in it"}},
		{"MOORFAST_STORAGE_PREFIX=../x", []string{"is not a path"}},
		{"_APP_CONNECTIONS_STORAGE=gcs://key:hunter2@localhost/b", []string{"_APP_CONNECTIONS_STORAGE: it does not begin with local or one of"}},
		{"_APP_CONNECTIONS_STORAGE=s3://key:hunter2%@localhost/b", []string{"_APP_CONNECTIONS_STORAGE: it is not a URL"}},
		{"_APP_CONNECTIONS_STORAGE=s3://localhost", []string{"it has no access key, no secret, no bucket"}},
		{"_APP_CONNECTIONS_STORAGE=s3://key:hunter2@localhost/b?region=x&acl=public", []string{`it has a parameter "acl", and only region is one`}},
		{"_APP_CONNECTIONS_STORAGE=s3://key:hunter2@localhost/bbb?region=x/y", []string{"is not a region"}},
		{"_APP_CONNECTIONS_STORAGE=s3://key:hunter2@localhost/bbb _APP_STORAGE_DEVICE=wasabi", []string{"_APP_STORAGE_DEVICE and _APP_CONNECTIONS_STORAGE: both say where files are"}},
		{"_APP_STORAGE_PREVIEW_LIMIT=all", []string{"_APP_STORAGE_PREVIEW_LIMIT: \"all\" is not a number"}},
		{"_APP_STORAGE_ANTIVIRUS=yes", []string{"neither enabled nor disabled"}},
		{"_APP_STORAGE_ANTIVIRUS_HOST=http://clamav", []string{"not a host name"}},
		{"_APP_STORAGE_ANTIVIRUS_PORT=70000", []string{"not a number from 1 to 65535"}},
	} {
		t.Run(c.environ, func(t *testing.T) {
			got := mistakes(t, config.Sources{Environ: strings.Fields(c.environ)})
			if len(got) != len(c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			for i := range got {
				if !strings.Contains(got[i], c.want[i]) || strings.Contains(got[i], "hunter2") {
					t.Errorf("got %q, want %q", got[i], c.want[i])
				}
			}
		})
	}
}

func TestPlainHTTPToAStoreElsewhereIsSaid(t *testing.T) {
	c := load(t, "_APP_STORAGE_DEVICE=s3", "_APP_STORAGE_S3_ACCESS_KEY=key", "_APP_STORAGE_S3_SECRET=hunter2", "_APP_STORAGE_S3_BUCKET=files",
		"_APP_STORAGE_S3_ENDPOINT=http://minio:9000")
	if len(c.Notices) != 1 || !strings.Contains(c.Notices[0], "_APP_STORAGE_S3_ENDPOINT: files go there over plain HTTP") {
		t.Errorf("notices %q", c.Notices)
	}
}

func FuzzStorageConnection(f *testing.F) {
	for _, s := range []string{"s3://key:secret@host/bucket?region=us-east-1", "local://localhost", "wasabi://a:b@c/d", "s3://%zz@/", "://", "s3:x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c, err := config.Load(config.Sources{Environ: []string{"_APP_CONNECTIONS_STORAGE=" + s}})
		if err == nil && c.Storage.S3.Set() && (c.Storage.S3.Key == "" || !c.Storage.S3.Secret.Set() || c.Storage.S3.Endpoint == "") {
			t.Errorf("%q is %+v", s, c.Storage.S3)
		}
	})
}
