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
	"sieve/imageio"
)

// laidOut is a session with a map of drawn digits.
func laidOut(t *testing.T, want Mapping) (*Session, Mapped) {
	t.Helper()
	s := New(Options{})
	t.Cleanup(func() { s.Close(context.Background()) })
	s.ExploreModel(assets.Digits)
	s.SetMapping(want)
	s.ShowMap(true)
	return s, untilState(t, s, "a map", func(st State) bool { return st.Map.Version != 0 && !st.Map.Pending && len(st.Map.Points) > 0 }).Map
}

var digits200 = Mapping{Data: "builtin:digits:200", Method: MethodPCA, Seed: 1}

func TestAMapHasAllPicturesOnce(t *testing.T) {
	_, m := laidOut(t, digits200)
	if len(m.Names) != 200 || len(m.Points) != 400 || len(m.Thumbs) != 200 || len(m.Errors) != 200 || len(m.Classes) != 10 {
		t.Errorf("200 digits are %d names, %d numbers, %d thumbs, %d errors, %d classes", len(m.Names), len(m.Points), len(m.Thumbs), len(m.Errors), len(m.Classes))
	}
	if m.Fog == nil || !m.Decodes {
		t.Error("there is no fog, or nothing can be decoded")
	}
	for i := 0; i < len(m.Points); i += 2 {
		for k := range 2 {
			if v := float64(m.Points[i+k]); v < m.Low[k] || v > m.High[k] {
				t.Fatalf("picture %d lies outside the bounds", i/2)
			}
		}
	}
}

func TestAPlaceIsDecoded(t *testing.T) {
	s, m := laidOut(t, digits200)
	x, y := float64(m.Points[20]), float64(m.Points[21])
	s.LookAtPlace(x, y)
	h := untilState(t, s, "a place", func(st State) bool { return st.Map.Here.Serial != 0 }).Map.Here
	if h.Nearest != 10 || h.Picture == nil || !(h.Support >= 1) {
		t.Errorf("where picture 10 lies the nearest is %d, %g are near", h.Nearest, h.Support)
	}
	far := m.High[0] + 20*(m.High[0]-m.Low[0])
	s.LookAtPlace(far, 0)
	h = untilState(t, s, "a far place", func(st State) bool { return st.Map.Here.X == far }).Map.Here
	if h.Support > 0.01 || !(h.RoundTrip > 2) {
		t.Errorf("far away %g pictures support a place whose round trip is %g", h.Support, h.RoundTrip)
	}
}

