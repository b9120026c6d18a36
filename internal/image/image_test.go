package image

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	stdimage "image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"os"
	"testing"
	"time"
)

var everyFormat = []Format{JPEG, PNG, GIF, WebP, AVIF}

// corners is a picture whose quarters are red, green, blue and white, from the
// top left, row by row.
func corners(w, h int) *stdimage.NRGBA {
	img := stdimage.NewNRGBA(stdimage.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, []color.NRGBA{red, green, blue, white}[2*(2*y/h)+2*x/w])
		}
	}
	return img
}

var (
	red    = color.NRGBA{255, 0, 0, 255}
	green  = color.NRGBA{0, 255, 0, 255}
	blue   = color.NRGBA{0, 0, 255, 255}
	white  = color.NRGBA{255, 255, 255, 255}
	black  = color.NRGBA{0, 0, 0, 255}
	clear0 = color.NRGBA{}
)

func pngOf(img stdimage.Image) []byte {
	var b bytes.Buffer
	png.Encode(&b, img)
	return b.Bytes()
}

func jpegOf(img stdimage.Image) []byte {
	var b bytes.Buffer
	jpeg.Encode(&b, img, &jpeg.Options{Quality: 95})
	return b.Bytes()
}

func pool() *Pool { return NewPool(2, 8, Limits{Time: time.Minute}) }

// decoded decodes what came out by the package's own means, which know all
// formats.
func decoded(t testing.TB, data []byte) stdimage.Image {
	t.Helper()
	f, ok := Sniff(data)
	if !ok {
		t.Fatalf("what came out is no picture: %.20q", data)
	}
	p, err := Limits{}.withDefaults().decode(context.Background(), f, data, func(int, int) error { return nil })
	if err != nil {
		t.Fatalf("what came out: %v", err)
	}
	return shrink(p.img, 1)
}

func near(a, b color.NRGBA, off int) bool {
	if a.A == 0 && b.A == 0 {
		return true
	}
	d := func(x, y uint8) bool { return int(x)-int(y) <= off && int(y)-int(x) <= off }
	return d(a.R, b.R) && d(a.G, b.G) && d(a.B, b.B) && d(a.A, b.A)
}

func at(img stdimage.Image, x, y int) color.NRGBA {
	return color.NRGBAModel.Convert(img.At(x, y)).(color.NRGBA)
}

type pixel struct {
	x, y int
	want color.NRGBA
}

