package image

import (
	"context"
	"math"
)

// Edit is what is done to a picture, in the order of its fields: it is cut and
// scaled, made transparent, laid on a background, framed, its corners rounded,
// and turned.
//
// The zero value is not the picture as it was: [Plain] is.
type Edit struct {
	Width, Height int    // 0 keeps the ratio; both 0: no scaling
	Gravity       string // which part stays when both are given: "" or "center", "top", "top-left", …
	Opacity       float64
	Background    string // hex digits without '#', or "" for none
	BorderWidth   int    // the picture grows by it on each side
	BorderColor   string // hex digits without '#'; "" is black
	BorderRadius  int
	Rotation      int // degrees, clockwise; the picture grows so that all of it is there
	Quality       int // -1: the format's default; 0..100
	Output        Format
}

// Plain is an edit that changes nothing but the format. "" keeps that, too,
// where it can be written, and is JPEG where not.
func Plain(output Format) Edit { return Edit{Opacity: 1, Quality: -1, Output: output} }

// gravity says which share of what is cut off goes at the left, and at the top.
type gravity struct{ left, top float64 }

func parseGravity(name string) (g gravity, ok bool) {
	switch name {
	case "", "center":
		return gravity{.5, .5}, true
	case "top-left":
		return gravity{0, 0}, true
	case "top":
		return gravity{.5, 0}, true
	case "top-right":
		return gravity{1, 0}, true
	case "left":
		return gravity{0, .5}, true
	case "right":
		return gravity{1, .5}, true
	case "bottom-left":
		return gravity{0, 1}, true
	case "bottom":
		return gravity{.5, 1}, true
	case "bottom-right":
		return gravity{1, 1}, true
	}
	return gravity{}, false
}

func (e Edit) check() error {
	const maxDegrees = 360
	wrong := func(field string) error { return &EditError{Field: field} }
	_, gravityOK := parseGravity(e.Gravity)
	_, backgroundOK := parseColor(e.Background)
	_, borderOK := parseColor(e.BorderColor)
	switch {
	case e.Output.MIME() == "":
		return wrong("output")
	case !e.Output.CanEncode():
		return ErrNoEncoder
	case e.Width < 0 || e.Width > maxSide:
		return wrong("width")
	case e.Height < 0 || e.Height > maxSide:
		return wrong("height")
	case !gravityOK:
		return wrong("gravity")
	case !(e.Opacity >= 0 && e.Opacity <= 1): // which NaN is not
		return wrong("opacity")
	case e.Background != "" && !backgroundOK:
		return wrong("background")
	case e.BorderWidth < 0 || e.BorderWidth > maxSide:
		return wrong("border width")
	case e.BorderColor != "" && !borderOK:
		return wrong("border color")
	case e.BorderRadius < 0:
		return wrong("border radius")
	case e.Rotation < -maxDegrees || e.Rotation > maxDegrees:
		return wrong("rotation")
	case e.Quality < -1 || e.Quality > 100:
		return wrong("quality")
	}
	return nil
}

// window is the part of a picture that stays, and the size it gets.
type window struct {
	x, y, w, h    float64
	width, height int
}

func (e Edit) window(width, height int) window {
	w, h := float64(width), float64(height)
	all := window{0, 0, w, h, width, height}
	switch {
	case e.Width == 0 && e.Height == 0:
	case e.Height == 0:
		all.width, all.height = e.Width, atLeastOne(h*float64(e.Width)/w)
	case e.Width == 0:
		all.width, all.height = atLeastOne(w*float64(e.Height)/h), e.Height
	default:
		ratio := max(float64(e.Width)/w, float64(e.Height)/h)
		cut := window{w: float64(e.Width) / ratio, h: float64(e.Height) / ratio, width: e.Width, height: e.Height}
		g, _ := parseGravity(e.Gravity)
		cut.x, cut.y = (w-cut.w)*g.left, (h-cut.h)*g.top
		return cut
	}
	return all
}

func atLeastOne(v float64) int { return max(1, int(min(math.Round(v), maxSide+1))) }

// bounds checks what the edit makes of a picture of that size before it is made.
func (l Limits) bounds(e Edit, width, height int) (win window, err error) {
	win = e.window(width, height)
	if err := l.check(win.width, win.height); err != nil {
		return win, err
	}
	w, h := win.width+2*e.BorderWidth, win.height+2*e.BorderWidth
	if err := l.check(w, h); err != nil {
		return win, err
	}
	w, h = turned(w, h, e.Rotation)
	if err := l.check(w, h); err != nil {
		return win, err
	}
	if most := e.Output.side(); w > most || h > most {
		return win, &ResolutionError{Width: w, Height: h, Max: min(l.MaxPixels, int64(most)*int64(most))}
	}
	return win, nil
}

func (l Limits) editStill(ctx context.Context, format Format, src []byte, e Edit) ([]byte, error) {
	pic, err := l.decode(ctx, format, src, func(width, height int) error {
		_, err := l.bounds(e, width, height)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	width, height := pic.size()
	win, err := l.bounds(e, width, height)
	if err != nil {
		return nil, err
	}
	img, err := e.apply(ctx, pic, win)
	if err != nil {
		return nil, err
	}
	return encode(ctx, img, e.Output, e.Quality, e.Background)
}
