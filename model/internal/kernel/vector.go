//go:build (amd64 || arm64) && !purego

package kernel

// The functions below do the first part of an elementwise loop, as long as
// vectors are whole, and return where they stopped.

// vectors is that part of n numbers: nothing where there are no vectors.
func vectors(n int) int {
	if !hasVectors() {
		return 0
	}
	return n &^ 7
}

func axpy(z []float32, a float32, x, y []float32) int {
	n := vectors(len(x))
	if n > 0 {
		axpyAsm(&z[0], a, &x[0], &y[0], n)
	}
	return n
}

func relu(y, x []float32, slope float32) int {
	n := vectors(len(x))
	if n > 0 {
		reluAsm(&y[0], &x[0], slope, n)
	}
	return n
}

func reluGrad(dy, y []float32, slope float32) int {
	n := vectors(len(y))
	if n > 0 {
		reluGradAsm(&dy[0], &y[0], slope, n)
	}
	return n
}

func sigmoidGrad(dy, y []float32) int {
	n := vectors(len(y))
	if n > 0 {
		sigmoidGradAsm(&dy[0], &y[0], n)
	}
	return n
}

func tanhGrad(dy, y []float32) int {
	n := vectors(len(y))
	if n > 0 {
		tanhGradAsm(&dy[0], &y[0], n)
	}
	return n
}

func mul(z, x, y []float32) int {
	n := vectors(len(z))
	if n > 0 {
		mulAsm(&z[0], &x[0], &y[0], n)
	}
	return n
}

func difference(z []float32, a float32, x, y []float32) int {
	n := vectors(len(z))
	if n > 0 {
		differenceAsm(&z[0], a, &x[0], &y[0], n)
	}
	return n
}

func squaredError(sums *[8]float64, x, y []float32) int {
	n := vectors(len(x))
	if n > 0 {
		squaredErrorAsm(&sums[0], &x[0], &y[0], n)
	}
	return n
}

func squaredNorm(sums *[8]float64, x []float32) int {
	n := vectors(len(x))
	if n > 0 {
		squaredNormAsm(&sums[0], &x[0], n)
	}
	return n
}

func normalise(y, r, x, norms []float32, inverse bool) int {
	n := vectors(len(y))
	switch {
	case n == 0:
	case inverse:
		normaliseInverseAsm(&y[0], &r[0], &x[0], &norms[0], n)
	default:
		normaliseAsm(&y[0], &r[0], &x[0], &norms[0], n)
	}
	return n
}

func normGrad(dn, dy, y, r []float32, inverse bool) int {
	n := vectors(len(y))
	switch {
	case n == 0:
	case inverse:
		normGradInverseAsm(&dn[0], &dy[0], &y[0], &r[0], n)
	default:
		normGradAsm(&dn[0], &dy[0], &y[0], &r[0], n)
	}
	return n
}

func normaliseGrad(dy, r, x, s []float32) int {
	n := vectors(len(dy))
	if n > 0 {
		normaliseGradAsm(&dy[0], &r[0], &x[0], &s[0], n)
	}
	return n
}

func sigmoid(y, x []float32) int {
	n := vectors(len(x))
	if n > 0 {
		sigmoidAsm(&y[0], &x[0], n)
	}
	return n
}

func tanh(y, x []float32) int {
	n := vectors(len(x))
	if n > 0 {
		tanhAsm(&y[0], &x[0], n)
	}
	return n
}

// columnSums and reluGradSums count columns.
func columnSums(sums, y []float32, rows int) int {
	n := vectors(len(sums))
	if n > 0 && rows > 0 {
		columnSumsAsm(&sums[0], &y[0], n, rows, len(sums))
	}
	return n
}

func reluGradSums(sums, dy, y []float32, slope float32, rows int) int {
	n := vectors(len(sums))
	if n > 0 && rows > 0 {
		reluGradSumsAsm(&sums[0], &dy[0], &y[0], slope, n, rows, len(sums))
	}
	return n
}

func (o *adamRates) vector(p, m, v, g []float32) int {
	n := vectors(len(p))
	if n > 0 {
		adamAsm(&p[0], &m[0], &v[0], &g[0], n, o.beta1, o.rest1, o.beta2, o.rest2, o.bias2, o.eps, o.rate, o.keep)
	}
	return n
}

// transposeRows transposes the first rows of src and returns how many.
func transposeRows(dst []float32, ldd int, src []float32, lds, rows, cols int) int {
	n := vectors(rows)
	if cols%8 != 0 {
		return 0
	}
	for i := 0; i < n; i += 8 {
		_, _ = dst[(cols-1)*ldd+i+7], src[(i+7)*lds+cols-1]
		transposeAsm(&dst[i], ldd, &src[i*lds], lds, cols)
	}
	return n
}