func TestEachParameterDoesWhatItSays(t *testing.T) {
	half := func(c color.NRGBA) color.NRGBA { c.A = 128; return c }
	for _, c := range []struct {
		name          string
		edit          Edit
		width, height int
		pixels        []pixel
	}{
		{"nothing", Edit{}, 80, 40, []pixel{{5, 5, red}, {75, 5, green}, {5, 35, blue}, {75, 35, white}, {39, 19, red}, {40, 20, white}}},
		{"width keeps the ratio", Edit{Width: 40}, 40, 20, []pixel{{2, 2, red}, {37, 17, white}}},
		{"height keeps the ratio", Edit{Height: 10}, 20, 10, []pixel{{1, 1, red}, {18, 8, white}}},
		{"it may grow", Edit{Width: 320}, 320, 160, []pixel{{10, 10, red}, {310, 10, green}, {10, 150, blue}}},
		{"both cut the middle out", Edit{Width: 20, Height: 20}, 20, 20, []pixel{{2, 2, red}, {17, 2, green}, {2, 17, blue}, {17, 17, white}}},
		{"center", Edit{Width: 20, Height: 20, Gravity: "center"}, 20, 20, []pixel{{2, 2, red}, {17, 2, green}}},
		{"left", Edit{Width: 20, Height: 20, Gravity: "left"}, 20, 20, []pixel{{2, 2, red}, {17, 2, red}, {17, 17, blue}}},
		{"right", Edit{Width: 20, Height: 20, Gravity: "right"}, 20, 20, []pixel{{2, 2, green}, {17, 2, green}, {2, 17, white}}},
		{"top-left", Edit{Width: 20, Height: 20, Gravity: "top-left"}, 20, 20, []pixel{{17, 2, red}}},
		{"bottom-right", Edit{Width: 20, Height: 20, Gravity: "bottom-right"}, 20, 20, []pixel{{2, 2, green}}},
		{"top", Edit{Width: 80, Height: 20, Gravity: "top"}, 80, 20, []pixel{{5, 18, red}, {75, 18, green}}},
		{"bottom", Edit{Width: 80, Height: 20, Gravity: "bottom"}, 80, 20, []pixel{{5, 1, blue}, {75, 1, white}}},
		{"top-right", Edit{Width: 40, Height: 10, Gravity: "top-right"}, 40, 10, []pixel{{2, 7, red}, {37, 7, green}}},
		{"bottom-left", Edit{Width: 40, Height: 10, Gravity: "bottom-left"}, 40, 10, []pixel{{2, 2, blue}, {37, 2, white}}},
		{"gravity alone cuts nothing", Edit{Gravity: "right"}, 80, 40, []pixel{{5, 5, red}}},
		{"half opacity", Edit{Opacity: .5}, 80, 40, []pixel{{5, 5, half(red)}}},
		{"half opacity on a background", Edit{Opacity: .5, Background: "0000ff"}, 80, 40, []pixel{{5, 5, color.NRGBA{128, 0, 127, 255}}}},
		{"a border grows the picture", Edit{BorderWidth: 5, BorderColor: "000000"}, 90, 50, []pixel{{0, 0, black}, {4, 25, black}, {5, 5, red}, {84, 44, white}, {89, 49, black}}},
		{"a border without a color is black", Edit{BorderWidth: 1}, 82, 42, []pixel{{0, 0, black}, {1, 1, red}}},
		{"round corners", Edit{BorderRadius: 10}, 80, 40, []pixel{{0, 0, clear0}, {79, 0, clear0}, {0, 39, clear0}, {79, 39, clear0}, {10, 0, red}, {0, 10, red}, {4, 4, red}}},
		{"the radius ends at a circle", Edit{Width: 20, Height: 20, BorderRadius: 4000}, 20, 20, []pixel{{0, 0, clear0}, {1, 1, clear0}, {12, 2, green}, {7, 2, red}, {2, 7, red}}},
		{"round corners are cut after the border", Edit{BorderWidth: 5, BorderColor: "000000", BorderRadius: 10}, 90, 50, []pixel{{0, 0, clear0}, {0, 25, black}, {12, 12, red}}},
		{"a quarter clockwise", Edit{Rotation: 90}, 40, 80, []pixel{{35, 5, red}, {35, 75, green}, {5, 5, blue}, {5, 75, white}}},
		{"a quarter back", Edit{Rotation: -90}, 40, 80, []pixel{{5, 75, red}, {5, 5, green}}},
		{"upside down", Edit{Rotation: 180}, 80, 40, []pixel{{75, 35, red}, {5, 5, white}}},
		{"all the way round", Edit{Rotation: 360}, 80, 40, []pixel{{5, 5, red}}},
		{"an eighth grows the picture", Edit{Rotation: 45}, 85, 85, []pixel{{0, 0, clear0}, {84, 84, clear0}, {42, 84, clear0}, {80, 10, clear0}, {35, 21, red}, {64, 50, green}, {21, 35, blue}, {50, 64, white}}},
		{"an eighth on a background", Edit{Rotation: 45, Background: "0000ff"}, 85, 85, []pixel{{0, 0, blue}, {84, 84, blue}, {35, 21, red}}},
		{"short colors", Edit{BorderWidth: 2, BorderColor: "0f0"}, 84, 44, []pixel{{0, 0, green}}},
		{"all at once", Edit{Width: 20, Height: 20, Opacity: .5, Background: "000000", BorderWidth: 2, BorderColor: "ffffff", BorderRadius: 4, Rotation: 90}, 24, 24, []pixel{
			{0, 0, clear0}, {12, 0, white}, {12, 1, white}, {18, 5, color.NRGBA{128, 0, 0, 255}}, {18, 18, color.NRGBA{0, 128, 0, 255}},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.edit.Opacity == 0 {
				c.edit.Opacity = 1
			}
			c.edit.Quality, c.edit.Output = -1, PNG
			out, err := pool().Edit(t.Context(), pngOf(corners(80, 40)), c.edit)
			if err != nil {
				t.Fatal(err)
			}
			img := decoded(t, out)
			if got := img.Bounds().Size(); got != stdimage.Pt(c.width, c.height) {
				t.Errorf("size %v, want %d by %d", got, c.width, c.height)
			}
			for _, p := range c.pixels {
				if got := at(img, p.x, p.y); !near(got, p.want, 3) {
					t.Errorf("at %d,%d: %v, want %v", p.x, p.y, got, p.want)
				}
			}
		})
	}
}

