package image

import (
	"bytes"
	"fmt"
	stdimage "image"
	"math"
	"testing"
	"time"
)

// FuzzEdit edits whatever there may be: it never panics, what comes out can be
// decoded, and has the size that was asked for.
func FuzzEdit(f *testing.F) {
	p := NewPool(1, 0, Limits{MaxPixels: 1 << 16, MaxFrames: 8, Time: time.Minute})
	for i, format := range everyFormat {
		src, err := p.Encode(f.Context(), corners(16, 12), format, 50)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src, uint8(i), uint16(8), uint16(8*(i%2)), uint8(i*50), uint8(i), uint8(i), int16(i*45))
	}
	f.Add(withExif(jpegOf(corners(16, 12)), "II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00"), uint8(1), uint16(0), uint16(0), uint8(255), uint8(0), uint8(0), int16(0))
	f.Add(animation(3), uint8(2), uint16(7), uint16(0), uint8(255), uint8(1), uint8(2), int16(30))
	f.Add([]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic\x00\x00\x00\x08meta"), uint8(0), uint16(0), uint16(0), uint8(0), uint8(0), uint8(0), int16(0))
	f.Fuzz(func(t *testing.T, src []byte, format uint8, width, height uint16, opacity, border, radius uint8, rotation int16) {
		e := Edit{
			Width: int(width % 300), Height: int(height % 300), Gravity: []string{"", "top-left", "bottom"}[format%3],
			Opacity: float64(opacity) / 255, BorderWidth: int(border % 20), BorderRadius: int(radius), Rotation: int(rotation % 361),
			Quality: int(format)%102 - 1, Output: everyFormat[int(format)%len(everyFormat)],
		}
		if radius%2 == 0 {
			e.Background = "12345678"
		}
		out, err := p.Edit(t.Context(), src, e)
		if err != nil {
			return
		}
		size := decoded(t, out).Bounds().Size()
		if e.Width > 0 && e.Height > 0 {
			w, h := turned(e.Width+2*e.BorderWidth, e.Height+2*e.BorderWidth, e.Rotation)
			if size != stdimage.Pt(w, h) {
				t.Errorf("size %v, want %d by %d", size, w, h)
			}
		}
	})
}

func FuzzOrientation(f *testing.F) {
	f.Add(withExif(jpegOf(corners(8, 8)), "MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, src []byte) {
		if o := jpegOrientation(src); o < 1 || o > 8 {
			t.Errorf("orientation %d", o)
		}
	})
}

// FuzzWalk reads containers, of which nothing but the walk itself is trusted.
func FuzzWalk(f *testing.F) {
	f.Add(animation(3))
	f.Add(riff(chunk("VP8L", []byte("\x2f\xff\xff\xff\x0f0000"))))
	f.Add(riff(chunk("VP8X", []byte("\x02\x00\x00\x00\x07\x00\x00\x07\x00\x00")), chunk("ANMF", append(bytes.Repeat([]byte{0}, 16), chunk("VP8L", []byte("\x2f\x00\x00\x00\x000000"))...))))
	f.Fuzz(func(t *testing.T, src []byte) {
		if w, err := walkGIF(src, 100); err == nil && (w.frames < 1 || w.frames > 100) {
			t.Errorf("%d frames", w.frames)
		}
		if w, err := walkWebP(src); err == nil && (w.width < 0 || w.height < 0 || w.width > 1<<24 || w.height > 1<<24) {
			t.Errorf("%d by %d", w.width, w.height)
		}
		Sniff(src)
	})
}

func TestFormatsAreToldByContent(t *testing.T) {
	for head, want := range map[string]Format{
		"\xff\xd8\xff\xe0":             JPEG,
		"\x89PNG\r\n\x1a\n":            PNG,
		"GIF89a":                       GIF,
		"RIFF\x00\x00\x00\x00WEBPVP8 ": WebP,
		"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf": AVIF,
		"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf": AVIF,
		"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic":     HEIC,
		"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00mp41mp42":     "",
		"\x00\x00\x00\x08ftypisom\x00\x00\x00\x00avif":         "",
		"RIFF\x00\x00\x00\x00WAVE":                             "", "": "", "<svg": "", "GIF": "",
	} {
		if got, ok := Sniff([]byte(head)); got != want || ok != (want != "") {
			t.Errorf("Sniff(%q) = %q, %v, want %q", head, got, ok, want)
		}
	}
}

// photo is a picture of detail that is neither flat nor noise.
func photo(w, h int) *stdimage.NRGBA {
	img := stdimage.NewNRGBA(stdimage.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			fx, fy := float64(x)/40, float64(y)/40
			p := img.Pix[img.PixOffset(x, y):]
			p[0] = uint8(128 + 90*math.Sin(fx)*math.Cos(fy) + 30*math.Sin(9*fx+5*fy))
			p[1] = uint8(128 + 90*math.Sin(fx+fy) + 30*math.Cos(7*fx*fy/10))
			p[2] = uint8(128 + 90*math.Cos(fx-2*fy))
			p[3] = 255
		}
	}
	return img
}

// A pattern that is finer than the result can show becomes its mean, and not
// another pattern.
func TestScalingDoesNotAlias(t *testing.T) {
	for _, k := range []int{2, 3, 7} {
		fine := stdimage.NewNRGBA(stdimage.Rect(0, 0, 600, 300))
		for y := range 300 {
			for x := range 600 {
				v := uint8(255 * ((x + y) % 2))
				copy(fine.Pix[fine.PixOffset(x, y):], []uint8{v, v, v, 255})
			}
		}
		out, err := pool().Edit(t.Context(), pngOf(fine), Edit{Width: 600/k - 1, Opacity: 1, Quality: -1, Output: PNG})
		if err != nil {
			t.Fatal(err)
		}
		img := decoded(t, out)
		for y := 3; y < img.Bounds().Dy()-3; y++ {
			for x := 3; x < img.Bounds().Dx()-3; x++ {
				if v := at(img, x, y).R; v < 118 || v > 138 {
					t.Fatalf("a %dth of the size, at %d,%d: %d, want about 127", k, x, y, v)
				}
			}
		}
	}
}

func BenchmarkPreview(b *testing.B) {
	src := jpegOf(photo(1920, 1080))
	for _, f := range everyFormat {
		b.Run("1920x1080-jpg-to-400-"+string(f), func(b *testing.B) {
			for b.Loop() {
				if _, err := pool().Fit(b.Context(), src, 400, 0, -1, f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkScale(b *testing.B) {
	p, err := Limits{}.withDefaults().decode(b.Context(), JPEG, jpegOf(photo(1920, 1080)), func(int, int) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	for _, width := range []int{100, 400, 800, 1900} {
		b.Run(fmt.Sprintf("1920x1080-to-%d", width), func(b *testing.B) {
			e := Edit{Width: width, Opacity: 1}
			for b.Loop() {
				e.scale(p, e.window(1920, 1080))
			}
		})
	}
}
