package image

import (
	stdimage "image"
	"image/color"
	"image/draw"
)

// shrink makes each k by k pixels one, their mean. It reads the picture as it
// was decoded, so that no copy of full size is made of it.
func shrink(src stdimage.Image, k int) *stdimage.RGBA {
	b := src.Bounds()
	if k <= 1 {
		dst := stdimage.NewRGBA(stdimage.Rect(0, 0, b.Dx(), b.Dy()))
		readRows(dst, src, 0)
		return dst
	}
	dst := stdimage.NewRGBA(stdimage.Rect(0, 0, (b.Dx()+k-1)/k, (b.Dy()+k-1)/k))
	if y, ok := src.(*stdimage.YCbCr); ok {
		shrinkYCbCr(dst, y, k)
		return dst
	}
	band := stdimage.NewRGBA(stdimage.Rect(0, 0, b.Dx(), k))
	for y := range dst.Rect.Dy() {
		rows := min(k, b.Dy()-y*k)
		part := band.SubImage(stdimage.Rect(0, 0, b.Dx(), rows)).(*stdimage.RGBA)
		readRows(part, src, y*k)
		shrinkBand(dst.Pix[y*dst.Stride:][:4*dst.Rect.Dx()], part, k)
	}
	return dst
}

// shrinkBand makes one row of a band of at most k.
func shrinkBand(dst []uint8, band *stdimage.RGBA, k int) {
	width, rows := band.Rect.Dx(), band.Rect.Dy()
	for x := 0; 4*x < len(dst); x++ {
		from, to := x*k, min(x*k+k, width)
		var r, g, b, a uint32
		for y := range rows {
			row := band.Pix[y*band.Stride+4*from : y*band.Stride+4*to]
			for ; len(row) >= 4; row = row[4:] {
				r += uint32(row[0])
				g += uint32(row[1])
				b += uint32(row[2])
				a += uint32(row[3])
			}
		}
		n := uint32(rows * (to - from))
		d := dst[4*x : 4*x+4 : 4*x+4]
		d[0], d[1], d[2], d[3] = uint8((r+n/2)/n), uint8((g+n/2)/n), uint8((b+n/2)/n), uint8((a+n/2)/n)
	}
}

// shrinkYCbCr takes the mean before it computes the color, which is the same
// and has less to compute.
func shrinkYCbCr(dst *stdimage.RGBA, src *stdimage.YCbCr, k int) {
	b := src.Rect
	across, down := subsampling(src.SubsampleRatio)
	width := dst.Rect.Dx()
	for y := range dst.Rect.Dy() {
		y0, y1 := b.Min.Y+y*k, min(b.Min.Y+y*k+k, b.Max.Y)
		c0, c1 := y0/down-b.Min.Y/down, (y1-1)/down-b.Min.Y/down+1
		for x := range width {
			x0, x1 := b.Min.X+x*k, min(b.Min.X+x*k+k, b.Max.X)
			from, to := x0-b.Min.X, x1-b.Min.X
			cFrom, cTo := x0/across-b.Min.X/across, (x1-1)/across-b.Min.X/across+1
			luma := mean(src.Y, src.YStride, from, to, y0-b.Min.Y, y1-b.Min.Y)
			cb := mean(src.Cb, src.CStride, cFrom, cTo, c0, c1)
			cr := mean(src.Cr, src.CStride, cFrom, cTo, c0, c1)
			d := dst.Pix[y*dst.Stride+4*x:][:4:4]
			d[0], d[1], d[2] = color.YCbCrToRGB(luma, cb, cr)
			d[3] = 255
		}
	}
}

func mean(plane []uint8, stride, x0, x1, y0, y1 int) uint8 {
	sum := uint32(0)
	for y := y0; y < y1; y++ {
		for _, v := range plane[y*stride+x0 : y*stride+x1] {
			sum += uint32(v)
		}
	}
	n := uint32((x1 - x0) * (y1 - y0))
	return uint8((sum + n/2) / n)
}

// subsampling returns how many pixels share a color, across and down.
func subsampling(r stdimage.YCbCrSubsampleRatio) (across, down int) {
	switch r {
	case stdimage.YCbCrSubsampleRatio422:
		return 2, 1
	case stdimage.YCbCrSubsampleRatio420:
		return 2, 2
	case stdimage.YCbCrSubsampleRatio440:
		return 1, 2
	case stdimage.YCbCrSubsampleRatio411:
		return 4, 1
	case stdimage.YCbCrSubsampleRatio410:
		return 4, 2
	}
	return 1, 1
}

// readRows copies rows of a picture from y on, as many as dst has.
func readRows(dst *stdimage.RGBA, src stdimage.Image, y int) {
	b := src.Bounds()
	from := stdimage.Pt(b.Min.X, b.Min.Y+y)
	switch src := src.(type) {
	case *stdimage.Paletted:
		readPaletted(dst, src, y)
	case *stdimage.NYCbCrA:
		draw.Draw(dst, dst.Rect, &src.YCbCr, from, draw.Src)
		readAlpha(dst, src, y)
	default:
		draw.Draw(dst, dst.Rect, src, from, draw.Src)
	}
}

func readPaletted(dst *stdimage.RGBA, src *stdimage.Paletted, y int) {
	table := paletteTable(src.Palette)
	for row := range dst.Rect.Dy() {
		out := dst.Pix[row*dst.Stride:]
		for x, i := range src.Pix[(y+row)*src.Stride:][:dst.Rect.Dx()] {
			c := table[i]
			d := out[4*x:][:4:4]
			d[0], d[1], d[2], d[3] = c.R, c.G, c.B, c.A
		}
	}
}

// paletteTable has all indexes there may be; those without a color are clear.
func paletteTable(p color.Palette) (table [256]color.RGBA) {
	for i, c := range p[:min(len(p), len(table))] {
		table[i] = color.RGBAModel.Convert(c).(color.RGBA)
	}
	return table
}

// readAlpha multiplies what was read by the alpha that goes with it.
func readAlpha(dst *stdimage.RGBA, src *stdimage.NYCbCrA, y int) {
	for row := range dst.Rect.Dy() {
		out := dst.Pix[row*dst.Stride:]
		for x, a := range src.A[(y+row)*src.AStride:][:dst.Rect.Dx()] {
			if a == 255 {
				continue
			}
			d := out[4*x:][:4:4]
			for i := range d[:3] {
				d[i] = uint8((uint32(d[i])*uint32(a) + 127) / 255)
			}
			d[3] = a
		}
	}
}

// toRGBA returns the picture as one whose rows follow each other from the origin.
// It may be the same one.
func toRGBA(img stdimage.Image) *stdimage.RGBA {
	if rgba, ok := img.(*stdimage.RGBA); ok && rgba.Rect.Min == (stdimage.Point{}) && rgba.Stride == 4*rgba.Rect.Dx() {
		return rgba
	}
	return shrink(img, 1)
}
