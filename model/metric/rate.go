package metric

import (
	"errors"
	"math"
	"slices"
)

// ErrCurves reports curves that cannot be compared.
var ErrCurves = errors.New("metric: curves share no range of quality, or have fewer than four points")

// A Point is what one quality of a codec costs, and how good it is.
type Point struct{ Rate, PSNR float64 }

// BDRate returns by how many percent the codec b needs more bits than a for the same
// PSNR, on average over the PSNR that both reach: Bjøntegaard, VCEG-M33 (2001). The
// logarithm of the rate is a cubic polynomial of PSNR, which passes through four points
// and is the best fit (least squares) to more.
func BDRate(a, b []Point) (percent float64, err error) {
	low, high := math.Inf(-1), math.Inf(1)
	var area [2]float64
	for _, c := range [][]Point{a, b} {
		if len(c) < 4 {
			return 0, ErrCurves
		}
		least, most := math.Inf(1), math.Inf(-1)
		for _, p := range c {
			if !(p.Rate > 0) || math.IsNaN(p.PSNR) || math.IsInf(p.PSNR, 0) {
				return 0, ErrCurves
			}
			least, most = min(least, p.PSNR), max(most, p.PSNR)
		}
		low, high = max(low, least), min(high, most)
	}
	if !(low < high) {
		return 0, ErrCurves
	}
	for i, c := range [][]Point{a, b} {
		fit, ok := cubic(c, (low+high)/2)
		if !ok {
			return 0, ErrCurves
		}
		half := (high - low) / 2
		// Odd powers vanish between -half and half.
		area[i] = fit[0] + fit[2]*half*half/3
	}
	return 100 * (math.Exp(area[1]-area[0]) - 1), nil
}

// cubic returns the coefficients of ln(rate) by the distance of PSNR from middle, and
// whether there is one such fit.
func cubic(c []Point, middle float64) (fit [4]float64, ok bool) {
	var m [4][5]float64 // normal equations
	for _, p := range c {
		x := p.PSNR - middle
		powers := [4]float64{1, x, x * x, x * x * x}
		for i := range 4 {
			for j := range 4 {
				m[i][j] += powers[i] * powers[j]
			}
			m[i][4] += powers[i] * math.Log(p.Rate)
		}
	}
	// Gauss, with the largest number of a column first.
	for i := range m {
		rest := m[i:]
		best := slices.MaxFunc(rest, func(a, b [5]float64) int {
			return int(math.Copysign(1, math.Abs(a[i])-math.Abs(b[i])))
		})
		at := slices.Index(rest, best)
		rest[0], rest[at] = rest[at], rest[0]
		if math.Abs(m[i][i]) < 1e-9 {
			return fit, false
		}
		for j := i + 1; j < 4; j++ {
			f := m[j][i] / m[i][i]
			for k := i; k < 5; k++ {
				m[j][k] -= f * m[i][k]
			}
		}
	}
	for i := 3; i >= 0; i-- {
		fit[i] = m[i][4]
		for j := i + 1; j < 4; j++ {
			fit[i] -= m[i][j] * fit[j]
		}
		fit[i] /= m[i][i]
	}
	return fit, true
}
