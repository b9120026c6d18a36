package codec

import (
	"bytes"
	"context"
	_ "embed" // the codec
	"fmt"
	"image"
)

var (
	//go:embed avifdec.wasm.gz
	avifDecodePacked []byte
	//go:embed avifenc.wasm.gz
	avifEncodePacked []byte

	avifDecoder = &module{name: "avif", packed: avifDecodePacked}
	avifEncoder = &module{name: "avif", packed: avifEncodePacked}
)

// DecodeAVIF decodes the first picture of a file, unless it has more pixels
// than maxPixels, which is [TooLarge].
func DecodeAVIF(ctx context.Context, src []byte, maxPixels int64) (img image.Image, err error) {
	const perPixel = 72 // 50 were measured, of pictures of ten bits
	var says [4]uint32
	err = avifDecoder.run(ctx, int64(len(src)), func(m *machine) (err error) {
		says, err = m.decodeAVIF(src, 1, 0, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	// What decodes it has memory for the size that it says, and not for another.
	width, height, deep := says[0], says[1], says[2] > 8
	if err := fits(width, height, maxPixels); err != nil {
		return nil, err
	}
	pixels, pixelSize := int64(width)*int64(height), int64(4)
	if deep {
		pixelSize = 8
	}
	err = avifDecoder.run(ctx, int64(len(src))+perPixel*pixels, func(m *machine) error {
		delay, out := m.alloc(8), m.alloc(pixels*pixelSize)
		again, err := m.decodeAVIF(src, 0, delay, out)
		if err != nil {
			return err
		}
		if again != says {
			return fmt.Errorf("%w: it says %v, and %v", ErrFailed, says, again)
		}
		pix := bytes.Clone(m.view(out, pixels*pixelSize))
		rect := image.Rect(0, 0, int(width), int(height))
		if !deep {
			img = &image.RGBA{Pix: pix, Stride: int(width) * 4, Rect: rect}
			return m.err
		}
		for i := 0; i+1 < len(pix); i += 2 { // to big endian
			pix[i], pix[i+1] = pix[i+1], pix[i]
		}
		img = &image.RGBA64{Pix: pix, Stride: int(width) * 8, Rect: rect}
		return m.err
	})
	return img, err
}

// decodeAVIF returns width, height, depth and the number of frames.
func (m *machine) decodeAVIF(src []byte, configOnly, delay, out uint64) (info [4]uint32, err error) {
	in, words := m.put(src), m.alloc(16)
	ok := m.call("decode", in, uint64(len(src)), configOnly, 0, words, words+4, words+8, words+12, delay, out)
	info = [4]uint32(m.words(words, 4))
	if m.err == nil && ok == 0 {
		m.err = fmt.Errorf("%w: it cannot be decoded", ErrFailed)
	}
	return info, m.err
}

// EncodeAVIF encodes a picture whose rows follow each other without a gap, with
// a quality of 0 to 100.
func EncodeAVIF(ctx context.Context, img *image.RGBA, quality int) (out []byte, err error) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	pix, err := packed(img.Pix, img.Stride, width, height)
	if err != nil {
		return nil, err
	}
	const (
		speed  = 10 // of 0 to 10: somebody waits for it
		yuv420 = 3
	)
	const perPixel = 48 // 35 were measured
	err = avifEncoder.run(ctx, perPixel*int64(width)*int64(height), func(m *machine) error {
		in, size := m.put(pix), m.alloc(8)
		at := m.call("encode", in, uint64(width), uint64(height), size, uint64(quality), uint64(quality), speed, yuv420)
		out = m.result(at, size)
		return m.err
	})
	return out, err
}

// TooLarge is a picture of more pixels than the caller allowed.
type TooLarge struct{ Width, Height int }

func (e *TooLarge) Error() string {
	return fmt.Sprintf("codec: a picture of %d by %d pixels is too large", e.Width, e.Height)
}

func fits(width, height uint32, maxPixels int64) error {
	const maxSide = 1 << 16
	if width == 0 || height == 0 {
		return fmt.Errorf("%w: it has no size", ErrFailed)
	}
	if width > maxSide || height > maxSide || int64(width)*int64(height) > maxPixels {
		return &TooLarge{Width: int(width), Height: int(height)}
	}
	return nil
}
