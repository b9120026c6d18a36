package codec

import (
	"bytes"
	"context"
	_ "embed" // the codec
	"fmt"
	"image"
)

//go:embed webp.wasm.gz
var webpPacked []byte

var webpModule = &module{name: "webp", packed: webpPacked}

// EncodeWebP encodes a picture whose rows follow each other without a gap, with
// a quality of 0 to 100.
func EncodeWebP(ctx context.Context, img *image.NRGBA, quality int) (out []byte, err error) {
	width, height := img.Rect.Dx(), img.Rect.Dy()
	pix, err := packed(img.Pix, img.Stride, width, height)
	if err != nil {
		return nil, err
	}
	const method = 2    // of 0 (quick) to 6 (small): 4 takes four times as long for 4 % less
	const perPixel = 40 // 30 were measured
	err = webpModule.run(ctx, perPixel*int64(width)*int64(height), func(m *machine) error {
		in, size := m.put(pix), m.alloc(8)
		at := m.call("encode", in, uint64(width), uint64(height), size, 0, uint64(quality), method, 0, 0)
		out = m.result(at, size)
		return m.err
	})
	return out, err
}

// result copies what an encoder made out of the machine.
func (m *machine) result(at uint32, size uint64) []byte {
	n := m.words(size, 1)[0]
	if m.err == nil && (at == 0 || n == 0) {
		m.err = fmt.Errorf("%w: it made nothing", ErrFailed)
	}
	return bytes.Clone(m.view(uint64(at), int64(n)))
}

// packed returns the pixels, of 4 bytes each, if rows follow each other.
func packed(pix []byte, stride, width, height int) ([]byte, error) {
	if width <= 0 || height <= 0 || stride != width*4 || len(pix) < stride*height {
		return nil, fmt.Errorf("%w: no picture of packed rows", ErrFailed)
	}
	return pix[:stride*height], nil
}
