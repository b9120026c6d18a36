package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	stdimage "image"
	"image/gif"
	"image/jpeg"
	"image/png"

	"moorfast/internal/image/codec"
)

// picture is a decoded picture, and how it is to be turned.
type picture struct {
	img    stdimage.Image
	orient orientation
}

func (p picture) size() (width, height int) {
	b := p.img.Bounds()
	return p.orient.size(b.Dx(), b.Dy())
}

// decode reads the first frame. It hands the size that the file claims to check,
// as the picture will stand, before it decodes.
func (l Limits) decode(ctx context.Context, format Format, src []byte, check func(width, height int) error) (p picture, err error) {
	claimed := func(width, height int) error {
		if err := l.check(width, height); err != nil {
			return err
		}
		return check(p.orient.size(width, height))
	}
	switch format {
	case JPEG:
		p.orient = jpegOrientation(src)
		p.img, err = decodeJPEG(src, claimed)
	case PNG:
		p.img, err = decodePNG(src, claimed)
	case GIF:
		p.img, err = decodeGIF(src, claimed)
	case WebP:
		p.img, err = decodeWebP(src, claimed)
	case AVIF:
		p.img, err = codec.DecodeAVIF(ctx, src, l.MaxPixels)
	case HEIC:
		p.img, err = codec.DecodeHEIC(ctx, src, l.MaxPixels)
	default:
		err = errors.New("the format is not known")
	}
	var large *codec.TooLarge
	if errors.As(err, &large) {
		return picture{}, &ResolutionError{Width: large.Width, Height: large.Height, Max: l.MaxPixels}
	}
	if err != nil {
		return picture{}, unsupported(ctx, err)
	}
	// What was decoded is believed, not what was claimed.
	b := p.img.Bounds()
	return p, claimed(b.Dx(), b.Dy())
}

// unsupported makes [ErrUnsupported] of what a decoder says, unless it is one of
// our own or the end of the context.
func unsupported(ctx context.Context, err error) error {
	var resolution *ResolutionError
	if ctx.Err() != nil || errors.As(err, &resolution) || errors.Is(err, ErrUnsupported) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrUnsupported, err)
}

// canHold refuses a file that is too short for the pixels that it claims, so
// that a header alone makes nobody allocate for them.
func canHold(src []byte, need int64) error {
	if int64(len(src)) < need {
		return fmt.Errorf("%w: it is cut off", ErrUnsupported)
	}
	return nil
}

func decodeJPEG(src []byte, claimed func(int, int) error) (stdimage.Image, error) {
	c, err := jpeg.DecodeConfig(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	if err := claimed(c.Width, c.Height); err != nil {
		return nil, err
	}
	// Each block of 8 by 8 pixels of the brightness has at least the one bit of
	// its first coefficient.
	if err := canHold(src, int64(c.Width)*int64(c.Height)/64/8); err != nil {
		return nil, err
	}
	return jpeg.Decode(bytes.NewReader(src))
}

func decodePNG(src []byte, claimed func(int, int) error) (stdimage.Image, error) {
	c, err := png.DecodeConfig(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	if err := claimed(c.Width, c.Height); err != nil {
		return nil, err
	}
	// A bit for each pixel is the least, and 1032 to 1 the best that deflate does.
	const best = 1032
	if err := canHold(src, int64(c.Width)*int64(c.Height)/8/best); err != nil {
		return nil, err
	}
	return png.Decode(bytes.NewReader(src))
}

func decodeGIF(src []byte, claimed func(int, int) error) (stdimage.Image, error) {
	walk, err := walkGIF(src, 1)
	if err != nil {
		return nil, err
	}
	if err := claimed(walk.width, walk.height); err != nil {
		return nil, err
	}
	if err := canHold(src, walk.pixels/gifBest); err != nil {
		return nil, err
	}
	first, err := gif.Decode(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	if first.Bounds() == stdimage.Rect(0, 0, walk.width, walk.height) {
		return first, nil
	}
	canvas := stdimage.NewRGBA(stdimage.Rect(0, 0, walk.width, walk.height))
	drawPaletted(canvas, first.(*stdimage.Paletted))
	return canvas, nil
}
