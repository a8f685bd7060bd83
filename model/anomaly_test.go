package model

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"sieve/model/tensor"
)

// several yields so many pictures of waves, the same every time.
func several(n int, seed uint64) Pictures {
	return func(yield func(*tensor.Tensor, error) bool) {
		rng := rand.New(rand.NewPCG(seed, 0))
		for range n {
			if x, err := (waves{32}).Batch(rng, 1); !yield(x, err) {
				return
			}
		}
	}
}

// judging is a model that has been trained for a moment and shown good pictures.
func judging(t *testing.T) *Model {
	t.Helper()
	s := small()
	s.Crop, s.Steps = 32, 60
	tr, err := NewTrainer(s, waves{32}, nil)
	if err != nil {
		t.Fatal(err)
	}
	train(t, tr, s.Steps)
	m := tr.Model()
	if err := m.Survey(t.Context(), several(20, 1), several(40, 2)); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestMapFindsWhatIsPlanted(t *testing.T) {
	m := judging(t)
	x, _ := waves{32}.Batch(rand.New(rand.NewPCG(3, 0)), 1)
	whole, err := m.Anomaly(t.Context(), x, nil)
	if err != nil {
		t.Fatal(err)
	}
	const top, left, side = 10, 18, 5
	for y := top; y < top+side; y++ {
		for i := left; i < left+side; i++ {
			for k := range m.Spec.Channels {
				x.Data[(y*32+i)*m.Spec.Channels+k] = float32((y + i) % 2)
			}
		}
	}
	hurt, _ := m.Anomaly(t.Context(), x, nil)
	if hurt.Score <= whole.Score {
		t.Errorf("with a defect the score is %g, without %g", hurt.Score, whole.Score)
	}
	at := slices.Index(hurt.Map.Data, slices.Max(hurt.Map.Data))
	if y, i := at/32, at%32; y < top-2 || y >= top+side+2 || i < left-2 || i >= left+side+2 {
		t.Errorf("the map is greatest at row %d, column %d, the defect is at %d to %d, %d to %d", y, i, top, top+side, left, left+side)
	}
}

func TestNormalSurvivesFiles(t *testing.T) {
	m := judging(t)
	for name, save := range map[string]func(*bytes.Buffer) error{
		"full": func(b *bytes.Buffer) error { return m.Save(b) },
		"half": func(b *bytes.Buffer) error { return m.SaveHalf(b) },
	} {
		var b bytes.Buffer
		if err := save(&b); err != nil {
			t.Fatal(err)
		}
		got, err := Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got.Normal, m.Normal) {
			t.Errorf("%s: what was read is not what was written", name)
		}
	}
	m.Normal = nil
	var b bytes.Buffer
	if err := m.Save(&b); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(&b); err != nil || got.Normal != nil {
		t.Errorf("a file without: %v, %v", got.Normal, err)
	}
}

func TestDamagedNormalIsRefused(t *testing.T) {
	m := judging(t)
	whole := *m.Normal
	for name, harm := range map[string]func(n *Normal){
		"short mean":      func(n *Normal) { n.Mean = n.Mean[1:] },
		"no codes":        func(n *Normal) { n.Codes = nil },
		"half a code":     func(n *Normal) { n.Codes = n.Codes[1:] },
		"no scores":       func(n *Normal) { n.Scores = nil },
		"unsorted":        func(n *Normal) { n.Scores = floats{2, 1} },
		"no error":        func(n *Normal) { n.Error = 0 },
		"not a number":    func(n *Normal) { n.White = append(floats{float32(math.NaN())}, n.White[1:]...) },
		"boundless score": func(n *Normal) { n.Scores = floats{float32(math.Inf(1))} },
	} {
		n := whole
		harm(&n)
		m.Normal = &n
		var b bytes.Buffer
		if err := m.Save(&b); err != nil {
			t.Fatal(err)
		}
		if _, err := Read(&b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: read with %v", name, err)
		}
	}
}

// TestDistanceIsMahalanobis compares with the definition for two numbers, of which the
// second is three times as wide as the first and leans on it.
func TestDistanceIsMahalanobis(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var sample []float32
	for range 4000 {
		a := rng.NormFloat64()
		sample = append(sample, float32(a), float32(2*a+3*rng.NormFloat64()))
	}
	n := &Normal{}
	n.whiten(sample, 2)
	var xx, xy, yy float64
	for i := 0; i < len(sample); i += 2 {
		a, b := float64(sample[i]-n.Mean[0]), float64(sample[i+1]-n.Mean[1])
		xx, xy, yy = xx+a*a/4000, xy+a*b/4000, yy+b*b/4000
	}
	lift := shrinkage * (xx + yy) / 2
	xx, yy = xx+lift, yy+lift
	code := n.code([]float32{n.Mean[0] + 1, n.Mean[1] - 2})
	got := float64(code[0]*code[0] + code[1]*code[1])
	if want := (yy - 2*xy*-2 + 4*xx) / (xx*yy - xy*xy); math.Abs(got-want) > 1e-3*want {
		t.Errorf("squared distance %g, by definition %g", got, want)
	}
}

func TestThresholdAlarmsAsOftenAsItSays(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, count := range []int{1, 7, 100, 1000} {
		n := &Normal{}
		for range count {
			n.Scores = append(n.Scores, rng.Float32())
		}
		slices.Sort(n.Scores)
		for _, q := range []float64{0, 0.5, 0.9, 0.95, 1} {
			got, most := n.FalseAlarms(n.Threshold(q)), 1-q
			if got > most+1e-9 || got < most-1/float64(count)-1e-9 {
				t.Errorf("%d scores, quantile %g: %g of them lie above the threshold", count, q, got)
			}
		}
	}
}

func TestWideLatentIsRefused(t *testing.T) {
	s := small()
	s.Latent = mostJudged + 1
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	var spec *SpecError
	if err := m.Survey(t.Context(), several(1, 1), several(1, 2)); !errors.As(err, &spec) || !strings.Contains(err.Error(), "latent") {
		t.Errorf("ended with %v", err)
	}
}
