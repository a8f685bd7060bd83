package model

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"sieve/model/metric"
	"sieve/model/nn"
	"sieve/model/tensor"
)

// waves is a source of smooth grey pictures.
type waves struct{ size int }

func (s waves) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	x := tensor.New(n, s.size, s.size, 1)
	for b := range n {
		f, p := rng.Float64()*.8, rng.Float64()*6
		for i := range s.size * s.size {
			x.Data[b*s.size*s.size+i] = float32(.5 + .4*math.Sin(f*float64(i%s.size+i/s.size)+p))
		}
	}
	return x, nil
}

// small is a spec whose steps take no time.
func small() Spec {
	s := DefaultSpec()
	s.Channels, s.Depth, s.Width, s.Latent, s.Crop, s.Batch, s.Check = 1, 1, 8, 4, 8, 8, 10
	s.Scheme, s.Rate, s.Schedule, s.Warmup, s.Steps = "none", 1e-2, "constant", 0, 0
	return s
}

func trainer(t *testing.T, s Spec) *Trainer {
	t.Helper()
	tr, err := NewTrainer(s, waves{s.Crop}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func train(t *testing.T, tr *Trainer, n int) (last Progress) {
	t.Helper()
	for range n {
		p, err := tr.Step()
		if err != nil {
			t.Fatal(err)
		}
		last = p
	}
	return last
}

func bytesOf(t *testing.T, tr *Trainer) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tr.Save(&b, "waves"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEveryVariantLearns crosses bodies, bottlenecks and schemes, and varies the
// rest.
func TestEveryVariantLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("learns for a while")
	}
	learn := func(name string, change func(*Spec)) {
		t.Run(name, func(t *testing.T) {
			s := small()
			change(&s)
			tr := trainer(t, s)
			first := train(t, tr, 1)
			if last := train(t, tr, 120); !(last.Loss < .6*first.Loss) {
				t.Errorf("loss went from %g to %g", first.Loss, last.Loss)
			}
		})
	}
	for _, body := range Choices("body") {
		for _, mid := range Choices("bottleneck") {
			if (body == "unet" || body == "recurrent") && mid == "quantised" {
				continue // is none
			}
			schemes := []string{"none", "blindspot:10"}
			if mid == "plain" {
				schemes = append(schemes, "gaussian:10-30", "poisson:20", "speckle:20", "saltpepper:5", "masked:10", "gaussian:20+saltpepper:1-5")
			}
			for _, scheme := range schemes {
				learn(body+"/"+mid+"/"+scheme, func(s *Spec) {
					s.Body, s.Bottleneck, s.Scheme = body, mid, scheme
					switch body {
					case "linear":
						s.Patch = 4
					case "shuffle":
						s.Depth = 2
					}
				})
			}
		}
	}
	for _, a := range Choices("activation") {
		learn("activation/"+a, func(s *Spec) { s.Activation = a })
	}
	for _, up := range Choices("up") {
		learn("up/"+up, func(s *Spec) { s.Up = up })
	}
	for _, k := range []int{3, 5, 7} {
		learn(fmt.Sprint("kernel/", k), func(s *Spec) { s.Kernel = k })
	}
	learn("loss/l1", func(s *Spec) { s.Loss = "l1" })
	learn("loss/rmse", func(s *Spec) { s.Loss = "rmse" })
	learn("loss/ssim", func(s *Spec) { s.Loss = "ssim" })
	learn("skips", func(s *Spec) { s.Skips, s.Depth = true, 2 })
	learn("output/sigmoid", func(s *Spec) { s.Output = "sigmoid" })
	learn("sgd", func(s *Spec) { s.Optimiser, s.Rate, s.Warmup = "sgd", .05, 20 })
	learn("muon", func(s *Spec) { s.Optimiser, s.Width, s.Latent = "muon", 16, 16 })
	learn("level", func(s *Spec) { s.Level, s.Scheme = true, "gaussian:0-50" })
	learn("cosine", func(s *Spec) { s.Schedule, s.Steps = "cosine", 130 })
	learn("average", func(s *Spec) { s.Average = .9 })
	learn("depth 2, blocks", func(s *Spec) { s.Depth, s.Blocks = 2, 1 })
	learn("depth 0", func(s *Spec) { s.Depth = 0 })
	learn("vector", func(s *Spec) { s.Patch = 4 })
	learn("one picture a step", func(s *Spec) { s.Batch = 1 })
	learn("uneven shards", func(s *Spec) { s.Batch = 11 })
}

// TestCrossEntropyReachesTheEntropy trains on pictures of 0 and 1, whose own
// entropy is nothing.
func TestCrossEntropyReachesTheEntropy(t *testing.T) {
	s := small()
	s.Loss, s.Output = "bce", "sigmoid"
	tr, err := NewTrainer(s, bars{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last := train(t, tr, 300); last.Loss > .02 {
		t.Errorf("cross-entropy is %g nats after 300 steps, want nearly none", last.Loss)
	}
}

// bars is a source of black and white pictures with one edge.
type bars struct{}

func (bars) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	x := tensor.New(n, 8, 8, 1)
	for b := range n {
		edge := rng.IntN(8)
		for i := range 64 {
			if i%8 >= edge {
				x.Data[b*64+i] = 1
			}
		}
	}
	return x, nil
}

// TestResume checks that stopping and going on leaves no trace.
func TestResume(t *testing.T) {
	for name, change := range map[string]func(*Spec){
		"plain":       func(*Spec) {},
		"average":     func(s *Spec) { s.Average = .99 },
		"variational": func(s *Spec) { s.Bottleneck, s.Scheme = "variational", "gaussian:0-30+poisson:10" },
		"recurrent":   func(s *Spec) { s.Body, s.Bottleneck, s.Passes = "recurrent", "binary", 2 },
		"sgd":         func(s *Spec) { s.Optimiser, s.Rate = "sgd", .01 },
		"muon unet": func(s *Spec) {
			s.Body, s.Depth, s.Width, s.Latent, s.Blocks, s.Optimiser, s.Output, s.Level = "unet", 2, 16, 24, 1, "muon", "residual", true
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := small()
			change(&s)
			whole, half := trainer(t, s), trainer(t, s)
			train(t, whole, 25)
			train(t, half, 13)
			rest, err := Resume(bytes.NewReader(bytesOf(t, half)), waves{s.Crop}, nil)
			if err != nil {
				t.Fatal(err)
			}
			train(t, rest, 12)
			if !bytes.Equal(bytesOf(t, whole), bytesOf(t, rest)) {
				t.Error("a resumed run differs from an unbroken one")
			}
		})
	}
}

// TestBegin starts one training from the weights of another, which must be of the
// same network.
func TestBegin(t *testing.T) {
	s := small()
	s.Average = .9
	first := trainer(t, s)
	train(t, first, 30)
	s.Seed, s.Rate, s.Scheme = 7, 1e-3, "gaussian:20"
	second := trainer(t, s)
	if err := second.Begin(first.m); err != nil {
		t.Fatal(err)
	}
	for i, p := range second.Model().params() {
		if !slices.Equal(p.Val.Data, first.m.params()[i].Val.Data) {
			t.Fatalf("parameter %d is not where the other model was", i)
		}
	}
	deeper := s
	deeper.Blocks++
	third := trainer(t, deeper)
	if err := third.Begin(first.m); err != nil {
		t.Fatal(err)
	}
	pictures, err := third.held.Batch(rand.New(rand.NewPCG(1, 1)), 2)
	if err != nil {
		t.Fatal(err)
	}
	var made [2]*tensor.Tensor
	for i, m := range []*Model{first.m, third.Model()} {
		if made[i], err = m.Reconstruct(t.Context(), pictures, 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(made[0].Data, made[1].Data) {
		t.Error("with more blocks it begins elsewhere")
	}
	s.Width++
	var bad *SpecError
	if err := trainer(t, s).Begin(first.m); !errors.As(err, &bad) || bad.Field != "from" {
		t.Errorf("a model of another network is refused with %v", err)
	}
}

// TestCores checks that the number of processors does not show in the weights.
func TestCores(t *testing.T) {
	s := small()
	s.Bottleneck, s.Scheme, s.Average, s.Batch = "variational", "gaussian:0-30", .9, 11
	var got [][]byte
	for _, n := range []int{1, 2, 7} {
		old := runtime.GOMAXPROCS(n)
		tr := trainer(t, s)
		train(t, tr, 12)
		got = append(got, bytesOf(t, tr))
		runtime.GOMAXPROCS(old)
	}
	if !bytes.Equal(got[0], got[1]) || !bytes.Equal(got[0], got[2]) {
		t.Error("weights depend on GOMAXPROCS")
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var end error
	for p, err := range trainer(t, small()).Steps(ctx) {
		if end = err; p.Step == 5 {
			cancel()
		}
	}
	if !errors.Is(end, context.Canceled) {
		t.Errorf("ended with %v", end)
	}
}

// TestStepsEnd counts the steps of a run that has an end.
func TestStepsEnd(t *testing.T) {
	s := small()
	s.Steps, s.Schedule = 7, "cosine"
	n := 0
	var last Progress
	for p, err := range trainer(t, s).Steps(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		last = p
		n++
	}
	if n != 7 || last.Step != 7 || last.Val == nil {
		t.Errorf("took %d steps, the last is number %d with validation %v; want 7, 7 and one", n, last.Step, last.Val)
	}
}

// TestDivergenceKeepsTheBest trains with a rate of 1000 and goes back.
func TestDivergenceKeepsTheBest(t *testing.T) {
	for _, output := range Choices("output") {
		s := small()
		s.Output = output
		if output == "residual" {
			s.Scheme = "gaussian:20" // without noise there is nothing to add, and no way to fail
		}
		tr := trainer(t, s)
		train(t, tr, 60)
		good := tr.Best()
		tr.m.Spec.Rate = 1000
		var err error
		for range 200 {
			if _, err = tr.Step(); err != nil {
				break
			}
		}
		if !errors.Is(err, ErrDiverged) {
			t.Fatalf("%s: a rate of 1000 ended with %v", output, err)
		}
		if err := tr.Revert(); err != nil {
			t.Fatal(err)
		}
		for i, p := range tr.params {
			for j, v := range p.Val.Data {
				if v != good.params()[i].Val.Data[j] {
					t.Fatalf("%s: after going back weight %d of parameter %d is %g, the best was %g", output, j, i, v, good.params()[i].Val.Data[j])
				}
			}
		}
		tr.m.Spec.Rate = 1e-3
		train(t, tr, 10)
	}
}

// TestBandsDoNotShow compares a picture that all layers compute as a whole with one
// that flows through them: bit for bit. Where it does so in strips, patches of pixels
// that convolutions compute hold others beside those that the result sees.
func TestBandsDoNotShow(t *testing.T) {
	was, least := bandPixels, leastRows
	defer func() { bandPixels, leastRows, stripPixels = was, least, 2048 }()
	for name, change := range map[string]func(*Spec){
		"wide":       func(s *Spec) { s.Depth, s.Blocks, s.Width = 1, 1, 32 },
		"transposed": func(s *Spec) { s.Depth, s.Kernel, s.Blocks = 2, 5, 1 },
		"nearest":    func(s *Spec) { s.Depth, s.Up = 3, "nearest" },
		"depth 0":    func(s *Spec) { s.Depth = 0 },
		"vector":     func(s *Spec) { s.Patch = 4 },
		"linear":     func(s *Spec) { s.Body, s.Patch = "linear", 8 },
		"unet": func(s *Spec) {
			s.Body, s.Depth, s.Latent, s.Blocks, s.Output, s.Level = "unet", 3, 8, 1, "residual", true
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := small()
			s.Crop, s.Width = 32, 4
			change(&s)
			m, err := New(s)
			if err != nil {
				t.Fatal(err)
			}
			x, _ := waves{size: 700}.Batch(rand.New(rand.NewPCG(1, 1)), 1)
			rng := rand.New(rand.NewPCG(2, 2))
			for i := range x.Data {
				x.Data[i] += rng.Float32()
			}
			// All at once: pad by hand.
			cell := m.Cell()
			side := (700 + cell - 1) / cell * cell
			whole := tensor.New(1, side, side, 1)
			for y := range side {
				for xx := range side {
					whole.Data[y*side+xx] = x.Data[tensor.Mirror(y, 700)*700+tensor.Mirror(xx, 700)]
				}
			}
			v, past := m.encode(nil, m.lay(nil, whole, []float32{0.1}))
			z, _ := m.bottleneck.Code(nil, v, 0, nil)
			want := m.output(nil, m.decode(nil, z, past), whole).Val
			for _, cut := range []struct{ band, rows, strip int }{{was, least, 2048}, {1, 40, 2048}, {5000, 24, 300}} {
				bandPixels, leastRows, stripPixels = cut.band, cut.rows, cut.strip
				got, err := m.Reconstruct(t.Context(), x, 0.1, nil)
				if err != nil {
					t.Fatal(err)
				}
				bound := 0.0
				if cut.strip < 700 {
					for _, v := range got.Data {
						bound = max(bound, 2e-6*math.Abs(float64(v)))
					}
				}
				for y := range 700 {
					for xx := range 700 {
						if g, w := got.Data[y*700+xx], want.Data[y*side+xx]; math.Abs(float64(g-w)) > bound {
							t.Fatalf("cut %+v: pixel (%d, %d) is %g, as a whole %g", cut, xx, y, g, w)
						}
					}
				}
				y := x.Clone() // in place, and in strips the margins are not lost
				row := func(r, c int) []float32 { return y.Data[r*700+c:] }
				err = m.Flow(t.Context(), 700, 700, 0.1, func(to []float32, r, c int) { copy(to, row(r, c)) }, func(from []float32, r, c int) { copy(row(r, c), from) }, nil)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(y.Data, got.Data) {
					t.Fatalf("cut %+v: in place it is another picture", cut)
				}
			}
		})
	}
}

// TestMirroredRowsAreReadInTime works in place on a picture whose last rows are mirrored
// from those of a cell that is done by then.
func TestMirroredRowsAreReadInTime(t *testing.T) {
	least := leastRows
	defer func() { leastRows = least }()
	leastRows = 8
	s := small()
	s.Body, s.Patch, s.Crop = "linear", 8, 32
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	const h, w = 8*84 + 1, 70
	x := tensor.New(1, h, w, 1)
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range x.Data {
		x.Data[i] = rng.Float32()
	}
	want, err := m.Reconstruct(t.Context(), x, 0, nil)
	if err != nil {
		t.Fatal(err)
	}
	row := func(r, c int) []float32 { return x.Data[r*w+c:] }
	was := bandPixels
	defer func() { bandPixels = was }()
	bandPixels = 1
	err = m.Flow(t.Context(), h, w, 0, func(to []float32, r, c int) { copy(to, row(r, c)) }, func(from []float32, r, c int) { copy(row(r, c), from) }, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(x.Data, want.Data) {
		t.Error("in place it is another picture")
	}
}

// TestAnySize reconstructs pictures that are no multiple of anything.
func TestAnySize(t *testing.T) {
	s := small()
	s.Depth, s.Crop = 3, 8
	m, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range [][2]int{{1, 1}, {1, 500}, {500, 1}, {7, 9}, {257, 3}} {
		done, all := 0, -1
		y, err := m.Reconstruct(t.Context(), tensor.New(2, size[0], size[1], 1), 0, func(d, total int) {
			if d <= done || d > total {
				t.Errorf("reported %d of %d after %d", d, total, done)
			}
			done, all = d, total
		})
		if err != nil {
			t.Fatal(err)
		}
		if done != all {
			t.Errorf("ended with %d of %d", done, all)
		}
		if n, h, w, c := y.Dims4(); n != 2 || h != size[0] || w != size[1] || c != 1 {
			t.Errorf("reconstruction of %v has shape %v", size, y.Shape)
		}
	}
}

// TestCancelledReconstruction asks for nothing and gets the context's error.
func TestCancelledReconstruction(t *testing.T) {
	m, err := New(small())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Reconstruct(ctx, tensor.New(1, 600, 600, 1), 0, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

// blobs is a source of colour pixels whose principal components are known.
type blobs struct{}

func (blobs) Batch(rng *rand.Rand, n int) (*tensor.Tensor, error) {
	x := tensor.New(n, 4, 4, 1)
	for i := range n * 4 {
		var e [4]float64
		for k, sd := range []float64{2, 1, .5, .25} {
			e[k] = (rng.Float64() - .5) * math.Sqrt(12) * sd
		}
		// Half the Hadamard matrix is a rotation. Its four outputs are the 2×2
		// pixels of a patch.
		for k, r := range [4][4]float64{{1, 1, 1, 1}, {1, -1, 1, -1}, {1, 1, -1, -1}, {1, -1, -1, 1}} {
			at := i/4*16 + i%4/2*8 + i%2*2 + k/2*4 + k%2
			for j := range 4 {
				x.Data[at] += float32(r[j] * e[j] / 2)
			}
		}
	}
	return x, nil
}

// TestLinearIsPCA checks that a linear autoencoder with two latents loses what
// PCA loses that keeps two components (Baldi and Hornik 1989), on what neither
// has seen.
func TestLinearIsPCA(t *testing.T) {
	s := small()
	s.Body, s.Patch, s.Latent, s.Crop, s.Batch, s.Schedule, s.Steps = "linear", 2, 2, 4, 32, "cosine", 1500
	tr, err := NewTrainer(s, blobs{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	train(t, tr, s.Steps)
	x, _ := blobs{}.Batch(rand.New(rand.NewPCG(5, 5)), 4000)
	y, _ := tr.Model().Reconstruct(t.Context(), x, 0, nil)
	got := metric.MSE(x, y)
	patches := nn.Unshuffle(nil, nn.Const(x), 2).Val
	rows := mat.NewDense(len(patches.Data)/4, 4, nil)
	for i, v := range patches.Data {
		rows.Set(i/4, i%4, float64(v))
	}
	var pc stat.PC
	if !pc.PrincipalComponents(rows, nil) {
		t.Fatal("PCA failed")
	}
	variances := pc.VarsTo(nil)
	if want := (variances[2] + variances[3]) / 4; math.Abs(got-want) > .02*want {
		t.Errorf("loses %g, PCA loses %g", got, want)
	}
}

// TestSpecErrorsNameTheField breaks one field at a time.
func TestSpecErrorsNameTheField(t *testing.T) {
	for field, change := range map[string]func(*Spec){
		"body":     func(s *Spec) { s.Body = "elephant" },
		"channels": func(s *Spec) { s.Channels = 2 },
		"crop":     func(s *Spec) { s.Crop = 9 },
		"kernel":   func(s *Spec) { s.Kernel = 4 },
		"rate":     func(s *Spec) { s.Rate = math.NaN() },
		"output":   func(s *Spec) { s.Loss = "bce" },
		"schedule": func(s *Spec) { s.Schedule = "cosine" },
		"batch":    func(s *Spec) { s.Batch = 0 },
		"width":    func(s *Spec) { s.Width, s.Depth, s.Kernel, s.Crop, s.Blocks = 512, 5, 7, 32, 16 },
	} {
		s := small()
		change(&s)
		_, err := New(s)
		var se *SpecError
		if !errors.As(err, &se) || se.Field != field {
			t.Errorf("%s: error is %v", field, err)
		}
	}
	s := small()
	s.Scheme = "gaussian:abc"
	if _, err := New(s); err == nil {
		t.Error("an unreadable scheme is accepted")
	}
}

// TestCountAgrees compares the plan's count with what is built.
func TestCountAgrees(t *testing.T) {
	for _, change := range []func(*Spec){
		func(*Spec) {}, func(s *Spec) { s.Depth, s.Blocks, s.Up = 3, 2, "nearest" },
		func(s *Spec) { s.Patch = 4 }, func(s *Spec) { s.Body, s.Bottleneck = "linear", "variational" }, func(s *Spec) { s.Depth = 0 },
		func(s *Spec) { s.Skips, s.Depth = true, 3 }, func(s *Spec) { s.Body, s.Depth, s.Width = "recurrent", 3, 5 },
		func(s *Spec) { s.Body, s.Bottleneck = "recurrent", "variational" },
		func(s *Spec) {
			s.Body, s.Depth, s.Latent, s.Bottleneck, s.Context = "shuffle", 2, 24, "quantised", true
		},
	} {
		s := small()
		change(&s)
		m, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, p := range m.Params() {
			n += len(p.Val.Data)
		}
		if n != s.Count() {
			t.Errorf("%+v: built %d numbers, counted %d", s, n, s.Count())
		}
	}
}
