package session

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"sieve/imageio"
	"sieve/model"
	"sieve/model/embed"
	"sieve/model/tensor"
)

// writeIDX writes pictures (n, h, w, 1) as MNIST has them, and labels beside them unless nil.
func writeIDX(t *testing.T, dir string, x *tensor.Tensor, labels []byte) string {
	t.Helper()
	put := func(name string, data []byte, dims ...int) string {
		b := []byte{0, 0, 8, byte(len(dims))}
		for _, d := range dims {
			b = binary.BigEndian.AppendUint32(b, uint32(d))
		}
		path := filepath.Join(dir, name)
		write(t, path, string(append(b, data...)))
		return path
	}
	n, h, w, _ := x.Dims4()
	data := make([]byte, len(x.Data))
	for i, v := range x.Data {
		data[i] = byte(255*v + 0.5)
	}
	if labels != nil {
		put("some-labels-idx1-ubyte", labels, len(labels))
	}
	return put("some-images-idx3-ubyte", data, n, h, w)
}

// modelFile is an untrained model of a spec, and a file of it.
func modelFile(t *testing.T, change func(s *model.Spec)) (*model.Model, string) {
	t.Helper()
	spec := tiny()
	change(&spec)
	m, err := model.New(spec)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.safetensors")
	if err := SaveModel(path, m); err != nil {
		t.Fatal(err)
	}
	return m, path
}

// rounded are n drawn pictures of 8 bits.
func rounded(t *testing.T, n, side, channels int) *tensor.Tensor {
	t.Helper()
	x, err := imageio.Shapes{Size: side, Channels: channels}.Batch(rand.New(rand.NewPCG(5, 5)), n)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range x.Data {
		x.Data[i] = float32(int(255*v+0.5)) / 255
	}
	return x
}

