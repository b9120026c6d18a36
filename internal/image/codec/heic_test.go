package codec

import (
	"bytes"
	"encoding/binary"
	"flag"
	"image/color"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write testdata anew")

const quartersFile = "testdata/quarters.heic"

// The file that tests read is the one that is written here, bit by bit, for
// there is nothing that encodes HEIC: 32 by 32 pixels in quarters of red, green,
// blue and white, whose samples stand in the stream as they are (I_PCM).
func TestAHEICIsDecoded(t *testing.T) {
	want := heicFile([4][3]byte{{76, 85, 255}, {150, 44, 21}, {29, 255, 107}, {255, 128, 128}})
	if *update {
		if err := os.WriteFile(quartersFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	src, err := os.ReadFile(quartersFile)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(src, want) {
		t.Fatal("the file is not what the test writes: go test -update")
	}
	img, err := DecodeHEIC(t.Context(), src, 32*32)
	if err != nil {
		t.Fatal(err)
	}
	if s := img.Bounds().Size(); s.X != 32 || s.Y != 32 {
		t.Fatalf("size %v", s)
	}
	for _, c := range []struct {
		x, y int
		want color.NRGBA
	}{{3, 3, color.NRGBA{255, 0, 0, 255}}, {28, 3, color.NRGBA{0, 255, 0, 255}}, {3, 28, color.NRGBA{0, 0, 255, 255}}, {28, 28, color.NRGBA{255, 255, 255, 255}}} {
		got := color.NRGBAModel.Convert(img.At(c.x, c.y)).(color.NRGBA)
		if dist(got.R, c.want.R) > 3 || dist(got.G, c.want.G) > 3 || dist(got.B, c.want.B) > 3 {
			t.Errorf("at %d,%d: %v, want %v", c.x, c.y, got, c.want)
		}
	}
	if _, err := DecodeHEIC(t.Context(), src, 32*32-1); err == nil {
		t.Error("a picture of more pixels than allowed was decoded")
	}
	for n := 0; n < len(src); n += 97 {
		DecodeHEIC(t.Context(), src[:n], 1e6) // which must end
	}
}

// bits writes a bit stream as H.265 has it.
type bits struct {
	out  []byte
	free int // bits of the last byte
}

func (b *bits) u(n int, v uint64) *bits {
	for n--; n >= 0; n-- {
		if b.free == 0 {
			b.out, b.free = append(b.out, 0), 8
		}
		b.free--
		b.out[len(b.out)-1] |= byte(v>>n&1) << b.free
	}
	return b
}

// ue writes numbers as Exp-Golomb codes.
func (b *bits) ue(values ...uint64) *bits {
	for _, v := range values {
		n := 0
		for (v+1)>>n > 1 {
			n++
		}
		b.u(n, 0).u(n+1, v+1)
	}
	return b
}

func (b *bits) end() []byte { b.u(1, 1); b.free = 0; return b.out }

// nal puts a header before a payload, and what keeps it from looking like a
// start code into it.
func nal(kind byte, payload []byte) []byte {
	out, zeros := []byte{kind << 1, 1}, 0
	for _, c := range payload {
		if zeros >= 2 && c <= 3 {
			out, zeros = append(out, 3), 0
		}
		if out = append(out, c); c == 0 {
			zeros++
		} else {
			zeros = 0
		}
	}
	return out
}

// cabac is the arithmetic coder (H.265 §9.3), for two kinds of bins.
type cabac struct {
	*bits
	low, size, waiting uint32
	begun              bool
}

func (c *cabac) start() { c.low, c.size, c.waiting, c.begun = 0, 510, 0, false }

func (c *cabac) put(bit uint32) {
	if c.begun {
		c.u(1, uint64(bit))
	}
	c.begun = true
	for ; c.waiting > 0; c.waiting-- {
		c.u(1, uint64(1-bit))
	}
}

func (c *cabac) normal() {
	for c.size < 256 {
		switch {
		case c.low < 256:
			c.put(0)
		case c.low >= 512:
			c.low -= 512
			c.put(1)
		default:
			c.low -= 256
			c.waiting++
		}
		c.size, c.low = c.size<<1, c.low<<1
	}
}

// likely codes the bin that its context expects, in one of its first states.
func (c *cabac) likely(state int) {
	c.size -= [4][4]uint32{{128, 176, 208, 240}, {128, 167, 197, 227}, {128, 158, 187, 216}, {123, 150, 178, 205}}[state][c.size>>6&3]
	c.normal()
}

func (c *cabac) terminate(last bool) {
	c.size -= 2
	if !last {
		c.normal()
		return
	}
	c.low += c.size
	c.size = 2
	c.normal()
	c.put(c.low >> 9 & 1)
	c.u(2, uint64(c.low>>7&3|1))
	c.free = 0
}

func heicFile(quarters [4][3]byte) []byte {
	profile := func(b *bits) *bits { return b.u(8, 1).u(32, 0x60000000).u(4, 0b1001).u(44, 0).u(8, 30) }
	vps := nal(32, profile(new(bits).u(4, 0).u(2, 3).u(6, 0).u(3, 0).u(1, 1).u(16, 0xffff)).
		u(1, 1).ue(0, 0, 0).u(6, 0).ue(0).u(2, 0).end())
	sps := nal(33, profile(new(bits).u(4, 0).u(3, 0).u(1, 1)).
		ue(0, 1, 32, 32).u(1, 0).ue(0, 0, 0).u(1, 1).ue(0, 0, 0).
		ue(1, 0, 0, 2, 0, 0).                        // blocks of 16, and nothing smaller
		u(3, 0).u(1, 1).u(8, 0x77).ue(1, 0).u(1, 1). // samples as they are
		ue(0).u(5, 0).end())
	pps := nal(34, new(bits).ue(0, 0).u(7, 0).ue(0, 0, 0).u(3, 0).ue(0, 0).u(7, 0).
		u(3, 0b101).u(2, 0).ue(0).u(2, 0).end())

	slice := &cabac{bits: new(bits).u(2, 0b10).ue(0, 2, 0)}
	slice.end()
	slice.start()
	for i, q := range quarters {
		if i > 0 {
			slice.terminate(false) // not the end of the slice
		}
		slice.likely(i) // not split
		slice.terminate(true)
		for plane, n := range []int{256, 64, 64} {
			slice.out = append(slice.out, bytes.Repeat([]byte{q[plane]}, n)...)
		}
		slice.start()
	}
	slice.terminate(true)
	idr := nal(19, slice.out)
	data := append(binary.BigEndian.AppendUint32(nil, uint32(len(idr))), idr...)

	config := "\x01\x01\x60\x00\x00\x00\x90\x00\x00\x00\x00\x00\x1e\xf0\x00\xfc\xfd\xf8\xf8\x00\x00\x0f\x03"
	for i, n := range [][]byte{vps, sps, pps} {
		config += string([]byte{0x80 | byte(32+i), 0, 1, 0, byte(len(n))}) + string(n)
	}
	const full = "\x00\x00\x00\x00"
	file := func(offset int) []byte {
		word := func(n int) string { return string(binary.BigEndian.AppendUint32(nil, uint32(n))) }
		return []byte(isoBox("ftyp", "heic"+full+"mif1heic") + isoBox("meta", full+
			isoBox("hdlr", full+full+"pict"+full+full+full+"\x00")+
			isoBox("pitm", full+"\x00\x01")+
			isoBox("iloc", full+"\x44\x00\x00\x01\x00\x01\x00\x00\x00\x01"+word(offset)+word(len(data)))+
			isoBox("iinf", full+"\x00\x01"+isoBox("infe", "\x02\x00\x00\x00\x00\x01\x00\x00hvc1\x00"))+
			isoBox("iprp", isoBox("ipco", isoBox("hvcC", config)+isoBox("ispe", full+word(32)+word(32)))+
				isoBox("ipma", full+"\x00\x00\x00\x01\x00\x01\x02\x81\x02"))) + isoBox("mdat", string(data)))
	}
	return file(len(file(0)) - len(data))
}

func isoBox(name, body string) string {
	return string(binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))) + name + body
}
