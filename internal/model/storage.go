package model

// Bucket is a set of files, and what holds for them.
type Bucket struct {
	ID                    string   `json:"$id"`
	CreatedAt             string   `json:"$createdAt"`
	UpdatedAt             string   `json:"$updatedAt"`
	Permissions           []string `json:"$permissions"`
	FileSecurity          bool     `json:"fileSecurity"`
	Name                  string   `json:"name"`
	Enabled               bool     `json:"enabled"`
	MaximumFileSize       int64    `json:"maximumFileSize"`
	AllowedFileExtensions []string `json:"allowedFileExtensions"`
	Compression           string   `json:"compression"`
	Encryption            bool     `json:"encryption"`
	Antivirus             bool     `json:"antivirus"`
	Transformations       bool     `json:"transformations"`
	TotalSize             int64    `json:"totalSize"`
}

// BucketList is a page of buckets.
type BucketList struct {
	Total   int      `json:"total"`
	Buckets []Bucket `json:"buckets"`
}

// File is a file, or as much of one as was uploaded.
type File struct {
	ID             string   `json:"$id"`
	BucketID       string   `json:"bucketId"`
	CreatedAt      string   `json:"$createdAt"`
	UpdatedAt      string   `json:"$updatedAt"`
	Permissions    []string `json:"$permissions"`
	Name           string   `json:"name"`
	Folder         string   `json:"folder"`
	Key            string   `json:"key"`
	Signature      string   `json:"signature"`
	MimeType       string   `json:"mimeType"`
	SizeOriginal   int64    `json:"sizeOriginal"`
	SizeActual     int64    `json:"sizeActual"`
	ChunksTotal    int64    `json:"chunksTotal"`
	ChunksUploaded int64    `json:"chunksUploaded"`
	Encryption     bool     `json:"encryption"`
	Compression    string   `json:"compression"`
}

// FileList is a page of files.
type FileList struct {
	Total int    `json:"total"`
	Files []File `json:"files"`
}

// ResourceToken opens one file for whoever has its secret.
type ResourceToken struct {
	ID           string `json:"$id"`
	CreatedAt    string `json:"$createdAt"`
	ResourceID   string `json:"resourceId"`
	ResourceType string `json:"resourceType"`
	Expire       string `json:"expire"`
	Secret       string `json:"secret"`
	AccessedAt   string `json:"accessedAt"`
}

// ResourceTokenList is a page of file tokens.
type ResourceTokenList struct {
	Total  int             `json:"total"`
	Tokens []ResourceToken `json:"tokens"`
}
