package codec

import (
	"bytes"
	"context"
	_ "embed" // the codec
	"fmt"
	"image"
)

//go:embed heif.wasm.gz
var heifPacked []byte

var heifModule = &module{name: "heic", packed: heifPacked}

// The numbers that libheif gives colour spaces and their sampling.
const (
	heifYCbCr      = 0
	heifRGB        = 1
	heifMonochrome = 2

	heif420 = 1
	heif422 = 2
	heif444 = 3
)

// DecodeHEIC decodes the primary picture of a file, turned as the file says,
// unless it has more pixels than maxPixels, which is [TooLarge].
func DecodeHEIC(ctx context.Context, src []byte, maxPixels int64) (img image.Image, err error) {
	const perPixel = 48 // 13 were measured
	var says [5]uint32
	err = heifModule.run(ctx, int64(len(src)), func(m *machine) (err error) {
		says, err = m.decodeHEIC(src, 1, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := fits(says[0], says[1], maxPixels); err != nil {
		return nil, err
	}
	plan, err := planHEIC(says)
	if err != nil {
		return nil, err
	}
	err = heifModule.run(ctx, int64(len(src))+perPixel*int64(says[0])*int64(says[1]), func(m *machine) error {
		// The codec copies whole rows, and what it decodes may have longer ones
		// than it said before. They would end in the machine's other memory, and
		// at worst end the machine.
		out := m.alloc(plan.size)
		again, err := m.decodeHEIC(src, 0, out)
		if err != nil {
			return err
		}
		if again != says {
			return fmt.Errorf("%w: it says %v, and %v", ErrFailed, says, again)
		}
		if pix := bytes.Clone(m.view(out, plan.size)); m.err == nil {
			img = plan.picture(pix)
		}
		return m.err
	})
	return img, err
}

// decodeHEIC returns width, height, colour space, sampling, and whether colors
// are multiplied by alpha.
func (m *machine) decodeHEIC(src []byte, configOnly, out uint64) (info [5]uint32, err error) {
	in, words := m.put(src), m.alloc(20)
	ok := m.call("decode", in, uint64(len(src)), configOnly, words, words+4, words+8, words+12, words+16, out)
	info = [5]uint32(m.words(words, 5))
	if m.err == nil && ok == 0 {
		m.err = fmt.Errorf("%w: it cannot be decoded", ErrFailed)
	}
	return info, m.err
}

// heicPlan is how the planes of a picture lie in memory.
type heicPlan struct {
	size    int64
	picture func(pix []byte) image.Image
}

func planHEIC(info [5]uint32) (heicPlan, error) {
	width, height := int(info[0]), int(info[1])
	rect := image.Rect(0, 0, width, height)
	switch info[2] {
	case heifMonochrome:
		stride := rowSize(width, 1)
		return heicPlan{int64(stride) * int64(height), func(pix []byte) image.Image {
			return &image.Gray{Pix: pix, Stride: stride, Rect: rect}
		}}, nil
	case heifRGB:
		stride := rowSize(width, 4)
		return heicPlan{int64(stride) * int64(height), func(pix []byte) image.Image {
			if info[4] != 0 {
				return &image.RGBA{Pix: pix, Stride: stride, Rect: rect}
			}
			return &image.NRGBA{Pix: pix, Stride: stride, Rect: rect}
		}}, nil
	case heifYCbCr:
		ratio, chromaWidth, chromaHeight := image.YCbCrSubsampleRatio444, width, height
		switch info[3] {
		case heif444:
		case heif422:
			ratio, chromaWidth = image.YCbCrSubsampleRatio422, (width+1)/2
		case heif420:
			ratio, chromaWidth, chromaHeight = image.YCbCrSubsampleRatio420, (width+1)/2, (height+1)/2
		default:
			return heicPlan{}, fmt.Errorf("%w: sampling %d", ErrFailed, info[3])
		}
		stride, chromaStride := rowSize(width, 1), rowSize(chromaWidth, 1)
		y, c := stride*height, chromaStride*chromaHeight
		return heicPlan{int64(y) + 2*int64(c), func(pix []byte) image.Image {
			return &image.YCbCr{
				Y: pix[:y:y], Cb: pix[y : y+c : y+c], Cr: pix[y+c:],
				YStride: stride, CStride: chromaStride, SubsampleRatio: ratio, Rect: rect,
			}
		}}, nil
	}
	return heicPlan{}, fmt.Errorf("%w: colour space %d", ErrFailed, info[2])
}

// rowSize is how long libheif makes a row of a plane. No plane of its is less
// than 64 pixels wide.
func rowSize(width, bytesPerPixel int) int {
	const least, align = 64, 16
	wide := max(least, width+width&1)
	return (wide*bytesPerPixel + align - 1) / align * align
}
