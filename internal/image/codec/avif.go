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
	err = avifDecoder.run(ctx, maxPixels, 48, func(m *machine) error {
		in, size := m.put(src), uint64(len(src))
		info := m.alloc(16) // width, height, depth, count
		decode := func(configOnly, delay, out uint64) ([]uint32, error) {
			ok := m.call("decode", in, size, configOnly, 0, info, info+4, info+8, info+12, delay, out)
			words := m.words(info, 4)
			if m.err == nil && ok == 0 {
				m.err = fmt.Errorf("%w: it cannot be decoded", ErrFailed)
			}
			return words, m.err
		}
		before, err := decode(1, 0, 0)
		if err != nil {
			return err
		}
		width, height, deep := before[0], before[1], before[2] > 8
		if err := fits(width, height, maxPixels); err != nil {
			return err
		}
		bytesPerPixel := int64(4)
		if deep {
			bytesPerPixel = 8
		}
		length := int64(width) * int64(height) * bytesPerPixel
		delay, out := m.alloc(8), m.alloc(length)
		after, err := decode(0, delay, out)
		if err != nil {
			return err
		}
		if after[0] != width || after[1] != height || (after[2] > 8) != deep {
			return fmt.Errorf("%w: it says two sizes", ErrFailed)
		}
		pix := bytes.Clone(m.view(out, length))
		rect := image.Rect(0, 0, int(width), int(height))
		if deep {
			for i := 0; i+1 < len(pix); i += 2 { // to big endian
				pix[i], pix[i+1] = pix[i+1], pix[i]
			}
			img = &image.RGBA64{Pix: pix, Stride: int(width) * 8, Rect: rect}
		} else {
			img = &image.RGBA{Pix: pix, Stride: int(width) * 4, Rect: rect}
		}
		return m.err
	})
	return img, err
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
	err = avifEncoder.run(ctx, int64(width)*int64(height), 96, func(m *machine) error {
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
