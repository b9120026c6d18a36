package image

import (
	"bytes"
	"encoding/binary"
	stdimage "image"
)

// orientation is how a picture lies in its file, as Exif counts it: 1 is
// upright, 3 is upside down, 6 and 8 lie on a side, and the others are those in
// a mirror. 0 is 1.
type orientation uint8

// swaps reports whether width and height change places.
func (o orientation) swaps() bool { return o >= 5 }

func (o orientation) size(width, height int) (int, int) {
	if o.swaps() {
		return height, width
	}
	return width, height
}

// jpegOrientation finds the orientation in the Exif segment of a JPEG. What is
// wrong there makes a picture upright, not an error.
func jpegOrientation(src []byte) orientation {
	const (
		app1       = 0xe1
		startScan  = 0xda
		fill       = 0xff
		exifHeader = "Exif\x00\x00"
	)
	for i := 2; i+4 <= len(src) && src[i] == fill; {
		marker := src[i+1]
		if marker == fill { // padding
			i++
			continue
		}
		if marker == startScan {
			break
		}
		length := int(binary.BigEndian.Uint16(src[i+2:]))
		end := i + 2 + length
		if length < 2 || end > len(src) {
			break
		}
		if body := src[i+4 : end]; marker == app1 && bytes.HasPrefix(body, []byte(exifHeader)) {
			return tiffOrientation(body[len(exifHeader):])
		}
		i = end
	}
	return 1
}

// tiffOrientation reads the tag from the first directory.
func tiffOrientation(b []byte) orientation {
	const (
		header, entry  = 8, 12
		tagOrientation = 0x0112
		typeShort      = 3
	)
	if len(b) < header {
		return 1
	}
	var order binary.ByteOrder
	switch string(b[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return 1
	}
	at := int64(order.Uint32(b[4:]))
	if at+2 > int64(len(b)) {
		return 1
	}
	list := b[at+2:]
	for n := order.Uint16(b[at:]); n > 0 && len(list) >= entry; n, list = n-1, list[entry:] {
		if order.Uint16(list) == tagOrientation && order.Uint16(list[2:]) == typeShort {
			if v := order.Uint16(list[8:]); v >= 1 && v <= 8 {
				return orientation(v)
			}
			return 1
		}
	}
	return 1
}

// upright turns a picture the way its orientation says.
func (o orientation) upright(src *stdimage.RGBA) *stdimage.RGBA {
	if o <= 1 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	dw, dh := o.size(w, h)
	dst := stdimage.NewRGBA(stdimage.Rect(0, 0, dw, dh))
	// Where the first pixel of a row of dst is in src, and the steps from there.
	var x0, y0, dx, dy, rowX, rowY int
	switch o {
	case 2:
		x0, dx, rowY = w-1, -1, 1
	case 3:
		x0, y0, dx, rowY = w-1, h-1, -1, -1
	case 4:
		y0, dx, rowY = h-1, 1, -1
	case 5:
		dy, rowX = 1, 1
	case 6:
		y0, dy, rowX = h-1, -1, 1
	case 7:
		x0, y0, dy, rowX = w-1, h-1, -1, -1
	case 8:
		x0, dy, rowX = w-1, 1, -1
	}
	step := dy*src.Stride + dx*4
	for y := range dh {
		from := (y0+y*rowY)*src.Stride + (x0+y*rowX)*4
		row := dst.Pix[y*dst.Stride:][:dw*4]
		for i := 0; i < len(row); i += 4 {
			copy(row[i:i+4], src.Pix[from:from+4])
			from += step
		}
	}
	return dst
}
