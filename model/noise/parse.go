package noise

// The kinds and the text forms of schemes.

import (
	"fmt"
	"strconv"
	"strings"
)

// A Kind is what a form or a help text needs to know of a kind of noise. Unit
// is "levels" (of 255) or "%", strengths go from 0 to Max.
type Kind struct {
	Name, Unit   string
	Default, Max float64
	Lesson       bool // it adds no noise, but teaches from pictures that are noisy
}

var (
	none       = Kind{Name: "none"}
	gaussian   = Kind{"gaussian", "levels", 25, 100, false}
	poisson    = Kind{"poisson", "levels", 25, 100, false}
	speckle    = Kind{"speckle", "levels", 50, 255, false}
	saltPepper = Kind{"saltpepper", "%", 10, 90, false}
	masked     = Kind{"masked", "%", 25, 90, false}
	camera     = Kind{"camera", "levels", 15, 100, false}
	blindSpot  = Kind{"blindspot", "%", 1.5, 50, true}
	pairs      = Kind{"pairs", "levels", 25, 100, true}
)

// Kinds returns all kinds, in the order a list shows them.
func Kinds() []Kind {
	return []Kind{none, gaussian, poisson, speckle, saltPepper, masked, camera, blindSpot, pairs}
}

func (None) String() string         { return none.Name }
func (s Gaussian) String() string   { return gaussian.text(Range(s)) }
func (s Poisson) String() string    { return poisson.text(Range(s)) }
func (s Speckle) String() string    { return speckle.text(Range(s)) }
func (s SaltPepper) String() string { return saltPepper.text(Range(s)) }
func (s Masked) String() string     { return masked.text(Range(s)) }
func (s Camera) String() string     { return camera.text(Range(s)) }
func (s BlindSpot) String() string  { return blindSpot.text(Range(s)) }
func (s Pairs) String() string      { return pairs.text(Range(s)) }

func (s Mix) String() string {
	parts := make([]string, len(s))
	for i, p := range s {
		parts[i] = fmt.Sprint(p)
	}
	return strings.Join(parts, "+")
}

func (k Kind) text(r Range) string {
	lo, hi := number(r.Lo), number(r.Hi)
	if lo == hi {
		return k.Name + ":" + lo
	}
	return k.Name + ":" + lo + "-" + hi
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func (k Kind) scheme(r Range) Scheme {
	switch k {
	case none:
		return None{}
	case gaussian:
		return Gaussian(r)
	case poisson:
		return Poisson(r)
	case speckle:
		return Speckle(r)
	case saltPepper:
		return SaltPepper(r)
	case masked:
		return Masked(r)
	case camera:
		return Camera(r)
	case blindSpot:
		return BlindSpot(r)
	case pairs:
		return Pairs(r)
	}
	panic("noise: " + k.Name + " has no scheme")
}

// A ParseError says which part of a text is not a scheme and what would be.
type ParseError struct{ Text, Part, Want string }

func (e *ParseError) Error() string {
	return fmt.Sprintf("noise: %q in %q: want %s", e.Part, e.Text, e.Want)
}

// Parse reads a scheme: a kind with its strength or range of strengths, or
// several joined by "+" for a Mix, as in "none", "gaussian:25" and
// "gaussian:0-50+saltpepper:1-10". A kind without a strength has its default.
// Spaces around a part do not matter. Printing a scheme gives a text that
// parses to the same. Every error is a *ParseError.
func Parse(text string) (Scheme, error) {
	var mix Mix
	for part := range strings.SplitSeq(text, "+") {
		part = strings.TrimSpace(part)
		s, want := parsePart(part)
		if want != "" {
			return nil, &ParseError{text, part, want}
		}
		mix = append(mix, s)
	}
	if len(mix) == 1 {
		return mix[0], nil
	}
	for _, s := range mix {
		if _, ok := s.(Pairs); ok {
			return nil, &ParseError{text, fmt.Sprint(s), "pairs alone: its lessons are half as large as others"}
		}
	}
	return mix, nil
}

// parsePart reads one kind with its strength, or says what is wanted instead.
func parsePart(part string) (s Scheme, want string) {
	name, strength, given := strings.Cut(part, ":")
	var kind Kind
	var names []string
	for _, k := range Kinds() {
		if k.Name == name {
			kind = k
		}
		names = append(names, k.Name)
	}
	switch {
	case kind.Name == "":
		return nil, "one of " + strings.Join(names, ", ")
	case !given:
		return kind.scheme(Range{kind.Default, kind.Default}), ""
	case kind == none:
		return nil, "none without a strength"
	}
	low, high, ranged := strings.Cut(strength, "-")
	if !ranged {
		high = low
	}
	lo, okLo := parseNumber(low)
	hi, okHi := parseNumber(high)
	switch {
	case !okLo || !okHi:
		return nil, fmt.Sprintf("a strength from 0 to %s %s as in %s, or a range as in %s",
			number(kind.Max), kind.Unit, kind.text(Range{kind.Default, kind.Default}), kind.text(Range{0, kind.Default}))
	case lo > hi:
		return nil, "the lower strength first"
	case hi > kind.Max:
		return nil, fmt.Sprintf("at most %s %s", number(kind.Max), kind.Unit)
	}
	return kind.scheme(Range{lo, hi}), ""
}

// parseNumber reads digits with or without a decimal point: no sign, no exponent.
func parseNumber(text string) (v float64, ok bool) {
	if strings.Trim(text, "0123456789.") != "" {
		return 0, false
	}
	v, err := strconv.ParseFloat(text, 64)
	return v, err == nil
}
