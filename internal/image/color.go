package image

import (
	"encoding/hex"
	"image/color"
)

// parseColor reads hex digits: two for each of red, green and blue, and one
// more pair for alpha; or one digit for each.
func parseColor(text string) (c color.NRGBA, ok bool) {
	if len(text) == 3 || len(text) == 4 {
		long := make([]byte, 0, 8)
		for i := range len(text) {
			long = append(long, text[i], text[i])
		}
		text = string(long)
	}
	if len(text) != 6 && len(text) != 8 {
		return c, false
	}
	b, err := hex.DecodeString(text)
	if err != nil {
		return c, false
	}
	c = color.NRGBA{b[0], b[1], b[2], 255}
	if len(b) == 4 {
		c.A = b[3]
	}
	return c, true
}

// premultiplied returns the color as it is in an RGBA picture.
func premultiplied(c color.NRGBA) color.RGBA {
	r, g, b, a := c.RGBA()
	return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), uint8(a >> 8)}
}
