package image

import (
	"cmp"
	stdimage "image"
	"image/color"
	"slices"
)

// quantize finds at most 256 colors for a picture. Those that are few are kept
// as they are. Pixels that are more clear than not become clear.
//
// Dithering makes up for colors that are left out. It is for pictures that
// stand still: from frame to frame, its dots would dance.
func quantize(img *stdimage.RGBA, dither bool) *stdimage.Paletted {
	if p := quantizeExact(img); p != nil {
		return p
	}
	colors, clear := palette(img)
	n := len(colors)
	if clear {
		n--
	}
	dst := stdimage.NewPaletted(img.Rect, colors)
	near := nearest{colors: make([]color.RGBA, n), clear: uint8(n)}
	for i := range near.colors {
		near.colors[i] = colors[i].(color.RGBA)
	}
	if dither {
		near.dither(dst, img)
		return dst
	}
	for i := range dst.Pix {
		p := img.Pix[4*i:][:4:4]
		if p[3] < 128 {
			dst.Pix[i] = near.clear
			continue
		}
		p0, p1, p2 := unmultiply(p)
		dst.Pix[i] = near.index(p0, p1, p2)
	}
	return dst
}

// unmultiply returns the color of a pixel without its alpha.
func unmultiply(p []uint8) (r, g, b int32) {
	r, g, b = int32(p[0]), int32(p[1]), int32(p[2])
	if a := int32(p[3]); a != 255 && a != 0 {
		r, g, b = min(255, r*255/a), min(255, g*255/a), min(255, b*255/a)
	}
	return r, g, b
}

// quantizeExact returns nil if there are too many colors.
func quantizeExact(img *stdimage.RGBA) *stdimage.Paletted {
	index := make(map[color.RGBA]uint8, 256)
	var colors color.Palette
	pix := make([]uint8, len(img.Pix)/4)
	var last color.RGBA
	var lastIndex uint8
	for i := range pix {
		p := img.Pix[4*i:][:4:4]
		c := color.RGBA{}
		if p[3] >= 128 {
			r, g, b := unmultiply(p)
			c = color.RGBA{uint8(r), uint8(g), uint8(b), 255}
		}
		if c != last || i == 0 {
			n, ok := index[c]
			if !ok {
				if len(colors) == 256 {
					return nil
				}
				n = uint8(len(colors))
				index[c] = n
				colors = append(colors, c)
			}
			last, lastIndex = c, n
		}
		pix[i] = lastIndex
	}
	return &stdimage.Paletted{Pix: pix, Stride: img.Rect.Dx(), Rect: img.Rect, Palette: colors}
}

// bin is a cube of colors that are alike in their first five bits.
type bin struct{ r, g, b, n uint32 }

func binOf(r, g, b int32) int { return int(r>>3<<10 | g>>3<<5 | b>>3) }

// palette chooses colors by cutting those that there are into boxes of alike
// ones, at the median of the longest side. The last is clear, if one is needed.
func palette(img *stdimage.RGBA) (colors color.Palette, clear bool) {
	bins := make([]bin, 1<<15)
	for p := img.Pix; len(p) >= 4; p = p[4:] {
		if p[3] < 128 {
			clear = true
			continue
		}
		r, g, b := unmultiply(p)
		c := &bins[binOf(r, g, b)]
		c.r, c.g, c.b, c.n = c.r+uint32(r), c.g+uint32(g), c.b+uint32(b), c.n+1
	}
	bins = slices.DeleteFunc(bins, func(b bin) bool { return b.n == 0 })
	for i := range bins { // sums to means
		c := &bins[i]
		c.r, c.g, c.b = c.r/c.n, c.g/c.n, c.b/c.n
	}
	most := 256
	if clear {
		most--
	}
	boxes := []box{newBox(bins)}
	for len(boxes) < most {
		widest := 0
		for i, b := range boxes {
			if b.weight > boxes[widest].weight {
				widest = i
			}
		}
		if boxes[widest].weight == 0 {
			break // all are of one color
		}
		left, right := boxes[widest].cut()
		boxes[widest] = left
		boxes = append(boxes, right)
	}
	for _, b := range boxes {
		colors = append(colors, b.mean())
	}
	if clear {
		colors = append(colors, color.RGBA{})
	}
	return colors, clear
}

