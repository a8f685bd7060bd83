package metric

import (
	"cmp"
	"math"
	"slices"
)

// A ROCPoint is what comes of calling all scores above a threshold anomalous.
type ROCPoint struct {
	Threshold   float64 // +Inf at the first point
	FalseAlarms float64 // share of the good scores above it
	Found       float64 // share of the bad scores above it
}

// ROC returns the receiver operating characteristic of scores of good and bad
// things, from (0, 0) to (1, 1): one point for each score that occurs, of those that
// are at least as high. Scores must be numbers, and there must be some of both.
func ROC(good, bad []float64) []ROCPoint {
	type scored struct {
		score float64
		bad   bool
	}
	if len(good) == 0 || len(bad) == 0 {
		panic("metric: ROC needs good and bad scores")
	}
	all := make([]scored, 0, len(good)+len(bad))
	for _, v := range good {
		all = append(all, scored{v, false})
	}
	for _, v := range bad {
		all = append(all, scored{v, true})
	}
	slices.SortFunc(all, func(a, b scored) int { return cmp.Compare(b.score, a.score) })
	curve := []ROCPoint{{Threshold: math.Inf(1)}}
	var alarms, found int
	for i, s := range all {
		if s.bad {
			found++
		} else {
			alarms++
		}
		if i+1 < len(all) && all[i+1].score == s.score {
			continue
		}
		curve = append(curve, ROCPoint{s.score, float64(alarms) / float64(len(good)), float64(found) / float64(len(bad))})
	}
	return curve
}

// AUROC is the area under the ROC: the chance that something bad scores higher than
// something good, ties counted half (Fawcett, "An introduction to ROC analysis", 2006).
func AUROC(good, bad []float64) float64 {
	var area float64
	curve := ROC(good, bad)
	for i, p := range curve[1:] {
		area += (p.FalseAlarms - curve[i].FalseAlarms) * (p.Found + curve[i].Found) / 2
	}
	return area
}
