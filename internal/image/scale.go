package image

import (
	"context"
	stdimage "image"
	"image/color"
	"math"
)

// apply does what the edit says to a picture of which a window stays.
func (e Edit) apply(ctx context.Context, pic picture, win window) (*stdimage.RGBA, error) {
	img := e.scale(pic, win)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if e.Opacity < 1 {
		fade(img, e.Opacity)
	}
	if c, ok := parseColor(e.Background); ok {
		flatten(img, c)
	}
	if e.BorderWidth > 0 {
		c, ok := parseColor(e.BorderColor)
		if !ok {
			c.A = 255
		}
		img = border(img, e.BorderWidth, c)
	}
	if e.BorderRadius > 0 {
		round(img, e.BorderRadius)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if e.Rotation%360 != 0 {
		c, _ := parseColor(e.Background)
		if e.BorderRadius > 0 {
			c = color.NRGBA{} // as clear as the corners
		}
		img = rotate(img, e.Rotation, c)
	}
	return img, ctx.Err()
}

// scale brings the window to its size. Large pictures are made smaller by a
// whole factor first, which is cheap, but never to less than twice the size, so
// that the filter which comes then decides what it looks like. The result is
// the caller's to change.
func (e Edit) scale(pic picture, win window) *stdimage.RGBA {
	k := max(1, int(min(win.w/float64(win.width), win.h/float64(win.height))/2))
	small := pic.orient.upright(shrink(pic.img, k))
	f := float64(k)
	win.x, win.y, win.w, win.h = win.x/f, win.y/f, win.w/f, win.h/f
	if b := small.Bounds(); k == 1 && win == (window{0, 0, float64(b.Dx()), float64(b.Dy()), b.Dx(), b.Dy()}) {
		return small
	}
	return resample(small, win)
}

// taps are the weights of a row of source pixels for one pixel of the result.
// They add up to one, which is 1<<weightBits.
type taps struct {
	first   int
	weights []int32
}

const (
	weightBits = 14
	// Between the passes, values have six more bits. The filter overshoots by
	// less than a fifth, so that they fit into 16 with a sign.
	betweenBits = 6
)

// catmullRom is the cubic that is 1 at 0, and 0 at other whole numbers.
func catmullRom(x float64) float64 {
	switch x = math.Abs(x); {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// makeTaps computes the weights for n pixels that cover size source pixels from
// start, of those that there are.
func makeTaps(n int, start, size float64, there int) []taps {
	step := size / float64(n)
	wide := max(1, step) // the filter grows with what one pixel covers
	list := make([]taps, n)
	var exact []float64
	for i := range list {
		center := start + (float64(i)+.5)*step
		lo := max(0, int(math.Ceil(center-2*wide-.5)))
		hi := min(there-1, int(math.Floor(center+2*wide-.5)))
		lo, hi = min(lo, there-1), max(hi, 0)
		exact = exact[:0]
		sum := 0.0
		for j := lo; j <= hi; j++ {
			w := catmullRom((float64(j) + .5 - center) / wide)
			exact = append(exact, w)
			sum += w
		}
		t := taps{first: lo, weights: make([]int32, len(exact))}
		left, largest := int32(1<<weightBits), 0
		for j, w := range exact {
			t.weights[j] = int32(math.Round(w / sum * (1 << weightBits)))
			left -= t.weights[j]
			if w > exact[largest] {
				largest = j
			}
		}
		t.weights[largest] += left // what rounding lost
		list[i] = t
	}
	return list
}

// resample scales a window by a filter, first along rows, then along columns.
// Of the rows between, only those are kept that the filter reaches over.
func resample(src *stdimage.RGBA, win window) *stdimage.RGBA {
	b := src.Bounds()
	across := makeTaps(win.width, win.x, win.w, b.Dx())
	down := makeTaps(win.height, win.y, win.h, b.Dy())
	reach := 0
	for _, t := range down {
		reach = max(reach, len(t.weights))
	}
	width := 4 * win.width
	ring := make([]int16, reach*width)
	dst := stdimage.NewRGBA(stdimage.Rect(0, 0, win.width, win.height))
	sums := make([]int32, width)
	filled := down[0].first
	for y, t := range down {
		for filled = max(filled, t.first); filled < t.first+len(t.weights); filled++ {
			rowAcross(ring[filled%reach*width:][:width], src.Pix[filled*src.Stride:][:4*b.Dx()], across)
		}
		clear(sums)
		for i, w := range t.weights {
			if w == 0 {
				continue
			}
			row := ring[(t.first+i)%reach*width:][:len(sums)]
			for x, v := range row {
				sums[x] += w * int32(v)
			}
		}
		store(dst.Pix[y*dst.Stride:][:width], sums)
	}
	return dst
}

// rowAcross scales one row.
func rowAcross(dst []int16, src []uint8, across []taps) {
	const shift = weightBits - betweenBits
	for _, t := range across {
		var r, g, b, a int32
		from := src[4*t.first:][:4*len(t.weights)]
		for _, w := range t.weights {
			p := from[:4:4]
			r += w * int32(p[0])
			g += w * int32(p[1])
			b += w * int32(p[2])
			a += w * int32(p[3])
			from = from[4:]
		}
		out := dst[:4:4]
		out[0], out[1], out[2], out[3] = int16(r>>shift), int16(g>>shift), int16(b>>shift), int16(a>>shift)
		dst = dst[4:]
	}
}

// store rounds sums to pixels. No color is brighter than its alpha allows.
func store(dst []uint8, sums []int32) {
	const shift, half = weightBits + betweenBits, 1 << (weightBits + betweenBits - 1)
	for i := 0; i+4 <= len(sums) && i+4 <= len(dst); i += 4 {
		s, d := sums[i:i+4:i+4], dst[i:i+4:i+4]
		a := min(max((s[3]+half)>>shift, 0), 255)
		d[0] = uint8(min(max((s[0]+half)>>shift, 0), a))
		d[1] = uint8(min(max((s[1]+half)>>shift, 0), a))
		d[2] = uint8(min(max((s[2]+half)>>shift, 0), a))
		d[3] = uint8(a)
	}
}