type box struct {
	bins   []bin
	axis   func(bin) uint32 // the longest side
	weight uint64           // how much a cut is worth
}

func newBox(bins []bin) (b box) {
	b.bins = bins
	n, longest := uint64(0), uint64(0)
	for _, c := range bins {
		n += uint64(c.n)
	}
	for _, axis := range []func(bin) uint32{
		func(c bin) uint32 { return c.g }, // first, for the eye sees it best
		func(c bin) uint32 { return c.r },
		func(c bin) uint32 { return c.b },
	} {
		lo, hi := uint32(255), uint32(0)
		for _, c := range bins {
			lo, hi = min(lo, axis(c)), max(hi, axis(c))
		}
		if hi > lo && uint64(hi-lo) > longest {
			longest, b.axis = uint64(hi-lo), axis
		}
	}
	// The number of pixels counts less than how far apart they are: small areas
	// of a color of their own are what one looks for.
	b.weight = longest * longest * (n/64 + 1)
	return b
}

func (b box) cut() (left, right box) {
	slices.SortFunc(b.bins, func(x, y bin) int { return cmp.Compare(b.axis(x), b.axis(y)) })
	total, sum, at := uint64(0), uint64(0), 1
	for _, c := range b.bins {
		total += uint64(c.n)
	}
	for i, c := range b.bins[:len(b.bins)-1] {
		sum += uint64(c.n)
		at = i + 1
		if sum >= total/2 {
			break
		}
	}
	return newBox(b.bins[:at]), newBox(b.bins[at:])
}

func (b box) mean() color.RGBA {
	var red, green, blue, n uint64
	for _, c := range b.bins {
		red += uint64(c.r) * uint64(c.n)
		green += uint64(c.g) * uint64(c.n)
		blue += uint64(c.b) * uint64(c.n)
		n += uint64(c.n)
	}
	n = max(1, n)
	return color.RGBA{uint8(red / n), uint8(green / n), uint8(blue / n), 255}
}

// nearest finds the color of a palette that is next to another, and remembers
// it for all that are alike in their first five bits.
type nearest struct {
	colors []color.RGBA
	clear  uint8
	known  [1 << 15]uint16 // index + 1
}

func (n *nearest) index(r, g, b int32) uint8 {
	known := &n.known[binOf(r, g, b)]
	if *known == 0 {
		best, least := 0, int32(1<<30)
		for i, c := range n.colors {
			dr, dg, db := r-int32(c.R), g-int32(c.G), b-int32(c.B)
			if d := 2*dr*dr + 4*dg*dg + db*db; d < least {
				best, least = i, d
			}
		}
		*known = uint16(best + 1)
	}
	return uint8(*known - 1)
}

// dither hands what a pixel's color is off on to its neighbours, as Floyd and
// Steinberg do.
func (n *nearest) dither(dst *stdimage.Paletted, img *stdimage.RGBA) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	here, below := make([][3]int32, w+2), make([][3]int32, w+2)
	for y := range h {
		clear(below)
		for x := range w {
			p := img.Pix[y*img.Stride+4*x:][:4:4]
			if p[3] < 128 {
				dst.Pix[y*dst.Stride+x] = n.clear
				continue
			}
			r, g, b := unmultiply(p)
			want := [3]int32{r, g, b}
			for i := range want {
				want[i] = min(max(want[i]+here[x+1][i]/16, 0), 255)
			}
			index := n.index(want[0], want[1], want[2])
			dst.Pix[y*dst.Stride+x] = index
			c := n.colors[index]
			for i, got := range [3]uint8{c.R, c.G, c.B} {
				off := want[i] - int32(got)
				here[x+2][i] += off * 7
				below[x][i] += off * 3
				below[x+1][i] += off * 5
				below[x+2][i] += off
			}
		}
		here, below = below, here
	}
}