func TestEveryFormatBecomesEveryOther(t *testing.T) {
	p := pool()
	heic, err := os.ReadFile("codec/testdata/quarters.heic") // which is of 32 by 32 pixels
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range append([]Format{HEIC}, everyFormat...) {
		src, same := heic, JPEG
		if from != HEIC {
			src, err = p.Encode(t.Context(), corners(64, 48), from, 95)
			same = from
		}
		if err != nil {
			t.Fatalf("to %s: %v", from, err)
		}
		if got, _ := Sniff(src); got != from {
			t.Fatalf("%s was written as %s", from, got)
		}
		for _, to := range everyFormat {
			out, err := p.Edit(t.Context(), src, Edit{Width: 32, Height: 24, Opacity: 1, Quality: 90, Output: to})
			if err != nil {
				t.Errorf("%s to %s: %v", from, to, err)
				continue
			}
			if got, _ := Sniff(out); got != to {
				t.Errorf("%s to %s gave %s", from, to, got)
			}
			img := decoded(t, out)
			if got := img.Bounds().Size(); got != stdimage.Pt(32, 24) {
				t.Errorf("%s to %s: size %v", from, to, got)
			}
			for _, px := range []pixel{{5, 5, red}, {26, 5, green}, {5, 18, blue}, {26, 18, white}} {
				if got := at(img, px.x, px.y); !near(got, px.want, 12) {
					t.Errorf("%s to %s at %d,%d: %v, want %v", from, to, px.x, px.y, got, px.want)
				}
			}
		}
		if _, err := p.Edit(t.Context(), src, Plain(HEIC)); !errors.Is(err, ErrNoEncoder) {
			t.Errorf("%s to heic: %v", from, err)
		}
		out, err := p.Edit(t.Context(), src, Plain(""))
		if got, _ := Sniff(out); err != nil || got != same {
			t.Errorf("%s to nothing said: %s, %v", from, got, err)
		}
	}
}

func TestTransparencyIsKeptWhereItCanBe(t *testing.T) {
	img := stdimage.NewNRGBA(stdimage.Rect(0, 0, 32, 32))
	for y := range 32 {
		for x := range 16 {
			img.SetNRGBA(x, y, color.NRGBA{200, 40, 40, 255})
		}
	}
	for _, f := range everyFormat {
		e := Plain(f)
		out, err := pool().Edit(t.Context(), pngOf(img), e)
		if err != nil {
			t.Fatal(f, err)
		}
		want := color.NRGBA{}
		if f == JPEG {
			want = white
		}
		if got := at(decoded(t, out), 28, 16); !near(got, want, 4) {
			t.Errorf("%s: %v, want %v", f, got, want)
		}
		if got := at(decoded(t, out), 4, 16); !near(got, color.NRGBA{200, 40, 40, 255}, 16) {
			t.Errorf("%s: %v", f, got)
		}
	}
	out, err := pool().Edit(t.Context(), pngOf(img), Edit{Opacity: 1, Quality: -1, BorderRadius: 8, Background: "0000ff", Output: JPEG})
	if err != nil {
		t.Fatal(err)
	}
	if got := at(decoded(t, out), 0, 0); !near(got, blue, 40) {
		t.Errorf("a corner of a JPEG with a background: %v", got)
	}
}

