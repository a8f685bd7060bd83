package session

import (
	"os"
	"path/filepath"
	"testing"

	"gonum.org/v1/gonum/mat"

	"sieve/imageio"
	"sieve/model/metric"
)

// TestOneClassBeatsPCA measures both by one protocol. It takes minutes, and runs where
// SIEVE_SLOW is set.
func TestOneClassBeatsPCA(t *testing.T) {
	dir := os.Getenv("SIEVE_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	dir = filepath.Join(dir, "mnist")
	if _, err := os.Stat(dir); err != nil || os.Getenv("SIEVE_SLOW") == "" {
		t.Skipf("takes minutes: set SIEVE_SLOW, and have MNIST in %s", dir)
	}
	want := pcaAUROC(t, dir, 32)
	got, err := OneClassAUROC(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("AUROC %.4f, PCA %.4f", got, want)
	if got <= want {
		t.Errorf("AUROC %.4f, PCA has %.4f", got, want)
	}
}

// pcaAUROC is OneClassAUROC with the squared error of so many principal components.
func pcaAUROC(t *testing.T, dir string, components int) (mean float64) {
	t.Helper()
	train, err := openMNIST(dir, "train-images-idx3-ubyte")
	if err != nil {
		t.Fatal(err)
	}
	test, err := openMNIST(dir, "t10k-images-idx3-ubyte")
	if err != nil {
		t.Fatal(err)
	}
	labels, all := test.Labels(), matrix(test)
	for digit := range 10 {
		x := matrix(train.Only(digit))
		n, size := x.Dims()
		middle := make([]float64, size)
		for k := range middle {
			middle[k] = mat.Sum(x.ColView(k)) / float64(n)
		}
		centre := func(m *mat.Dense) *mat.Dense {
			var out mat.Dense
			out.Apply(func(_, k int, v float64) float64 { return v - middle[k] }, m)
			return &out
		}
		x = centre(x)
		c := mat.NewSymDense(size, nil)
		c.SymOuterK(1, x.T())
		var eigen mat.EigenSym
		if !eigen.Factorize(c, true) {
			t.Fatal("PCA failed")
		}
		var vectors, codes, back mat.Dense
		eigen.VectorsTo(&vectors)
		basis := vectors.Slice(0, size, size-components, size)
		y := centre(all)
		codes.Mul(y, basis)
		back.Mul(&codes, basis.T())
		back.Sub(y, &back)
		var scores [2][]float64
		for i, label := range labels {
			class := 0
			if label != digit {
				class = 1
			}
			row := back.RowView(i)
			scores[class] = append(scores[class], mat.Dot(row, row))
		}
		mean += metric.AUROC(scores[0], scores[1]) / 10
	}
	return mean
}

// matrix has a picture a row.
func matrix(s *imageio.Set) *mat.Dense {
	h, w, _ := s.Size()
	m := mat.NewDense(s.Len(), h*w, nil)
	for i := range s.Len() {
		for k, v := range s.Whole(i).Data {
			m.Set(i, k, float64(v))
		}
	}
	return m
}