func TestWaysDirectionsNeighboursAndDots(t *testing.T) {
	s, m := laidOut(t, digits200)
	s.WalkMap([]float64{m.Low[0], m.High[0]}, []float64{m.Low[1], m.High[1]})
	way := untilState(t, s, "a way", func(st State) bool { return len(st.Map.Way) == mapSteps }).Map.Way
	if apartBy(way[0], way[mapSteps-1]) < 0.1 {
		t.Error("both ends of a way are the same picture")
	}
	s.ShowOnMap(7)
	shown := untilState(t, s, "a picture", func(st State) bool { return st.Map.Shown != nil }).Map.Shown
	if shown.Index != 7 || len(shown.Neighbours) != 8 || slices.Contains(shown.Neighbours, 7) || shown.Panes.Result == nil {
		t.Errorf("picture 7 has the neighbours %v", shown.Neighbours)
	}
	same := 0
	for _, i := range shown.Neighbours {
		if m.Labels[i] == m.Labels[7] {
			same++
		}
	}
	if same < 2 { // by chance it would be 0.8
		t.Errorf("%d of 8 neighbours are the same digit", same)
	}
	var ones, zeros []int
	for i, l := range m.Labels {
		switch l {
		case "1":
			ones = append(ones, i)
		case "0":
			zeros = append(zeros, i)
		}
	}
	s.SetMapEnd(0, ones)
	s.SetMapEnd(1, zeros)
	along := untilState(t, s, "a direction", func(st State) bool { return len(st.Map.Along) == mapSteps }).Map.Along
	if along[0].At != -0.5 || along[mapSteps-1].At != 1.5 {
		t.Errorf("the way leads from %g to %g", along[0].At, along[mapSteps-1].At)
	}
	if one, zero := m.Labels[along[2].Nearest], m.Labels[along[6].Nearest]; one == zero {
		t.Errorf("near both means lies %q", one)
	}
	l, err := exploreModel(loaded{name: assets.Digits})
	if err != nil {
		t.Fatal(err)
	}
	x, err := (&mixWork{s: s, model: l}).open(t.Context(), "digit:3")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "mine.png")
	if err := imageio.Save(path, &imageio.Picture{Pix: x, Depth: 8}, imageio.SaveOptions{}); err != nil {
		t.Fatal(err)
	}
	s.PutOnMap([]string{path, filepath.Join(t.TempDir(), "gone.png")})
	dots := untilState(t, s, "a dot", func(st State) bool { return len(st.Map.Dots) == 1 && st.Message.Text != "" }).Map.Dots
	if dots[0].Name != "mine.png" || math.IsNaN(dots[0].X) {
		t.Errorf("the dot is %+v", dots[0])
	}
	if text := s.State().Message.Text; !strings.Contains(text, "gone.png") {
		t.Errorf("of a file that is not there it says %q", text)
	}
	for _, name := range []string{"map.csv", "map.png"} {
		out := filepath.Join(t.TempDir(), name)
		s.ExportMap(out)
		untilState(t, s, name, func(st State) bool { return filepath.Base(st.Saved.Path) == name })
		if at, err := os.Stat(out); err != nil || at.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTSNERestsUnseen(t *testing.T) {
	want := digits200
	want.Method = MethodTSNE
	s, _ := laidOut(t, want)
	untilState(t, s, "steps", func(st State) bool { return st.Map.Step > 0 })
	s.ShowMap(false)
	s.mu.Lock()
	work := s.mapper.on
	s.mu.Unlock()
	if work {
		t.Error("the map is still looked after")
	}
	s.ShowMap(true)
	m := untilState(t, s, "the last step", func(st State) bool { return st.Map.Step == AtlasSteps && st.Map.Fog != nil }).Map
	if m.Steps != AtlasSteps {
		t.Errorf("it takes %d steps", m.Steps)
	}
}

func TestAMapThatCannotBeSaysWhy(t *testing.T) {
	s, _ := laidOut(t, digits200)
	empty := t.TempDir()
	s.SetMapping(Mapping{Data: empty, Method: MethodPCA})
	m := untilState(t, s, "a reason", func(st State) bool { return st.Map.Why.Key != "" }).Map
	if !strings.Contains(m.Why.String(), "no picture") && !strings.Contains(m.Why.String(), "no pictures") {
		t.Errorf("of an empty folder it says %q", m.Why)
	}
	dir := filepath.Join(t.TempDir(), "mine")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "bad.png"), "junk")
	s.SetMapping(Mapping{Data: dir, Method: MethodPCA})
	m = untilState(t, s, "another reason", func(st State) bool { return !st.Map.Pending && st.Map.Want.Data == dir && st.Map.Why.Key != "" }).Map
	if text := m.Why.String(); !strings.Contains(text, "mine can be read") || !strings.Contains(text, "bad.png is not a picture") {
		t.Errorf("of a folder in which nothing can be read it says %q", text)
	}
	links := 0
	if err := os.Symlink("nowhere.png", filepath.Join(dir, "link.png")); err == nil {
		links = 1
	}
	paintFile(t, filepath.Join(dir, "a.png"), 1, 28, 1, 8)
	paintFile(t, filepath.Join(dir, "b.png"), 2, 28, 1, 8)
	paintFile(t, filepath.Join(dir, "c.png"), 3, 28, 1, 8)
	again := Mapping{Data: dir, Method: MethodPCA, Seed: 2} // the folder has other pictures now
	s.SetMapping(again)
	m = untilState(t, s, "a map of a folder", func(st State) bool { return st.Map.Why.Key == "" && !st.Map.Pending && len(st.Map.Points) == 6 }).Map
	if len(m.Names) != 3 || len(m.Skipped) != 1+links || !strings.Contains(m.Skipped[0], "bad.png") || links > 0 && !strings.Contains(m.Skipped[1], "link.png does not exist") {
		t.Errorf("%d pictures, skipped: %q", len(m.Names), m.Skipped)
	}
}

// TestAMapThatWasNotLaidOutIsNotTakenForAnother goes back to the pictures before, after others were looked at and
// laying them out came to nothing.
func TestAMapThatWasNotLaidOutIsNotTakenForAnother(t *testing.T) {
	s := New(Options{})
	t.Cleanup(func() { s.Close(context.Background()) })
	l, err := exploreModel(loaded{name: assets.Digits, version: 1})
	if err != nil {
		t.Fatal(err)
	}
	w := &mapWork{s: s}
	lay := func(data string, method Method) error {
		err := w.lay(t.Context(), Mapping{Data: data, Method: method, Seed: 1}, l)
		if err == nil {
			w.want.Data = data // as mapRound does with all that is laid out
		}
		return err
	}
	if err := lay("builtin:digits:40", MethodPCA); err != nil {
		t.Fatal(err)
	}
	if err := lay("builtin:letters:30", "no such way"); err == nil || len(s.State().Map.Names) != 30 {
		t.Fatalf("30 letters are %d names, laid out: %v", len(s.State().Map.Names), err == nil)
	}
	if err := lay("builtin:digits:40", MethodPCA); err != nil {
		t.Fatal(err)
	}
	if m := s.State().Map; len(m.Names) != 40 || len(m.Points) != 80 || !strings.Contains(m.Names[0], "digits") {
		t.Errorf("40 digits are shown as %d pictures at %d places, the first %s", len(m.Names), len(m.Points)/2, m.Names[0])
	}
}

func TestBuiltinCount(t *testing.T) {
	for data, want := range map[string]struct {
		name  string
		count int
	}{"builtin:digits": {"builtin:digits", 0}, "builtin:digits:50": {"builtin:digits", 50}, "/a:7": {"/a:7", 0}} {
		if name, n := builtinCount(data); name != want.name || n != want.count {
			t.Errorf("%s is %s and %d", data, name, n)
		}
	}
}
