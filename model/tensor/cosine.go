package tensor

// Block is the side of the squares that Cosine transforms.
const Block = 8

// basis is the orthonormal cosine transform of Block numbers. The constants are
// written out because math.Cos is not the same on every machine.
var basis = func() (b [Block][Block]float32) {
	// cos(kπ/16), k = 0 … 8
	c := [9]float64{1, 0.98078528040323044913, 0.92387953251128675613, 0.83146961230254523708, 0.70710678118654752440,
		0.55557023301960222474, 0.38268343236508977173, 0.19509032201612826785, 0}
	for k := range Block {
		scale := 0.5
		if k == 0 {
			scale = c[4] / 2
		}
		for i := range Block {
			at := (2*i + 1) * k % 32 // of a circle of 32
			sign := 1.0
			if at > 16 {
				at = 32 - at
			}
			if at > 8 {
				at, sign = 16-at, -1
			}
			b[k][i] = float32(sign * scale * c[at])
		}
	}
	return b
}()

// tilted is basis with rows and columns swapped.
var tilted = func() (b [Block][Block]float32) {
	for k := range Block {
		for i := range Block {
			b[i][k] = basis[k][i]
		}
	}
	return b
}()

// Cosine is the orthonormal cosine transform (DCT-II) of a square, row by row: of its
// rows and of its columns. Uncosine is the way back.
func Cosine(pix [Block * Block]float32) [Block * Block]float32 {
	return across(&basis, across(&basis, pix))
}

func Uncosine(bins [Block * Block]float32) [Block * Block]float32 {
	return across(&tilted, across(&tilted, bins))
}

// across multiplies each row with a matrix and makes a column of it.
func across(m *[Block][Block]float32, in [Block * Block]float32) (out [Block * Block]float32) {
	for i := range Block {
		row := in[i*Block : (i+1)*Block]
		for k := range Block {
			by := &m[k]
			out[k*Block+i] = float32(by[0]*row[0]) + float32(by[1]*row[1]) + float32(by[2]*row[2]) + float32(by[3]*row[3]) +
				float32(by[4]*row[4]) + float32(by[5]*row[5]) + float32(by[6]*row[6]) + float32(by[7]*row[7])
		}
	}
	return out
}