// withExif puts an orientation into a JPEG.
func withExif(src []byte, tiff string) []byte {
	body := "Exif\x00\x00" + tiff
	n := len(body) + 2
	return append([]byte("\xff\xd8\xff\xe1"+string([]byte{byte(n >> 8), byte(n)})+body), src[2:]...)
}

func TestPicturesStandUpright(t *testing.T) {
	// Where the red, green, blue and white quarters are seen, top left to bottom right.
	for o, want := range map[int][4]color.NRGBA{
		1: {red, green, blue, white}, 2: {green, red, white, blue},
		3: {white, blue, green, red}, 4: {blue, white, red, green},
		5: {red, blue, green, white}, 6: {blue, red, white, green},
		7: {white, green, blue, red}, 8: {green, white, red, blue},
	} {
		little := fmt.Sprintf("II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00%c\x00\x00\x00\x00\x00\x00\x00", o)
		big := fmt.Sprintf("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00%c\x00\x00\x00\x00\x00\x00", o)
		for _, tiff := range []string{little, big} {
			for _, width := range []int{0, 20} { // as it is, and after it was shrunk
				src := withExif(jpegOf(corners(160, 80)), tiff)
				out, err := pool().Edit(t.Context(), src, Edit{Width: width, Opacity: 1, Quality: -1, Output: PNG})
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Contains(out, []byte("Exif")) {
					t.Error("Exif came out again")
				}
				img := decoded(t, out)
				size := img.Bounds().Size()
				if wide := size.X > size.Y; wide != (o < 5) {
					t.Fatalf("orientation %d: size %v", o, size)
				}
				for i, c := range want {
					x, y := size.X/4+i%2*size.X/2, size.Y/4+i/2*size.Y/2
					if got := at(img, x, y); !near(got, c, 12) {
						t.Errorf("orientation %d, width %d, quarter %d: %v, want %v", o, width, i, got, c)
					}
				}
			}
		}
	}
}

func animation(frames int) []byte {
	g := &gif.GIF{LoopCount: 3}
	p := color.Palette{color.RGBA{}, red, green, blue}
	for i := range frames {
		// The first is all red; each other draws a green square a step further and
		// takes it away again.
		r := stdimage.Rect(0, 0, 40, 40)
		if i > 0 {
			r = stdimage.Rect(10*(i-1)%40, 0, 10*(i-1)%40+10, 10)
		}
		m := stdimage.NewPaletted(r, p)
		for j := range m.Pix {
			m.Pix[j] = uint8(min(i, 1) + 1)
		}
		g.Image, g.Delay = append(g.Image, m), append(g.Delay, 5+i)
		g.Disposal = append(g.Disposal, []byte{gif.DisposalNone, gif.DisposalPrevious}[min(i, 1)])
	}
	var b bytes.Buffer
	gif.EncodeAll(&b, g)
	return b.Bytes()
}

func TestAnimationsMoveOn(t *testing.T) {
	out, err := pool().Edit(t.Context(), animation(4), Edit{Width: 20, Opacity: 1, Quality: -1, Output: GIF})
	if err != nil {
		t.Fatal(err)
	}
	g, err := gif.DecodeAll(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Image) != 4 || g.LoopCount != 3 || g.Delay[0] != 5 || g.Delay[3] != 8 || g.Config.Width != 20 {
		t.Fatalf("%d frames, %d loops, delays %v, width %d", len(g.Image), g.LoopCount, g.Delay, g.Config.Width)
	}
	for i, m := range g.Image {
		if m.Bounds() != stdimage.Rect(0, 0, 20, 20) {
			t.Errorf("frame %d is not whole: %v", i, m.Bounds())
		}
		for x, want := range []color.NRGBA{red, red, red, red} {
			if i > 0 && x == i-1 {
				want = green
			}
			if got := at(m, 5*x+2, 2); !near(got, want, 16) {
				t.Errorf("frame %d, square %d: %v, want %v", i, x, got, want)
			}
		}
	}
	out, err = pool().Edit(t.Context(), animation(4), Plain(PNG))
	if err != nil {
		t.Fatal(err)
	}
	if got := at(decoded(t, out), 2, 2); got != red {
		t.Errorf("the first frame as PNG: %v", got)
	}
}

