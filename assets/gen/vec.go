package main

import "math"

// vec is a point or direction in centimetres, or a colour as linear red, green, blue.
type vec struct{ x, y, z float64 }

// rgb is a vec that holds linear light, Rec. 709 primaries.
type rgb = vec

func grey(v float64) rgb { return rgb{v, v, v} }

// hex is the linear colour of an sRGB code such as 0xE8E2D0.
func hex(code uint32) rgb {
	return rgb{linear[code>>16&255], linear[code>>8&255], linear[code&255]}
}

// linear is the light of each of the 256 levels of sRGB.
var linear = func() (t [256]float64) {
	for i := range t {
		t[i] = toLinear(float64(i) / 255)
	}
	return t
}()

func (a vec) add(b vec) vec              { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec              { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) mul(b vec) vec              { return vec{a.x * b.x, a.y * b.y, a.z * b.z} }
func (a vec) scale(s float64) vec        { return vec{a.x * s, a.y * s, a.z * s} }
func (a vec) dot(b vec) float64          { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vec) len() float64               { return math.Sqrt(a.dot(a)) }
func (a vec) unit() vec                  { return a.scale(1 / a.len()) }
func (a vec) neg() vec                   { return vec{-a.x, -a.y, -a.z} }
func (a vec) max() float64               { return max(a.x, a.y, a.z) }
func (a vec) along(d vec, t float64) vec { return vec{a.x + t*d.x, a.y + t*d.y, a.z + t*d.z} }

func (a vec) cross(b vec) vec {
	return vec{a.y*b.z - a.z*b.y, a.z*b.x - a.x*b.z, a.x*b.y - a.y*b.x}
}

// lower and upper take the lesser and the greater of each pair of numbers.
func lower(a, b vec) vec { return vec{min(a.x, b.x), min(a.y, b.y), min(a.z, b.z)} }
func upper(a, b vec) vec { return vec{max(a.x, b.x), max(a.y, b.y), max(a.z, b.z)} }

// apply maps f over the three numbers.
func (a vec) apply(f func(float64) float64) vec { return vec{f(a.x), f(a.y), f(a.z)} }

// luminance is the Rec. 709 weighting of linear light.
func (a rgb) luminance() float64 { return 0.2126*a.x + 0.7152*a.y + 0.0722*a.z }

// mix goes from a at t = 0 to b at t = 1.
func mix(a, b vec, t float64) vec { return a.along(b.sub(a), t) }

func lerp(a, b, t float64) float64 { return a + (b-a)*t }

func clamp01(x float64) float64 { return min(max(x, 0), 1) }

// smooth rises from 0 at a to 1 at b, with level ends; b may be below a.
func smooth(a, b, x float64) float64 {
	t := clamp01((x - a) / (b - a))
	return t * t * (3 - 2*t)
}

func fract(x float64) float64 { return x - math.Floor(x) }

// frame is a rigid placement: three orthonormal axes and an origin.
type frame struct{ x, y, z, o vec }

// at is the upright frame at o.
func at(x, y, z float64) frame {
	return frame{vec{1, 0, 0}, vec{0, 1, 0}, vec{0, 0, 1}, vec{x, y, z}}
}

// turn rotates f about one of its own axes ('x', 'y' or 'z') by degrees.
func (f frame) turn(axis byte, degrees float64) frame {
	s, c := math.Sincos(degrees * math.Pi / 180)
	switch axis {
	case 'x':
		f.y, f.z = f.y.scale(c).add(f.z.scale(s)), f.z.scale(c).sub(f.y.scale(s))
	case 'y':
		f.z, f.x = f.z.scale(c).add(f.x.scale(s)), f.x.scale(c).sub(f.z.scale(s))
	case 'z':
		f.x, f.y = f.x.scale(c).add(f.y.scale(s)), f.y.scale(c).sub(f.x.scale(s))
	default:
		panic("gen: no such axis")
	}
	return f
}

// facing is a frame at o whose y axis points along d.
func facing(o, d vec) frame {
	y := d.unit()
	side := vec{1, 0, 0}
	if math.Abs(y.x) > 0.9 {
		side = vec{0, 0, 1}
	}
	z := side.cross(y).unit()
	return frame{y.cross(z), y, z, o}
}

func (f frame) in(d vec) vec     { return vec{d.dot(f.x), d.dot(f.y), d.dot(f.z)} }
func (f frame) out(d vec) vec    { return f.x.scale(d.x).add(f.y.scale(d.y)).add(f.z.scale(d.z)) }
func (f frame) point(p vec) vec  { return f.o.add(f.out(p)) }
func (f frame) within(p vec) vec { return f.in(p.sub(f.o)) }
