package avatars

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

const (
	svgType  = "image/svg+xml"
	svgSpace = "http://www.w3.org/2000/svg"
	xlink    = "http://www.w3.org/1999/xlink"

	maxElements = 20_000
	maxNesting  = 64
	maxSVG      = 2 << 20 // bytes that are written
	maxUses     = 256
)

var errSVG = errors.New("it is no SVG image that can be made safe")

// sanitize writes an SVG image anew from the elements and attributes that draw,
// and do nothing else. What is not on the lists is left out: scripts, handlers,
// foreign content, animation (which can change an attribute after it was
// checked), and every reference to anything but a part of the image itself.
func sanitize(src []byte) ([]byte, error) {
	if i := bytes.IndexByte(src, 0); i >= 0 {
		return nil, errSVG
	}
	d := xml.NewDecoder(bytes.NewReader(src))
	w := &svgWriter{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errSVG, err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			keep, err := w.start(t)
			if err != nil {
				return nil, err
			}
			if !keep {
				if err := skip(d, len(w.open)); err != nil {
					return nil, err
				}
			}
		case xml.EndElement:
			w.end()
		case xml.CharData:
			w.text(t)
		}
		if w.out.Len() > maxSVG {
			return nil, errSVG
		}
	}
	if !w.rooted || len(w.open) > 0 {
		return nil, errSVG
	}
	return w.out.Bytes(), nil
}

// skip passes over the rest of an element that was opened. It does not recurse,
// because what it passes over may be nested without end.
func skip(d *xml.Decoder, depth int) error {
	for open := 1; open > 0; {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("%w: %w", errSVG, err)
		}
		switch token.(type) {
		case xml.StartElement:
			open++
		case xml.EndElement:
			open--
		}
		if open+depth > maxNesting {
			return errSVG
		}
	}
	return nil
}

// svgWriter writes what is kept.
type svgWriter struct {
	out      bytes.Buffer
	open     []string // names of the open elements
	named    []bool   // whether they, or one around them, can be referred to
	rooted   bool
	elements int
	uses     int
}

func (w *svgWriter) start(t xml.StartElement) (bool, error) {
	name := t.Name.Local
	root := len(w.open) == 0
	if w.elements++; w.elements > maxElements || len(w.open) >= maxNesting || root && (w.rooted || name != "svg") {
		return false, errSVG
	}
	if !svgElements[name] || t.Name.Space != svgSpace && t.Name.Space != "" {
		if root {
			return false, errSVG
		}
		return false, nil
	}
	named := !root && w.named[len(w.named)-1]
	if name == "use" {
		// A part that is used is not to use others: each of a few steps could
		// double what a browser has to draw.
		if w.uses++; named || w.uses > maxUses {
			return false, nil
		}
	}
	w.rooted = true
	w.out.WriteString("<" + name)
	if root {
		w.out.WriteString(` xmlns="` + svgSpace + `"`)
	}
	seen := map[string]bool{}
	for _, a := range t.Attr {
		key := a.Name.Local
		if seen[key] || !w.allows(name, root, a) {
			continue
		}
		seen[key] = true
		named = named || key == "id"
		w.out.WriteString(" " + key + `="`)
		escape(&w.out, a.Value)
		w.out.WriteString(`"`)
	}
	w.out.WriteString(">")
	w.open, w.named = append(w.open, name), append(w.named, named)
	return true, nil
}

// allows tells whether an attribute is kept.
func (w *svgWriter) allows(element string, root bool, a xml.Attr) bool {
	key, value := a.Name.Local, a.Value
	if len(value) > maxSVG {
		return false
	}
	switch {
	case key == "href":
		return (a.Name.Space == "" || a.Name.Space == xlink) && fragment.MatchString(value)
	case a.Name.Space != "":
		return false
	case key == "id":
		// Nothing refers to the whole, and a use that has a name could be used.
		return !root && element != "use" && nameForm.MatchString(value)
	case key == "style":
		return safeStyle(value)
	}
	return svgAttributes[key] && safeValue(value)
}

func (w *svgWriter) end() {
	n := len(w.open) - 1
	w.out.WriteString("</" + w.open[n] + ">")
	w.open, w.named = w.open[:n], w.named[:n]
}

// text keeps the text of elements that show it.
func (w *svgWriter) text(t []byte) {
	if n := len(w.open); n > 0 && svgTexts[w.open[n-1]] {
		escape(&w.out, string(t))
	}
}

func escape(out *bytes.Buffer, s string) {
	xml.EscapeText(out, []byte(s)) //nolint:errcheck // a buffer takes everything
}

var (
	fragment = regexp.MustCompile(`^#[A-Za-z_][A-Za-z0-9_.:-]{0,127}$`)
	nameForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.:-]{0,127}$`)
	localURL = regexp.MustCompile(`^url\(\s*["']?#[A-Za-z_][A-Za-z0-9_.:-]{0,127}["']?\s*\)(\s+(none|#?[A-Za-z0-9]{1,32}))?$`)
	styleKey = regexp.MustCompile(`^[a-z-]{1,40}$`)
)

// safeValue allows values that refer to nothing but a part of the image.
func safeValue(value string) bool {
	v := strings.ToLower(strings.TrimSpace(value))
	if strings.Contains(v, "url") || strings.Contains(v, "image(") || strings.Contains(v, "image-set") || strings.Contains(v, "src(") {
		return localURL.MatchString(strings.TrimSpace(value))
	}
	return !strings.ContainsAny(v, `\@<>{}`) && !strings.Contains(v, "javascript:") && !strings.Contains(v, "data:") && !strings.Contains(v, "/*")
}

// safeStyle allows declarations of properties that are attributes as well.
func safeStyle(style string) bool {
	for declaration := range strings.SplitSeq(style, ";") {
		if declaration = strings.TrimSpace(declaration); declaration == "" {
			continue
		}
		key, value, ok := strings.Cut(declaration, ":")
		key = strings.TrimSpace(key)
		if !ok || !styleKey.MatchString(key) || !svgAttributes[key] || !safeValue(value) || strings.Contains(strings.ToLower(value), "expression") {
			return false
		}
	}
	return true
}

var svgElements = set(`svg g defs symbol use path rect circle ellipse line polyline polygon text tspan title desc
	linearGradient radialGradient stop clipPath mask pattern marker filter feBlend feColorMatrix feComponentTransfer
	feComposite feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology feOffset
	feDropShadow switch`)

// svgTexts are the elements whose text is kept.
var svgTexts = set(`text tspan title desc`)

var svgAttributes = set(`class version viewBox preserveAspectRatio width height x y x1 y1 x2 y2 cx cy r rx ry fx fy fr d points
	transform gradientTransform patternTransform gradientUnits patternUnits patternContentUnits spreadMethod offset
	clipPathUnits maskUnits maskContentUnits markerUnits markerWidth markerHeight refX refY orient pathLength
	filterUnits primitiveUnits in in2 result stdDeviation dx dy mode operator k1 k2 k3 k4 radius values type tableValues slope
	intercept amplitude exponent rotate textLength lengthAdjust
	fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit
	stroke-dasharray stroke-dashoffset opacity color stop-color stop-opacity flood-color flood-opacity clip-path clip-rule mask
	marker marker-start marker-mid marker-end filter display visibility overflow paint-order vector-effect shape-rendering
	color-interpolation color-interpolation-filters mix-blend-mode isolation enable-background font-family font-size font-style
	font-weight font-variant letter-spacing word-spacing text-anchor text-decoration dominant-baseline alignment-baseline
	baseline-shift`)

func set(words string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		m[w] = true
	}
	return m
}
