package server

import (
	"context"
	"errors"
	stdimage "image"

	"moorfast/internal/apierr"
	"moorfast/internal/image"
)

const (
	picturesAtOnce = 2
	picturesQueue  = 256      // that wait for their turn: a page may show every flag there is
	maxPixels      = 48 << 20 // of an image from elsewhere
)

// newImages returns the pool that all pictures are made in. It reads files up to
// the size that previews are made of.
func newImages(previewLimit int64) *image.Pool {
	return image.NewPool(picturesAtOnce, picturesQueue, image.Limits{MaxPixels: maxPixels, MaxBytes: previewLimit})
}

// pictures is the pool for the pictures of avatars, with the errors that clients
// see.
type pictures struct{ pool *image.Pool }

// Fit cuts an image to the shape of a size, and scales it. A side of 0 follows
// from the other.
func (p pictures) Fit(ctx context.Context, src []byte, width, height, quality int, format string) ([]byte, error) {
	b, err := p.pool.Fit(ctx, src, width, height, quality, formatOf(format))
	return b, pictureError(err)
}

// Encode writes an image.
func (p pictures) Encode(ctx context.Context, img stdimage.Image, format string, quality int) ([]byte, error) {
	b, err := p.pool.Encode(ctx, img, formatOf(format), quality)
	return b, pictureError(err)
}

func formatOf(name string) image.Format {
	f, _ := image.ParseFormat(name)
	return f
}

// pictureError turns what is not the fault of the image into rows.
func pictureError(err error) error {
	switch {
	case errors.Is(err, image.ErrBusy):
		return apierr.Busy.Because(err)
	case errors.Is(err, image.ErrNoEncoder):
		return apierr.FeatureUnsupported.Detail("Images of this format are read, and not written.").Because(err)
	}
	return err
}
