package image

import (
	"bytes"
	"context"
	stdimage "image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"

	"moorfast/internal/image/codec"
)

// The qualities that formats have where nobody says. At them, pictures look as
// they did and are small.
const (
	qualityJPEG = 85
	qualityWebP = 80
	qualityAVIF = 60
)

// side is the longest that a picture of the format may be.
func (f Format) side() int {
	if f == WebP {
		return 1<<14 - 1
	}
	return maxSide
}

// encode writes a picture, whose rows follow each other. A JPEG, which has no
// transparency, is laid on the background, or on white. Quality has no meaning
// for PNG and GIF.
func encode(ctx context.Context, img *stdimage.RGBA, f Format, quality int, background string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	or := func(byDefault int) int {
		if quality < 0 {
			return byDefault
		}
		return quality
	}
	var b bytes.Buffer
	switch f {
	case JPEG:
		c, ok := parseColor(background)
		if !ok {
			c = color.NRGBA{255, 255, 255, 255}
		}
		c.A = 255
		if !img.Opaque() {
			img = clone(img)
			flatten(img, c)
		}
		err := jpeg.Encode(&b, img, &jpeg.Options{Quality: max(1, or(qualityJPEG))})
		return b.Bytes(), err
	case PNG:
		err := png.Encode(&b, img)
		return b.Bytes(), err
	case GIF:
		frame := quantize(img, true)
		err := gif.EncodeAll(&b, &gif.GIF{Image: []*stdimage.Paletted{frame}, Delay: []int{0}, LoopCount: -1})
		return b.Bytes(), err
	case WebP:
		return codec.EncodeWebP(ctx, straight(img), or(qualityWebP))
	case AVIF:
		return codec.EncodeAVIF(ctx, img, or(qualityAVIF))
	}
	return nil, ErrNoEncoder
}

func clone(img *stdimage.RGBA) *stdimage.RGBA {
	c := *img
	c.Pix = bytes.Clone(img.Pix)
	return &c
}

// straight returns the picture with colors that are not multiplied by alpha.
// Where all of it is opaque, it is the same one.
func straight(img *stdimage.RGBA) *stdimage.NRGBA {
	dst := &stdimage.NRGBA{Pix: img.Pix, Stride: img.Stride, Rect: img.Rect}
	if img.Opaque() {
		return dst
	}
	dst.Pix = bytes.Clone(img.Pix)
	for p := dst.Pix; len(p) >= 4; p = p[4:] {
		if a := uint32(p[3]); a != 255 && a != 0 {
			for i := range p[:3] {
				p[i] = uint8(min(255, (uint32(p[i])*255+a/2)/a))
			}
		}
	}
	return dst
}
