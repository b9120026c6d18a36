package apierr

// Errors of buckets, files, and the tokens that open files.
var (
	BucketNotFound                = row("storage_bucket_not_found", 404, "Storage bucket with the requested ID '%s' could not be found.")
	BucketAlreadyExists           = row("storage_bucket_already_exists", 409, "A storage bucket with the requested ID '%s' already exists. Try again with a different ID or use ID.unique() to generate a unique ID.")
	BucketTransformationsDisabled = row("storage_bucket_transformations_disabled", 403, "Image transformations are switched off for this bucket.")
	FileNotFound                  = row("storage_file_not_found", 404, "The requested file '%s' could not be found.")
	FileAlreadyExists             = row("storage_file_already_exists", 409, "A storage file with the requested ID '%s' already exists.")
	FileEmpty                     = row("storage_file_empty", 400, "No file was sent, or an empty one in parts. Send it in the parameter \"file\".")
	FileTypeUnsupported           = row("storage_file_type_unsupported", 400, "The type of the file is not supported.")
	FileResolutionExceeded        = row("storage_image_resolution_exceeded", 400, "The image has more pixels than may be transformed.")
	FileSizeInvalid               = row("storage_invalid_file_size", 400, "File size not allowed")
	FileInvalid                   = row("storage_invalid_file", 403, "The file was refused by the virus scanner.")
	ContentRangeInvalid           = row("storage_invalid_content_range", 400, "The Content-Range header is not that of a part of the file: parts are 5 MiB long, but for the last.")
	RangeInvalid                  = row("storage_invalid_range", 416, "The Range header cannot be served for this file.")
	UploadIDInvalid               = row("storage_invalid_appwrite_id", 400, "The X-Appwrite-ID header is not the ID of a file.")
	TokenNotFound                 = row("token_not_found", 404, "The requested file token '%s' could not be found.")
)
