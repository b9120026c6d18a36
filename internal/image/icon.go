package image

import (
	"context"
	"fmt"
	stdimage "image"
	"image/color"
	"image/draw"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

const (
	iconBackground = "eceff1"
	iconSize       = 256 // where nobody asks for one
	iconLetters    = 4
)

// Icon draws what stands for a file that is no picture: a sheet of paper with a
// band in the color of its kind and the letters of its extension. The edit is
// made of it as of any other picture; the output is PNG, and the background
// light grey, unless it says otherwise.
func (p *Pool) Icon(ctx context.Context, mime, extension string, e Edit) ([]byte, error) {
	if e.Output == "" {
		e.Output = PNG
	}
	if e.Background == "" {
		e.Background = iconBackground
	}
	if err := e.check(); err != nil {
		return nil, err
	}
	// It is drawn in the size that is asked for, so that its edges are sharp.
	size := max(e.Width, e.Height)
	if size == 0 {
		size = iconSize
	}
	if err := p.limits.check(size, size); err != nil {
		return nil, err
	}
	win, err := p.limits.bounds(e, size, size)
	if err != nil {
		return nil, err
	}
	return p.run(ctx, func(ctx context.Context) ([]byte, error) {
		sheet, err := drawIcon(size, kindColor(mime, extension), letters(mime, extension))
		if err != nil {
			return nil, err
		}
		img, err := e.apply(ctx, picture{img: sheet}, win)
		if err != nil {
			return nil, err
		}
		return encode(ctx, img, e.Output, e.Quality, e.Background)
	})
}

// letters returns what is written on the sheet.
func letters(mime, extension string) string {
	_, sub, _ := strings.Cut(mime, "/")
	for _, text := range []string{extension, sub} {
		text = strings.Map(func(r rune) rune {
			switch {
			case 'a' <= r && r <= 'z':
				return r - 'a' + 'A'
			case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
				return r
			}
			return -1
		}, text[:min(len(text), 64)])
		if text != "" && (len(text) <= iconLetters || extension != "") {
			return text[:min(len(text), iconLetters)]
		}
	}
	return "FILE"
}

// kindColor is what people know files of a kind by.
func kindColor(mime, extension string) color.NRGBA {
	mime, extension = strings.ToLower(mime), strings.ToLower(extension)
	has := func(parts ...string) bool {
		for _, part := range parts {
			if strings.Contains(mime, part) {
				return true
			}
		}
		return false
	}
	switch top, _, _ := strings.Cut(mime, "/"); {
	case top == "image":
		return color.NRGBA{0x26, 0xa6, 0x9a, 255}
	case top == "video":
		return color.NRGBA{0xef, 0x53, 0x50, 255}
	case top == "audio", has("mpegurl"):
		return color.NRGBA{0xab, 0x47, 0xbc, 255}
	case has("pdf"), extension == "pdf":
		return color.NRGBA{0xd3, 0x2f, 0x2f, 255}
	case has("presentation", "powerpoint"):
		return color.NRGBA{0xf4, 0x7b, 0x20, 255}
	case has("sheet", "excel", "csv"), extension == "csv":
		return color.NRGBA{0x38, 0x8e, 0x3c, 255}
	case has("word", "opendocument.text", "rtf"):
		return color.NRGBA{0x1e, 0x70, 0xc9, 255}
	case has("zip", "tar", "compressed", "rar", "7z"):
		return color.NRGBA{0x8d, 0x6e, 0x63, 255}
	case has("json", "xml", "javascript", "html", "yaml", "sql"):
		return color.NRGBA{0x5c, 0x6b, 0xc0, 255}
	}
	return color.NRGBA{0x60, 0x7d, 0x8b, 255}
}

// drawIcon draws a square icon. All places are shares of its side.
func drawIcon(size int, band color.NRGBA, text string) (*stdimage.RGBA, error) {
	const (
		left, right, top, bottom = .2, .8, .1, .9
		fold                     = .18
		bandTop, bandBottom      = .54, .76
		letterSize               = .15
	)
	img := stdimage.NewRGBA(stdimage.Rect(0, 0, size, size))
	polygon(img, color.NRGBA{255, 255, 255, 255}, left, top, right-fold, top, right, top+fold, right, bottom, left, bottom)
	polygon(img, color.NRGBA{0xcf, 0xd8, 0xdc, 255}, right-fold, top, right, top+fold, right-fold, top+fold)
	polygon(img, band, left, bandTop, right, bandTop, right, bandBottom, left, bandBottom)

	parsed, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil, fmt.Errorf("image: the font of icons: %w", err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: letterSize * float64(size), DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("image: the font of icons: %w", err)
	}
	defer face.Close()
	pen := font.Drawer{Dst: img, Src: stdimage.White, Face: face}
	bounds, _ := pen.BoundString(text)
	middle := func(share float64) fixed.Int26_6 { return fixed.Int26_6(share * float64(size) * 64) }
	pen.Dot = fixed.Point26_6{
		X: middle((left+right)/2) - (bounds.Min.X+bounds.Max.X)/2,
		Y: middle((bandTop+bandBottom)/2) - (bounds.Min.Y+bounds.Max.Y)/2,
	}
	pen.DrawString(text)
	return img, nil
}

// polygon fills the area between points, which are given as x and y in turns.
func polygon(img *stdimage.RGBA, c color.Color, points ...float64) {
	size := img.Rect.Dx()
	r := vector.NewRasterizer(size, size)
	at := func(i int) (x, y float32) {
		return float32(points[i] * float64(size)), float32(points[i+1] * float64(size))
	}
	r.MoveTo(at(0))
	for i := 2; i+1 < len(points); i += 2 {
		r.LineTo(at(i))
	}
	r.ClosePath()
	r.DrawOp = draw.Over
	r.Draw(img, img.Rect, stdimage.NewUniform(c), stdimage.Point{})
}
