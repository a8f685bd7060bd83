package widget

import (
	"math"
	"slices"
	"strconv"
)

// This file holds the axes of the chart: what range is seen, where a value lies in it and where the ticks stand.

// axis is one direction of a chart, from lo to hi. Both are finite and lo < hi; both are above 0 when it is logarithmic.
type axis struct {
	lo, hi float64
	log    bool
}

// at says where v lies: 0 at lo, 1 at hi. What has no logarithm lies infinitely low on a logarithmic axis.
func (a axis) at(v float64) float64 {
	if !a.log {
		return (v - a.lo) / (a.hi - a.lo)
	}
	if v <= 0 {
		return math.Inf(-1)
	}
	return (math.Log(v) - math.Log(a.lo)) / (math.Log(a.hi) - math.Log(a.lo))
}

// value is the inverse of at.
func (a axis) value(f float64) float64 {
	if a.log {
		return a.lo * math.Pow(a.hi/a.lo, f)
	}
	return a.lo + f*(a.hi-a.lo)
}

// ticks returns about n round values within the axis: multiples of 1, 2 or 5 times a power of ten, or on a
// logarithmic axis powers of ten, with their 2- and 5-folds between them when there is room.
func (a axis) ticks(n int) []float64 {
	n = max(n, 1)
	if !a.log {
		return linearTicks(a.lo, a.hi, n)
	}
	first, last := int(math.Ceil(math.Log10(a.lo)-1e-9)), int(math.Floor(math.Log10(a.hi)+1e-9))
	if decades := last - first + 1; decades > n {
		stride := (decades + n - 1) / n
		var ticks []float64
		for e := first; e <= last; e++ {
			if e%stride == 0 {
				ticks = append(ticks, math.Pow10(e))
			}
		}
		return ticks
	}
	for _, folds := range [][]float64{{1, 2, 5}, {1}} {
		var ticks []float64
		for e := first - 1; e <= last; e++ {
			for _, m := range folds {
				if v := m * math.Pow10(e); v >= a.lo*(1-1e-9) && v <= a.hi*(1+1e-9) {
					ticks = append(ticks, v)
				}
			}
		}
		if len(ticks) < 2 {
			break // less than the ratio of 5 to 2: as good as linear
		}
		if len(ticks) <= 2*n {
			return ticks
		}
	}
	return linearTicks(a.lo, a.hi, n)
}

// niceStep is the smallest of 1, 2 and 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	power := math.Pow10(int(math.Floor(math.Log10(v))))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

func linearTicks(lo, hi float64, n int) []float64 {
	step := niceStep((hi - lo) / float64(n))
	var ticks []float64
	for i := math.Ceil(lo/step - 1e-9); i*step <= hi+1e-9*step; i++ {
		ticks = append(ticks, i*step)
	}
	if len(ticks) < 2 && n > 1 {
		return linearTicks(lo, hi, 2*n)
	}
	return ticks
}

// tickLabels writes the ticks with the figures it takes to tell them apart, all with as many decimals.
func tickLabels(ticks []float64, log bool) []string {
	step, largest := math.Inf(1), 0.
	for i, v := range ticks {
		largest = max(largest, math.Abs(v))
		if i > 0 {
			step = min(step, v-ticks[i-1])
		}
	}
	labels := make([]string, len(ticks))
	for i, v := range ticks {
		switch {
		case !log && math.Abs(v) < step/2:
			labels[i] = "0"
		case log || largest >= 1e6 || step < 1e-5 || math.IsInf(step, 1):
			labels[i] = FormatNumber(v, 6)
		default:
			labels[i] = thousands(strconv.FormatFloat(v, 'f', max(0, -int(math.Floor(math.Log10(step)+1e-9))), 64))
		}
	}
	return labels
}

// enough is how many values it takes to call a few of them strays.
const enough = 20

// logs replaces values by their decimal logarithms, leaving out those that have none.
func logs(values []float64) []float64 {
	kept := values[:0]
	for _, v := range values {
		if v > 0 {
			kept = append(kept, math.Log10(v))
		}
	}
	return kept
}

// worthSeeing is the range of e, the extent of all values of which sample is a part, but for a few values that lie so
// far off that they would flatten the rest: where one lies farther beyond the 5 % or the 95 % quantile than room times
// the distance of the two, that side ends a quarter of the distance beyond. sample is sorted; it is not empty.
func worthSeeing(sample []float64, e extent, room float64) extent {
	slices.Sort(sample)
	n := len(sample)
	if n < enough {
		return e
	}
	low, high := sample[n/20], sample[n-1-n/20]
	if spread := high - low; spread > 0 {
		if e.lo < low-room*spread {
			e.lo = low - spread/4
		}
		if e.hi > high+room*spread {
			e.hi = high + spread/4
		}
	}
	return e
}

// framed is the axis that shows the range e, given in decimal logarithms for a logarithmic axis, with a margin.
func framed(e extent, log bool) axis {
	most := 1e300
	if log {
		most = 250 // decades
	}
	lo, hi := max(e.lo, -most), min(e.hi, most)
	if least := max(math.Abs(lo), math.Abs(hi)) * 1e-9; !(hi-lo > least) { // one value, as far as numbers go
		pad := .5
		if !log && lo != 0 {
			pad = max(math.Abs(lo)/10, 1e-300)
		}
		lo, hi = lo-pad, lo+pad
	}
	pad := (hi - lo) / 20
	if !log && lo >= 0 && lo < hi/3 {
		lo = 0 // the distance from nothing is worth seeing
	} else {
		lo -= pad
	}
	hi += pad
	if log {
		return axis{math.Pow(10, lo), math.Pow(10, hi), true}
	}
	// Whole fractions of a tick, so that the axis stands still while the values creep.
	q := niceStep((hi-lo)/5) / 4
	return axis{math.Floor(lo/q) * q, math.Ceil(hi/q) * q, false}
}
