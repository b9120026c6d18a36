// Package image decodes, edits and encodes pictures, under limits.
//
// What it is given comes from strangers: a file of some bytes may claim to be a
// picture of a million pixels a side. So limits come before work: the size that
// a file claims is read first, and compared with what is allowed and with what
// its length can hold at all. Then a bounded number of pictures is worked on at
// a time, each until its time is over. Nothing of a file but its pixels comes
// out again: places, names of cameras and thumbnails are left behind.
package image

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Format is a format of picture files, by its usual extension.
type Format string

// The formats. HEIC is read and not written.
const (
	JPEG Format = "jpg"
	PNG  Format = "png"
	GIF  Format = "gif"
	WebP Format = "webp"
	AVIF Format = "avif"
	HEIC Format = "heic"
)

// ParseFormat finds a format by its name or one of its extensions, in any case.
func ParseFormat(name string) (Format, bool) {
	switch f := Format(strings.ToLower(name)); f {
	case JPEG, PNG, GIF, WebP, AVIF, HEIC:
		return f, true
	case "jpeg":
		return JPEG, true
	}
	return "", false
}

// MIME returns the media type, and "" for what is no format.
func (f Format) MIME() string {
	switch f {
	case JPEG:
		return "image/jpeg"
	case PNG, GIF, WebP, AVIF, HEIC:
		return "image/" + string(f)
	}
	return ""
}

// CanEncode reports whether pictures can be written in the format.
func (f Format) CanEncode() bool { return f.MIME() != "" && f != HEIC }

// Sniff tells the format of a file by how it begins. 64 bytes are enough for
// most, and 12 the least.
func Sniff(head []byte) (Format, bool) {
	at := func(i int, text string) bool { return len(head) >= i+len(text) && string(head[i:i+len(text)]) == text }
	switch {
	case at(0, "\xff\xd8\xff"):
		return JPEG, true
	case at(0, "\x89PNG\r\n\x1a\n"):
		return PNG, true
	case at(0, "GIF87a"), at(0, "GIF89a"):
		return GIF, true
	case at(0, "RIFF") && at(8, "WEBP"):
		return WebP, true
	case at(4, "ftyp"):
		return sniffBrands(head)
	}
	return "", false
}

// sniffBrands reads the brands of an ISO base media file (ISO/IEC 14496-12
// §4.3): the major one, and if that is of any codec, those it goes along with.
func sniffBrands(head []byte) (Format, bool) {
	size := int(head[0])<<24 | int(head[1])<<16 | int(head[2])<<8 | int(head[3])
	box := head[:min(len(head), size)]
	for i := 8; i+4 <= len(box); i += 4 {
		switch string(box[i : i+4]) {
		case "avif", "avis":
			return AVIF, true
		case "heic", "heix", "hevc", "hevx", "heim", "heis", "hevm", "hevs":
			return HEIC, true
		}
		if i == 8 {
			i += 4 // the version of the major brand
		}
	}
	return "", false
}

// Limits bound the work for one picture. Zero is the default of each.
type Limits struct {
	// MaxPixels bounds width times height, of what is read and of what is made.
	// Each takes up to 12 bytes of memory, and up to 72 while AVIF, HEIC or WebP
	// is coded. Frames of an animation may have four times as many together. The
	// default is 40 million.
	MaxPixels int64
	MaxFrames int           // of an animation that stays one; 500
	MaxBytes  int64         // of a file that is read; 20 MB
	Time      time.Duration // from when work begins; 30 s
}

const (
	defaultMaxPixels = 40_000_000
	defaultMaxFrames = 500
	defaultMaxBytes  = 20_000_000
	defaultTime      = 30 * time.Second

	// animated is how many times MaxPixels the frames of an animation have
	// together at most. They are held as one byte a pixel.
	animated = 4
	// maxSide is of pictures that are made: formats hold no more.
	maxSide = 1<<16 - 1
)

func (l Limits) withDefaults() Limits {
	if l.MaxPixels <= 0 {
		l.MaxPixels = defaultMaxPixels
	}
	if l.MaxFrames <= 0 {
		l.MaxFrames = defaultMaxFrames
	}
	if l.MaxBytes <= 0 {
		l.MaxBytes = defaultMaxBytes
	}
	if l.Time <= 0 {
		l.Time = defaultTime
	}
	return l
}

var (
	// ErrUnsupported is for what is no picture, or a broken one, or one of a kind
	// that is not read.
	ErrUnsupported = errors.New("image: not a picture that can be read")
	// ErrBusy says that as many wait as may.
	ErrBusy = errors.New("image: too many pictures wait")
	// ErrNoEncoder is for a format that is read and not written.
	ErrNoEncoder = errors.New("image: the format is not written")
	// ErrTime says that the picture takes longer than pictures may.
	ErrTime = errors.New("image: the picture takes too long")
	// ErrTooManyBytes is for a file of more than [Limits.MaxBytes].
	ErrTooManyBytes = errors.New("image: the file is too large")
)

// ResolutionError is for a picture of more pixels than are allowed, be it the
// one that was given or the one that was asked for.
type ResolutionError struct {
	Width, Height int
	Max           int64 // pixels
}

func (e *ResolutionError) Error() string {
	return fmt.Sprintf("image: %d by %d pixels are more than %d", e.Width, e.Height, e.Max)
}

// EditError names a field of an [Edit] that has no sense.
type EditError struct{ Field string }

func (e *EditError) Error() string { return "image: the edit has a wrong " + e.Field }

// check says whether a picture may have that size.
func (l Limits) check(width, height int) error {
	if width <= 0 || height <= 0 {
		return fmt.Errorf("%w: it has no size", ErrUnsupported)
	}
	if width > maxSide || height > maxSide || int64(width)*int64(height) > l.MaxPixels {
		return &ResolutionError{Width: width, Height: height, Max: l.MaxPixels}
	}
	return nil
}
