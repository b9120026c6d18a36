package codec

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"image"
	"image/color"
	"testing"
	"time"
)

// sample is a picture of slow gradients, which every codec keeps well.
func sample(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(255 * x / w), uint8(255 * y / h), 128, 255})
		}
	}
	return img
}

func opaque(img *image.NRGBA) *image.RGBA { return (*image.RGBA)(img) }

func TestAnAVIFComesBackAsItWent(t *testing.T) {
	src := sample(65, 33)
	data, err := EncodeAVIF(t.Context(), opaque(src), 80)
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeAVIF(t.Context(), data, 65*33)
	if err != nil {
		t.Fatal(err)
	}
	if got.Bounds() != src.Bounds() {
		t.Fatalf("bounds %v, want %v", got.Bounds(), src.Bounds())
	}
	for _, p := range []image.Point{{5, 5}, {60, 5}, {30, 30}} {
		g := color.NRGBAModel.Convert(got.At(p.X, p.Y)).(color.NRGBA)
		w := src.NRGBAAt(p.X, p.Y)
		if dist(g.R, w.R) > 12 || dist(g.G, w.G) > 12 || dist(g.B, w.B) > 12 {
			t.Errorf("at %v: %v, want about %v", p, g, w)
		}
	}
}

func dist(a, b uint8) int {
	if a > b {
		return int(a - b)
	}
	return int(b - a)
}

func TestAPictureOfMorePixelsThanAllowedIsNotDecoded(t *testing.T) {
	data, err := EncodeAVIF(t.Context(), opaque(sample(64, 64)), 50)
	if err != nil {
		t.Fatal(err)
	}
	_, err = DecodeAVIF(t.Context(), data, 64*64-1)
	var large *TooLarge
	if !errors.As(err, &large) || large.Width != 64 || large.Height != 64 {
		t.Fatalf("error %v, want TooLarge of 64 by 64", err)
	}
}

func TestACodecEndsWithItsContext(t *testing.T) {
	if _, err := EncodeWebP(t.Context(), sample(8, 8), 50); err != nil { // compiled
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, err := EncodeWebP(ctx, sample(3000, 3000), 90)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("error %v, want the deadline", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v to end", took)
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	for _, src := range [][]byte{[]byte("x"), []byte("\x00\x00\x00\x1cftypavif0000"), []byte("\x00\x00\x00\x1cftypheic0000mif1heic")} {
		if _, err := DecodeAVIF(t.Context(), src, 1e6); !errors.Is(err, ErrFailed) {
			t.Errorf("DecodeAVIF(%q): %v", src, err)
		}
		if _, err := DecodeHEIC(t.Context(), src, 1e6); !errors.Is(err, ErrFailed) {
			t.Errorf("DecodeHEIC(%q): %v", src, err)
		}
	}
	if _, err := DecodeAVIF(t.Context(), nil, 1e6); !errors.Is(err, ErrFailed) {
		t.Errorf("DecodeAVIF(nil): %v", err)
	}
}

func TestMemoryEndsAtItsBound(t *testing.T) {
	m := &memory{bound: 10 * page}
	if got := m.Reallocate(10 * page); len(got) != 10*page {
		t.Fatalf("got %d bytes", len(got))
	}
	if got := m.Reallocate(11 * page); got != nil {
		t.Fatalf("got %d bytes beyond the bound", len(got))
	}
	err := webpModule.run(t.Context(), 0, func(m *machine) error {
		m.alloc(baseMemory)
		return m.err
	})
	if !errors.Is(err, ErrFailed) {
		t.Errorf("a machine got all of its bound at once: %v", err)
	}
}

// The codecs are files that nobody reads: they are what README.md says they are.
func TestTheCodecsAreTheOnesThatWereChecked(t *testing.T) {
	for _, c := range []struct {
		name, sum string
		data      []byte
	}{
		{"webp.wasm.gz", "bbcf68343d79d80ba4ce7bb29215b2943711bd0787f68ff31785c6e2bb044459", webpPacked},
		{"avifdec.wasm.gz", "1ee2423413384d54b3fa4e2882424d60a2a05f5fe7ec573535fdb6b531071a9b", avifDecodePacked},
		{"avifenc.wasm.gz", "af09b7698dc6034049cb8cd09378f5fd8f34de6079443bfb0240c208b1f3b670", avifEncodePacked},
		{"heif.wasm.gz", "3634a6447ea3915633667f39e01ff540a60f4e2f837a8391d044d76dfd8a0435", heifPacked},
	} {
		if sum := sha256.Sum256(c.data); hex.EncodeToString(sum[:]) != c.sum {
			t.Errorf("%s has the sum %x, want %s", c.name, sum, c.sum)
		}
	}
}

func BenchmarkEncodeWebP400(b *testing.B) {
	img := sample(400, 225)
	for b.Loop() {
		EncodeWebP(b.Context(), img, 75)
	}
}

func BenchmarkEncodeAVIF400(b *testing.B) {
	img := opaque(sample(400, 225))
	for b.Loop() {
		EncodeAVIF(b.Context(), img, 60)
	}
}

func TestAPictureThatIsLargerThanItSaysGetsNoMemoryForIt(t *testing.T) {
	data, err := EncodeAVIF(t.Context(), opaque(image.NewNRGBA(image.Rect(0, 0, 1200, 1200))), 10)
	if err != nil {
		t.Fatal(err)
	}
	lie := bytes.Replace(data, []byte("ispe\x00\x00\x00\x00\x00\x00\x04\xb0\x00\x00\x04\xb0"), []byte("ispe\x00\x00\x00\x00\x00\x00\x00\x08\x00\x00\x00\x08"), 1)
	if bytes.Equal(lie, data) {
		t.Fatal("the file has no such size")
	}
	if img, err := DecodeAVIF(t.Context(), lie, 1e6); !errors.Is(err, ErrFailed) {
		t.Errorf("got %v, %v", img, err)
	}
}