// savePNGs writes each picture of x to a file that name names.
func savePNGs(t *testing.T, x *tensor.Tensor, name func(i int) string) {
	t.Helper()
	n, h, w, c := x.Dims4()
	for i := range n {
		path := name(i)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		p := &imageio.Picture{Pix: &tensor.Tensor{Shape: []int{1, h, w, c}, Data: x.Data[i*h*w*c : (i+1)*h*w*c]}, Depth: 8}
		if err := imageio.Save(path, p, imageio.SaveOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFeaturesAreTheModels writes the latents of a data set and of the same pictures as files,
// as .npy and as .csv, and finds what the model says in each.
func TestFeaturesAreTheModels(t *testing.T) {
	m, file := modelFile(t, func(*model.Spec) {})
	x := rounded(t, 30, 12, 1)
	want, err := m.Features(t.Context(), x, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	set := writeIDX(t, dir, x, nil)
	folder := filepath.Join(dir, "pictures")
	savePNGs(t, x, func(i int) string { return filepath.Join(folder, fmt.Sprintf("%02d.png", i)) })
	for _, in := range []string{set, folder} {
		for _, ext := range []string{".npy", ".csv"} {
			out := filepath.Join(dir, "out"+ext)
			f, err := TakeFeatures(t.Context(), FeaturesJob{In: []string{in}, Model: file, Out: out}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if f.Count != 30 || f.Numbers != 6*6*4 || f.Pool != PoolNone || f.KNN != nil {
				t.Errorf("%s: %+v, want 30 pictures of %d numbers and no accuracies", in, f, 6*6*4)
			}
			if got := table(t, out, false); !slices.Equal(got, want.Data) {
				t.Errorf("%s: %s holds other numbers than the model's", in, ext)
			}
		}
	}
}

// table reads the numbers of a .npy or .csv.
func table(t *testing.T, path string, labels bool) []float32 {
	t.Helper()
	if filepath.Ext(path) == ".npy" {
		data, shape, err := imageio.ReadNPY(bytes.NewReader(read(t, path)), 1<<20)
		if err != nil || len(shape) != 2 {
			t.Fatalf("shape %v: %v", shape, err)
		}
		return data
	}
	rows, err := csv.NewReader(bytes.NewReader(read(t, path))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	skip := 1
	if labels {
		skip = 2
	}
	var data []float32
	for _, row := range rows[1:] {
		for _, cell := range row[skip:] {
			v, err := strconv.ParseFloat(cell, 32)
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, float32(v))
		}
	}
	return data
}

// TestPoolIsTheMean of the maps of pictures of two sizes, which have no other latent of one
// length.
func TestPoolIsTheMean(t *testing.T) {
	m, file := modelFile(t, func(s *model.Spec) { s.Channels = 3 })
	dir := t.TempDir()
	for i, side := range []int{10, 17} {
		savePNGs(t, rounded(t, 1, side, 3), func(int) string { return filepath.Join(dir, fmt.Sprintf("%d.png", i)) })
	}
	out := filepath.Join(dir, "z.npy")
	for _, pool := range []Pool{PoolAuto, PoolMean} {
		f, err := TakeFeatures(t.Context(), FeaturesJob{In: []string{dir}, Model: file, Out: out, Pool: pool}, nil)
		if err != nil || f.Pool != PoolMean || f.Numbers != 4 {
			t.Fatalf("%+v, %v; want the mean of 4 numbers", f, err)
		}
		got := table(t, out, false)
		for i, side := range []int{10, 17} {
			z, err := m.Features(t.Context(), rounded(t, 1, side, 3), 0, nil)
			if err != nil {
				t.Fatal(err)
			}
			for c := range 4 {
				var sum float64
				for k := c; k < len(z.Data); k += 4 {
					sum += float64(z.Data[k])
				}
				if want := sum / float64(len(z.Data)/4); math.Abs(float64(got[4*i+c])-want) > 1e-6 {
					t.Errorf("picture %d, channel %d: %g, the mean is %g", i, c, got[4*i+c], want)
				}
			}
		}
	}
}

// TestPoolIsTheMeanOfMany large pictures of one size, of which all numbers would be too many.
func TestPoolIsTheMeanOfMany(t *testing.T) {
	m, _ := modelFile(t, func(s *model.Spec) { s.Channels = 3 })
	for n, want := range map[int]Pool{2: PoolNone, 60: PoolMean} {
		g := &Gallery{Names: make([]string, n), rooms: []room{{end: n, h: 4000, w: 6000}}}
		if l, err := newLatents(m, g, PoolAuto); err != nil || l.Pool != want {
			t.Errorf("%d pictures: %+v, %v; want %q", n, l, err, want)
		}
		if _, err := newLatents(m, g, PoolNone); (want == PoolMean) != errors.Is(err, errManyNumbers) {
			t.Errorf("%d pictures, all numbers: %v", n, err)
		}
	}
}

// shades draws pictures of three classes that differ in which third is bright.
func shades(n int) (*tensor.Tensor, []byte) {
	rng := rand.New(rand.NewPCG(7, 7))
	x, labels := tensor.New(n, 12, 12, 1), make([]byte, n)
	for i := range n {
		labels[i] = byte(i % 3)
		for k := range 144 {
			x.Data[i*144+k] = float32(0.2 * rng.Float64())
			if k/48 == int(labels[i]) {
				x.Data[i*144+k] += 0.6
			}
		}
	}
	return x, labels
}

// TestLabelsTell classifies pictures that are easily told apart: by labels beside the set, by
// those of a text file, by names of folders, and by other pictures; and pictures whose labels
// are drawn, which nothing tells apart.
func TestLabelsTell(t *testing.T) {
	_, file := modelFile(t, func(s *model.Spec) { s.Depth, s.Patch, s.Crop, s.Latent = 2, 3, 12, 6 })
	x, labels := shades(60)
	dir, other := t.TempDir(), t.TempDir()
	set, train := writeIDX(t, dir, x, labels), writeIDX(t, other, x, labels)
	folder := filepath.Join(t.TempDir(), "classes")
	savePNGs(t, x, func(i int) string {
		return filepath.Join(folder, string('a'+rune(labels[i])), fmt.Sprintf("deep/%d.png", i))
	})
	bare := writeIDX(t, t.TempDir(), x, nil)
	text, dice := filepath.Join(dir, "labels.txt"), filepath.Join(dir, "dice.txt")
	var lines, drawn string
	rng := rand.New(rand.NewPCG(9, 9))
	for _, l := range labels {
		lines += fmt.Sprintf("class %d\r\n", l)
		drawn += fmt.Sprintf("%d\n", rng.IntN(3))
	}
	write(t, text, lines)
	write(t, dice, drawn)
	for name, c := range map[string]struct {
		job         FeaturesJob
		least, most float64
	}{
		"labels beside":  {FeaturesJob{In: []string{set}}, 0.9, 1},
		"folders":        {FeaturesJob{In: []string{folder}}, 0.9, 1},
		"a text":         {FeaturesJob{In: []string{bare}, Labels: text}, 0.9, 1},
		"other pictures": {FeaturesJob{In: []string{set}, Train: train}, 0.9, 1},
		"their text":     {FeaturesJob{In: []string{set}, Labels: text, Train: bare, TrainLabels: text}, 0.9, 1},
		"chance":         {FeaturesJob{In: []string{bare}, Labels: dice}, 0, 0.6},
	} {
		c.job.Model = file
		f, err := TakeFeatures(t.Context(), c.job, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if f.Labelled != 60 || f.Classes != 3 || f.PCA != 6 {
			t.Errorf("%s: %d labels, %d classes, %d components; want 60, 3, 6", name, f.Labelled, f.Classes, f.PCA)
		}
		for what, got := range map[string]*float64{"neighbours": f.KNN, "planes": f.Probe, "neighbours by PCA": f.ByPCA.KNN, "planes by PCA": f.ByPCA.Probe} {
			if got == nil || *got < c.least || *got > c.most {
				t.Errorf("%s: %s are right in %v, want %g to %g", name, what, orNothing(got), c.least, c.most)
			}
		}
	}
}

func orNothing(x *float64) any {
	if x == nil {
		return "nothing"
	}
	return *x
}

// TestFeaturesOfAVariationalModelAreItsMeans and the same every time.
func TestFeaturesOfAVariationalModelAreItsMeans(t *testing.T) {
	_, file := modelFile(t, func(s *model.Spec) { s.Bottleneck = "variational" })
	job := FeaturesJob{In: []string{"builtin:glyphs"}, Model: file, Out: filepath.Join(t.TempDir(), "z.npy"), Drawn: 7, Seed: 3}
	var before []byte
	for range 2 {
		f, err := TakeFeatures(t.Context(), job, nil)
		if err != nil || f.Numbers != 14*14*4 {
			t.Fatalf("%+v, %v", f, err)
		}
		now := read(t, job.Out)
		if before != nil && !bytes.Equal(now, before) {
			t.Error("two runs write two files")
		}
		before = now
	}
}

// TestNearestToAPictureIsItself and the others follow by their distances.
func TestNearestToAPictureIsItself(t *testing.T) {
	_, file := modelFile(t, func(s *model.Spec) { s.Channels = 3 })
	dir := t.TempDir()
	savePNGs(t, rounded(t, 9, 16, 3), func(i int) string { return filepath.Join(dir, fmt.Sprintf("%d.png", i)) })
	f, err := TakeFeatures(t.Context(), FeaturesJob{In: []string{dir}, Model: file, Near: filepath.Join(dir, "4.png"), Count: 12}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Near) != 9 || f.Near[0].File != filepath.Join(dir, "4.png") || f.Near[0].Distance != 0 {
		t.Fatalf("near are %+v, want all 9 and the picture itself at first", f.Near)
	}
	if !slices.IsSortedFunc(f.Near, func(a, b Near) int {
		if a.Distance <= b.Distance {
			return -1
		}
		return 1
	}) {
		t.Errorf("near are %+v, not in order", f.Near)
	}
}

// TestOddPictures asks for the features of what is hardly a picture, or of what does not fit.
func TestOddPictures(t *testing.T) {
	_, map4 := modelFile(t, func(s *model.Spec) {})
	_, vector := modelFile(t, func(s *model.Spec) { s.Depth, s.Patch, s.Crop, s.Latent = 2, 7, 28, 40 })
	_, mad := modelFile(t, func(s *model.Spec) {})
	unhinge(t, mad)
	sides := func(t *testing.T, sides ...int) string {
		dir := t.TempDir()
		for i, side := range sides {
			savePNGs(t, rounded(t, 1, side, 1), func(int) string { return filepath.Join(dir, fmt.Sprintf("%d/%d.png", i%2, i)) })
		}
		return dir
	}
	x, labels := shades(20)
	set := writeIDX(t, t.TempDir(), x, labels)
	missing := filepath.Join(t.TempDir(), "missing")
	damaged := sides(t, 9, 9, 9, 9)
	write(t, filepath.Join(damaged, "0", "0.png"), "\x89PNG\r\n\x1a\n and no more")
	few := filepath.Join(t.TempDir(), "few.txt")
	write(t, few, "a\nb\n")
	for name, c := range map[string]struct {
		job            FeaturesJob
		want           error
		count, numbers int
		failed         int
	}{
		"one picture":                {FeaturesJob{In: []string{sides(t, 16)}, Model: map4}, nil, 1, 8 * 8 * 4, 0},
		"two of two classes":         {FeaturesJob{In: []string{sides(t, 16, 16)}, Model: map4}, nil, 2, 8 * 8 * 4, 0},
		"2 × 2 pixels":               {FeaturesJob{In: []string{sides(t, 2, 2, 2)}, Model: map4}, nil, 3, 4, 0},
		"a single pixel":             {FeaturesJob{In: []string{sides(t, 1, 1, 1)}, Model: vector}, nil, 3, 40, 0},
		"smaller than a cell":        {FeaturesJob{In: []string{sides(t, 5, 5, 5, 5)}, Model: vector}, nil, 4, 40, 0},
		"several sizes":              {FeaturesJob{In: []string{sides(t, 8, 9)}, Model: map4}, nil, 2, 4, 0},
		"several sizes, not pooled":  {FeaturesJob{In: []string{sides(t, 8, 9)}, Model: map4, Pool: PoolNone}, errSizes, 0, 0, 0},
		"another size to be near to": {FeaturesJob{In: []string{sides(t, 8, 8)}, Model: map4, Near: filepath.Join(sides(t, 12), "0", "0.png"), Count: 1}, errSizes, 2, 8 / 2 * 8 / 2 * 4, 0},
		"no pictures":                {FeaturesJob{In: []string{t.TempDir()}, Model: map4}, ErrNoPictures, 0, 0, 0},
		"not there":                  {FeaturesJob{In: []string{missing}, Model: map4}, fs.ErrNotExist, 0, 0, 0},
		"a damaged one among others": {FeaturesJob{In: []string{damaged}, Model: map4}, nil, 3, 5 * 5 * 4, 1},
		"a damaged one alone":        {FeaturesJob{In: []string{filepath.Join(damaged, "0", "0.png")}, Model: map4}, imageio.ErrTruncated, 0, 0, 1},
		"too few labels":             {FeaturesJob{In: []string{set}, Model: map4, Labels: few}, errLabels, 0, 0, 0},
		"no file of labels":          {FeaturesJob{In: []string{set}, Model: map4, Labels: missing}, fs.ErrNotExist, 0, 0, 0},
		"labels of another set":      {FeaturesJob{In: []string{writeIDX(t, t.TempDir(), x, labels[:19])}, Model: map4}, imageio.ErrDamaged, 0, 0, 0},
		"others without labels":      {FeaturesJob{In: []string{set}, Model: map4, Train: writeIDX(t, t.TempDir(), x, nil)}, errLabels, 20, 6 * 6 * 4, 0},
		"others of another size":     {FeaturesJob{In: []string{set}, Model: map4, Train: sides(t, 9, 9)}, errSizes, 20, 6 * 6 * 4, 0},
		"a name that ends otherwise": {FeaturesJob{In: []string{set}, Model: map4, Out: "z.txt"}, errTable, 0, 0, 0},
		"a latent of no numbers":     {FeaturesJob{In: []string{set}, Model: mad}, embed.ErrNumber, 20, 6 * 6 * 4, 0},
		"no such source":             {FeaturesJob{In: []string{"builtin:dogs"}, Model: map4}, imageio.ErrUnsupported, 0, 0, 0},
	} {
		f, err := TakeFeatures(t.Context(), c.job, nil)
		if !errors.Is(err, c.want) || f.Count != c.count || f.Numbers != c.numbers || f.Failed != c.failed {
			t.Errorf("%s: %d pictures of %d numbers, %d failed, %v; want %d of %d, %d, %v", name, f.Count, f.Numbers, f.Failed, err, c.count, c.numbers, c.failed, c.want)
		}
		if err != nil {
			sentence(t, name, Words(err))
		}
	}
}

// TestFeaturesNameTheSetting that cannot be.
func TestFeaturesNameTheSetting(t *testing.T) {
	_, file := modelFile(t, func(*model.Spec) {})
	for field, job := range map[string]FeaturesJob{
		"drawn": {In: []string{"builtin:leaves"}, Drawn: 1 << 20}, "pool": {In: []string{"builtin:leaves"}, Pool: "max"},
		"count": {In: []string{"builtin:leaves"}, Near: "a.png"},
	} {
		job.Model = file
		var spec *model.SpecError
		if _, err := TakeFeatures(t.Context(), job, nil); !errors.As(err, &spec) || spec.Field != field || !IsMistake(err) {
			t.Errorf("%v, want a mistake in %s", err, field)
		}
	}
}

// unhinge gives a model file weights whose products leave all bounds.
func unhinge(t *testing.T, path string) {
	t.Helper()
	m, _, err := LoadModel(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.Params() {
		for i := range p.Val.Data {
			p.Val.Data[i] = 1e30
		}
	}
	if err := SaveModel(path, m); err != nil {
		t.Fatal(err)
	}
}

// TestFeaturesStop when their context is done, and leave no file.
func TestFeaturesStop(t *testing.T) {
	_, file := modelFile(t, func(*model.Spec) {})
	ctx, cancel := context.WithCancel(t.Context())
	dir := t.TempDir()
	job := FeaturesJob{In: []string{"builtin:shapes"}, Model: file, Out: filepath.Join(dir, "z.npy")}
	_, err := TakeFeatures(ctx, job, func(FileReport) { cancel() })
	if !errors.Is(err, context.Canceled) || len(files(t, dir)) > 0 {
		t.Errorf("ended with %v and the files %v", err, files(t, dir))
	}
}
