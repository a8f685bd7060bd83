package kernel

// transpose computes dst[j·ldd+i] = src[i·lds+j] for i < rows, j < cols.
func transpose(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	for i := range rows {
		for j, v := range src[i*lds:][:cols] {
			dst[j*ldd+i] = v
		}
	}
}
