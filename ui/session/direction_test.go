package session

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sieve/assets"
	"sieve/model/embed"
)

// groupOf are the pictures of a map with a label.
func groupOf(m Mapped, label string) (all []int) {
	for i, l := range m.Labels {
		if l == label {
			all = append(all, i)
		}
	}
	return all
}

// TestADirectionIsTheDifferenceOfMeans, is kept under its name, lives through a restart, and is applied to what is looked at.
func TestADirectionIsTheDifferenceOfMeans(t *testing.T) {
	dir := t.TempDir()
	s := New(Options{StateDir: dir})
	defer func() { s.Close(context.Background()) }()
	s.ExploreModel(assets.Digits)
	s.SetMapping(digits200)
	s.ShowMap(true)
	m := untilState(t, s, "a map", func(st State) bool { return st.Map.Version != 0 && !st.Map.Pending && st.Map.Shares != nil }).Map
	s.KeepMapDirection("too early")
	untilState(t, s, "a message", func(st State) bool { return strings.Contains(st.Message.Text, "two groups") })
	ones, zeros := groupOf(m, "1"), groupOf(m, "0")
	s.SetMapEnd(0, ones)
	s.SetMapEnd(1, zeros)
	s.KeepMapDirection("  ")
	untilState(t, s, "a message", func(st State) bool { return strings.Contains(st.Message.Text, "needs a name") })
	s.KeepMapDirection("1 to 0")
	d := untilState(t, s, "a direction", func(st State) bool { return len(st.Directions) == 1 }).Directions[0]
	l, err := exploreModel(loaded{name: assets.Digits})
	if err != nil {
		t.Fatal(err)
	}
	g, err := OpenGallery(t.Context(), []string{"builtin:digits"}, GalleryOptions{Channels: 1, Count: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	z, err := TakeLatents(t.Context(), l.m, g, PoolNone, nil)
	if err != nil {
		t.Fatal(err)
	}
	n := z.Numbers
	for j := range n {
		var want float64
		for _, i := range zeros {
			want += float64(z.Data[i*n+j]) / float64(len(zeros))
		}
		for _, i := range ones {
			want -= float64(z.Data[i*n+j]) / float64(len(ones))
		}
		if math.Abs(want-float64(d.Step[j])) > 1e-4 {
			t.Fatalf("number %d of the direction is %g, the means differ by %g", j, d.Step[j], want)
		}
	}
	// A one that goes a whole step looks like a zero to the map.
	s.ShowOnMap(ones[0])
	untilState(t, s, "a one", func(st State) bool { return st.Map.Shown != nil && st.Map.Here.Steered })
	s.SteerMap(Steering{}.With(d, 1))
	h := untilState(t, s, "a zero", func(st State) bool {
		return st.Map.Steering.By(d) == 1 && st.Map.Here.Steered && m.Labels[st.Map.Here.Nearest] == "0"
	}).Map.Here
	if h.Picture == nil || !(h.Support > 0) {
		t.Errorf("a one that was moved is supported by %g pictures", h.Support)
	}
	s.FollowOnMap(Course{Kept: d})
	along := untilState(t, s, "a row", func(st State) bool { return st.Map.AlongOf.Kept == d && len(st.Map.Along) == mapSteps }).Map.Along
	if along[0].At != -MostSteps || along[mapSteps-1].At != MostSteps || apartBy(along[0].Picture, along[mapSteps-1].Picture) < 0.1 {
		t.Errorf("the row leads from %g to %g, or stands still", along[0].At, along[mapSteps-1].At)
	}
	s.Close(context.Background())

	if err := os.WriteFile(filepath.Join(dir, directionsFolder, "bad.json"), []byte(`{"name": "x", "step": [1e999]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	s = New(Options{StateDir: dir})
	st := untilState(t, s, "what was kept", func(st State) bool { return len(st.Directions) == 1 })
	again := st.Directions[0]
	if !slices.Equal(again.Step, d.Step) || again.Name != "1 to 0" || again.From != len(ones) {
		t.Errorf("after a restart the direction is %+v", again)
	}
	if len(st.DirectionsOf(l.info)) != 1 || len(st.DirectionsOf(Model{ID: "another"})) != 0 {
		t.Error("a direction is not its model's alone")
	}
	untilState(t, s, "a message", func(st State) bool { return strings.Contains(st.Message.Text, "bad.json") })
	s.ForgetDirection(again)
	untilState(t, s, "none", func(st State) bool { return len(st.Directions) == 0 })
	if names, _ := filepath.Glob(filepath.Join(dir, directionsFolder, "*.json")); len(names) != 1 {
		t.Errorf("there are still %q", names)
	}
}

// TestPrincipalDirectionsAreScaledInSigma: a slider of a map moves the mean of all so many standard deviations along.
func TestPrincipalDirectionsAreScaledInSigma(t *testing.T) {
	s, m := laidOut(t, digits200)
	m = untilState(t, s, "shares", func(st State) bool { return st.Map.Shares != nil }).Map
	sum := 0.0
	for k, share := range m.Shares {
		sum += share
		if k > 0 && share > m.Shares[k-1] {
			t.Errorf("direction %d has more of the variance than the one before: %v", k+1, m.Shares)
		}
	}
	if len(m.Shares) != MostSigmas || !(sum > 0.3 && sum <= 1+1e-9) {
		t.Errorf("the first directions have the shares %v", m.Shares)
	}
	var square float64 // PCA is centred: the variance along the first axis is that of x
	for i := 0; i < len(m.Points); i += 2 {
		square += float64(m.Points[i]) * float64(m.Points[i]) / float64(len(m.Names))
	}
	var to Steering
	to.Sigmas[0] = 2
	s.SteerMap(to)
	h := untilState(t, s, "a place", func(st State) bool { return st.Map.Here.Steered }).Map.Here
	if want := 2 * math.Sqrt(square); math.Abs(h.X-want) > 1e-3*want || math.Abs(h.Y) > 1e-3*want || h.Picture == nil {
		t.Errorf("two standard deviations lead to (%g, %g), want (%g, 0)", h.X, h.Y, want)
	}
	s.FollowOnMap(Course{Sigma: 2})
	along := untilState(t, s, "a row", func(st State) bool { return st.Map.AlongOf.Sigma == 2 }).Map.Along
	if len(along) != mapSteps || along[0].At != -MostSigma || !(along[mapSteps/2].Support > along[mapSteps-1].Support) {
		t.Errorf("the row is %+v", along)
	}
}

// TestSteeringACellMovesAll of its cells alike, with the mean step where latents have another shape.
func TestSteeringACellMovesAll(t *testing.T) {
	z := latentOf(4, 5, 3)
	e := newEditable(z)
	same := &Direction{Name: "a", ID: "x", From: 1, To: 1, Shape: []int{4, 5, 3}, Step: latentOf(4, 5, 3).Data}
	other := &Direction{Name: "b", ID: "x", From: 1, To: 1, Shape: []int{2, 1, 3}, Step: []float32{1, 2, 3, 3, 4, 5}}
	for _, d := range []*Direction{same, other} {
		if err := d.settle(); err != nil {
			t.Fatal(err)
		}
	}
	pca, err := embed.Fit(z.Data, 20, 3, 3)
	if err != nil {
		t.Fatal(err)
	}
	d := Dials{Steering: Steering{}.With(same, 0.5).With(other, 2)}
	d.Sigmas[1] = -1.5
	e.set(d)
	for i, v := range z.Data {
		c := i % 3
		want := float64(v) + 0.5*float64(same.Step[i]) + 2*float64([]float32{2, 3, 4}[c]) - 1.5*math.Sqrt(pca.Variances[1])*pca.Components.At(1, c)
		if math.Abs(float64(e.now.Data[i])-want) > 1e-4 {
			t.Fatalf("number %d is %g, want %g", i, e.now.Data[i], want)
		}
	}
	e.undo()
	if !slices.Equal(e.now.Data, z.Data) {
		t.Error("a steering is not taken back")
	}
	for name, bad := range map[string]*Direction{
		"shape": {Name: "a", ID: "x", From: 1, To: 1, Shape: []int{1 << 30, 1 << 30, 1 << 30}, Step: []float32{1}},
		"step":  {Name: "a", ID: "x", From: 1, To: 1, Shape: []int{1, 1, 2}, Step: []float32{1}},
		"NaN":   {Name: "a", ID: "x", From: 1, To: 1, Shape: []int{1, 1, 1}, Step: []float32{float32(math.NaN())}},
		"model": {Name: "a", From: 1, To: 1, Shape: []int{1, 1, 1}, Step: []float32{1}},
	} {
		if bad.settle() == nil {
			t.Errorf("a direction with a wrong %s is taken", name)
		}
	}
}

// TestADrawingIsADot on the map, one at a time, and what is looked at can be opened in the workplace.
func TestADrawingIsADot(t *testing.T) {
	s, m := laidOut(t, digits200)
	g, err := OpenGallery(t.Context(), []string{"builtin:digits"}, GalleryOptions{Channels: 1, Count: 200, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	one, err := g.One(t.Context(), g.Names[12])
	if err != nil {
		t.Fatal(err)
	}
	s.DrawOnMap(28, make([]float32, 28*28))
	untilState(t, s, "a dot", func(st State) bool { return len(st.Map.Dots) == 1 })
	s.DrawOnMap(28, one.Data)
	st := untilState(t, s, "another", func(st State) bool {
		return len(st.Map.Dots) == 1 && st.Map.Shown != nil && len(st.Map.Shown.Neighbours) > 0 && st.Map.Shown.Neighbours[0] == 12
	})
	if d := st.Map.Dots[0]; math.Hypot(d.X-float64(m.Points[24]), d.Y-float64(m.Points[25])) > 1e-3 {
		t.Errorf("a picture of the map that was drawn again lies at (%g, %g), and not at (%g, %g)", d.X, d.Y, m.Points[24], m.Points[25])
	}
	s.ShowOnMap(12)
	untilState(t, s, "it", func(st State) bool { return st.Map.Shown.Index == 12 })
	s.OpenFromMap()
	open := untilState(t, s, "the picture", func(st State) bool {
		return strings.Contains(st.Picture.Name, "#12") || strings.Contains(st.Picture.Name, "12")
	})
	if open.Picture.Width != 28 || open.Noise.Kind != "none" {
		t.Errorf("the picture of the map is opened as %+v with noise %+v", open.Picture, open.Noise)
	}
}
