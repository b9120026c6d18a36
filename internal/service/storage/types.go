package storage

// inline are the types of files that browsers show as what they are; the
// contract's. All others are text to them.
var inline = func() map[string]bool {
	set := map[string]bool{}
	for _, t := range []string{
		"image/jpeg", "image/gif", "image/png", "image/webp", "image/heic", "image/heic-sequence", "image/avif",
		"video/mp4", "video/x-flv", "video/webm", "application/x-mpegURL", "video/MP2T", "video/3gpp", "video/quicktime", "video/x-msvideo", "video/x-ms-wmv",
		"audio/basic", "audio/L24", "audio/mid", "audio/mpeg", "audio/mp4", "audio/x-aiff", "audio/x-mpegurl", "audio/vnd.rn-realaudio",
		"audio/ogg", "audio/vorbis", "audio/vnd.wav", "audio/x-wav", "audio/aac", "audio/x-hx-aac-adts",
		"application/msword", "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
		"application/vnd.openxmlformats-officedocument.wordprocessingml.template", "application/vnd.ms-word.document.macroEnabled.12",
		"application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.template", "application/vnd.ms-excel.sheet.macroEnabled.12",
		"application/vnd.ms-excel.template.macroEnabled.12", "application/vnd.ms-excel.addin.macroEnabled.12", "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
		"application/vnd.ms-powerpoint", "application/vnd.openxmlformats-officedocument.presentationml.presentation",
		"application/vnd.openxmlformats-officedocument.presentationml.template", "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
		"application/vnd.ms-powerpoint.addin.macroEnabled.12", "application/vnd.ms-powerpoint.presentation.macroEnabled.12",
		"application/vnd.ms-powerpoint.template.macroEnabled.12", "application/vnd.ms-powerpoint.slideshow.macroEnabled.12",
		"application/vnd.ms-access", pdf,
	} {
		set[t] = true
	}
	return set
}()

const pdf = "application/pdf"

// shown is the type by which a file is shown.
func shown(mime string) string {
	if inline[mime] {
		return mime
	}
	return "text/plain"
}

// policy keeps whatever is in a file from running. The viewers of PDFs that are
// part of browsers do not open in a sandbox.
func policy(mime string) string {
	const nothing = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; script-src 'none'; form-action 'none'; base-uri 'none'"
	if mime == pdf {
		return nothing
	}
	return nothing + "; sandbox"
}
