package image

import (
	stdimage "image"
	"image/color"
	"math"
)

// fade makes a picture more transparent.
func fade(img *stdimage.RGBA, opacity float64) {
	var table [256]uint8
	for i := range table {
		table[i] = uint8(math.Round(float64(i) * opacity))
	}
	for i, v := range img.Pix {
		img.Pix[i] = table[v]
	}
}

// flatten lays a picture on a color.
func flatten(img *stdimage.RGBA, c color.NRGBA) {
	under := premultiplied(c)
	for p := img.Pix; len(p) >= 4; p = p[4:] {
		if p[3] != 255 {
			over(p[:4:4], under, 255-uint32(p[3]))
		}
	}
}

// over adds a share of a color, of 255, to a pixel.
func over(p []uint8, c color.RGBA, share uint32) {
	p[0] += uint8((uint32(c.R)*share + 127) / 255)
	p[1] += uint8((uint32(c.G)*share + 127) / 255)
	p[2] += uint8((uint32(c.B)*share + 127) / 255)
	p[3] += uint8((uint32(c.A)*share + 127) / 255)
}

// border puts a frame around a picture.
func border(img *stdimage.RGBA, width int, c color.NRGBA) *stdimage.RGBA {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	dst := stdimage.NewRGBA(stdimage.Rect(0, 0, w+2*width, h+2*width))
	fill(dst, premultiplied(c))
	for y := range h {
		copy(dst.Pix[(y+width)*dst.Stride+4*width:], img.Pix[y*img.Stride:][:4*w])
	}
	return dst
}

func fill(img *stdimage.RGBA, c color.RGBA) {
	if len(img.Pix) < 4 {
		return
	}
	copy(img.Pix, []uint8{c.R, c.G, c.B, c.A})
	for n := 4; n < len(img.Pix); n *= 2 {
		copy(img.Pix[n:], img.Pix[:n])
	}
}

// round cuts off the corners outside of circles, with smooth edges.
func round(img *stdimage.RGBA, radius int) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	r := min(float64(radius), float64(w)/2, float64(h)/2)
	n := int(math.Ceil(r))
	for y := range n {
		for x := range n {
			covered := r - math.Hypot(r-float64(x)-.5, r-float64(y)-.5) + .5
			if covered >= 1 {
				break // and so is the rest of the row
			}
			share := uint32(255 * max(0, covered))
			for _, at := range [4][2]int{{x, y}, {w - 1 - x, y}, {x, h - 1 - y}, {w - 1 - x, h - 1 - y}} {
				p := img.Pix[at[1]*img.Stride+4*at[0]:][:4:4]
				for i := range p {
					p[i] = uint8((uint32(p[i])*share + 127) / 255)
				}
			}
		}
	}
}
