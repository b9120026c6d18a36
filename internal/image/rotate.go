package image

import (
	stdimage "image"
	"image/color"
	"math"
)

// turned returns the size that a picture has after it was turned.
func turned(w, h, degrees int) (int, int) {
	switch degrees = (degrees%360 + 360) % 360; degrees {
	case 0, 180:
		return w, h
	case 90, 270:
		return h, w
	}
	sin, cos := math.Sincos(float64(degrees) * math.Pi / 180)
	sin, cos = math.Abs(sin), math.Abs(cos)
	const nothing = 1e-9 // what floating point adds to whole numbers
	return int(math.Ceil(float64(w)*cos + float64(h)*sin - nothing)),
		int(math.Ceil(float64(w)*sin + float64(h)*cos - nothing))
}

// rotate turns a picture clockwise. The color fills what the picture does not
// cover then.
func rotate(src *stdimage.RGBA, degrees int, c color.NRGBA) *stdimage.RGBA {
	switch degrees = (degrees%360 + 360) % 360; degrees {
	case 90:
		return orientation(6).upright(src)
	case 180:
		return orientation(3).upright(src)
	case 270:
		return orientation(8).upright(src)
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dw, dh := turned(w, h, degrees)
	dst := stdimage.NewRGBA(stdimage.Rect(0, 0, dw, dh))
	under := premultiplied(c)
	sin, cos := math.Sincos(float64(degrees) * math.Pi / 180)
	for y := range dh {
		// The center of the first pixel of the row, turned back around the middle.
		px, py := .5-float64(dw)/2, float64(y)+.5-float64(dh)/2
		sx := px*cos + py*sin + float64(w)/2 - .5
		sy := -px*sin + py*cos + float64(h)/2 - .5
		row := dst.Pix[y*dst.Stride:][:4*dw]
		for ; len(row) >= 4; row = row[4:] {
			covered := sample(row[:4:4], src, sx, sy)
			if covered < 255 && c.A != 0 {
				over(row[:4:4], under, 255-covered)
			}
			sx += cos
			sy -= sin
		}
	}
	return dst
}

// sample computes the color between four pixels, and how much of it is inside
// of the picture, of 255.
func sample(dst []uint8, src *stdimage.RGBA, x, y float64) (covered uint32) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	if x <= -1 || y <= -1 || x >= float64(w) || y >= float64(h) {
		return 0
	}
	x0, y0 := int(math.Floor(x)), int(math.Floor(y))
	fx, fy := uint32((x-float64(x0))*256), uint32((y-float64(y0))*256)
	var sum [4]uint32
	total := uint32(0)
	for i, weight := range [4]uint32{(256 - fx) * (256 - fy), fx * (256 - fy), (256 - fx) * fy, fx * fy} {
		px, py := x0+(i&1), y0+(i>>1)
		if px < 0 || py < 0 || px >= w || py >= h {
			continue
		}
		total += weight
		p := src.Pix[py*src.Stride+4*px:][:4:4]
		sum[0] += weight * uint32(p[0])
		sum[1] += weight * uint32(p[1])
		sum[2] += weight * uint32(p[2])
		sum[3] += weight * uint32(p[3])
	}
	for i := range sum {
		dst[i] = uint8((sum[i] + 1<<15) >> 16)
	}
	return (total*255 + 1<<15) >> 16
}