func TestIconsShowTheExtension(t *testing.T) {
	out, err := pool().Icon(t.Context(), "application/pdf", "pdf", Edit{Width: 200, Height: 200, Opacity: 1, Quality: -1})
	if err != nil {
		t.Fatal(err)
	}
	img := decoded(t, out)
	for _, p := range []pixel{
		{2, 2, color.NRGBA{0xec, 0xef, 0xf1, 255}},
		{50, 50, white},
		{45, 112, color.NRGBA{0xd3, 0x2f, 0x2f, 255}},
		{158, 22, color.NRGBA{0xec, 0xef, 0xf1, 255}},
		{128, 50, color.NRGBA{0xcf, 0xd8, 0xdc, 255}},
	} {
		if got := at(img, p.x, p.y); !near(got, p.want, 2) {
			t.Errorf("at %d,%d: %v, want %v", p.x, p.y, got, p.want)
		}
	}
	light := 0
	for x := 40; x < 160; x++ {
		if at(img, x, 130).G > 200 {
			light++
		}
	}
	if light < 10 || light > 80 {
		t.Errorf("%d pixels of the middle of the band are of letters", light)
	}
	for _, c := range []struct{ mime, extension, want string }{
		{"application/pdf", "pdf", "PDF"},
		{"", "", "FILE"},
		{"video/mp4", "", "MP4"},
		{"application/octet-stream", "", "FILE"},
		{"text/plain", "markdown", "MARK"},
		{"", "äöü", "FILE"},
		{"text/css", "<b>", "B"},
	} {
		if got := letters(c.mime, c.extension); got != c.want {
			t.Errorf("letters(%q, %q) = %q, want %q", c.mime, c.extension, got, c.want)
		}
	}
	if _, err := pool().Icon(t.Context(), "", "", Edit{Width: 30000, Opacity: 1, Quality: -1}); err == nil {
		t.Error("an icon of 30000 pixels was drawn")
	}
}

func TestAWrongEditIsNamed(t *testing.T) {
	src := pngOf(corners(8, 8))
	for field, change := range map[string]func(*Edit){
		"output":        func(e *Edit) { e.Output = "bmp" },
		"width":         func(e *Edit) { e.Width = -1 },
		"height":        func(e *Edit) { e.Height = 1 << 20 },
		"gravity":       func(e *Edit) { e.Gravity = "up" },
		"opacity":       func(e *Edit) { e.Opacity = 1.01 },
		"background":    func(e *Edit) { e.Background = "#fff" },
		"border width":  func(e *Edit) { e.BorderWidth = -1 },
		"border color":  func(e *Edit) { e.BorderColor = "red" },
		"border radius": func(e *Edit) { e.BorderRadius = -1 },
		"rotation":      func(e *Edit) { e.Rotation = 361 },
		"quality":       func(e *Edit) { e.Quality = 101 },
	} {
		e := Plain(PNG)
		change(&e)
		_, err := pool().Edit(t.Context(), src, e)
		var wrong *EditError
		if !errors.As(err, &wrong) || wrong.Field != field {
			t.Errorf("a wrong %s: %v", field, err)
		}
	}
}

func TestFitCovers(t *testing.T) {
	out, err := pool().Fit(t.Context(), pngOf(corners(80, 40)), 16, 16, -1, PNG)
	if err != nil {
		t.Fatal(err)
	}
	img := decoded(t, out)
	if got := img.Bounds().Size(); got != stdimage.Pt(16, 16) {
		t.Errorf("size %v", got)
	}
	if got := at(img, 1, 1); !near(got, red, 2) {
		t.Errorf("top left: %v", got)
	}
	if got := at(img, 14, 1); !near(got, green, 2) {
		t.Errorf("top right: %v", got)
	}
}
