package noise

// This file does to pictures what JPEG does, without its bytes.

import "sieve/model/tensor"

// Tables K.1 and K.2 of ITU-T T.81, row by row.
var (
	brightTable = [64]uint8{
		16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
		18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
	}
	colourTable = [64]uint8{
		17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
		99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
	}
)

// steps scales a table for a quality of 1 to 100 as the library of the Independent
// JPEG Group does, in units of white.
func steps(table *[64]uint8, quality int) (out [64]float32) {
	scale := 200 - 2*quality
	if quality < 50 {
		scale = 5000 / quality
	}
	for i, q := range table {
		out[i] = float32(max(1, min((int(q)*scale+50)/100, 255))) / 255
	}
	return out
}

// compress rounds the cosine transform of 8×8 blocks of luma and chroma as JPEG of a
// quality does. halved takes every second row and column of chroma away.
func compress(pix []float32, h, w, c, quality int, halved bool) {
	bright, colour := steps(&brightTable, quality), steps(&colourTable, quality)
	if c == 1 {
		quantise(pix, h, w, &bright)
		return
	}
	y, cb, cr := apart(pix)
	quantise(y, h, w, &bright)
	for _, p := range [][]float32{cb, cr} {
		if !halved {
			quantise(p, h, w, &colour)
			continue
		}
		hh, hw := (h+1)/2, (w+1)/2
		half := make([]float32, hh*hw)
		for i := range hh {
			for j := range hw {
				y1, x1 := min(2*i+1, h-1), min(2*j+1, w-1)
				half[i*hw+j] = (p[2*i*w+2*j] + p[2*i*w+x1] + p[y1*w+2*j] + p[y1*w+x1]) / 4
			}
		}
		quantise(half, hh, hw, &colour)
		for i := range h {
			for j := range w { // three quarters of the nearest and one of the next, in both directions
				i1, j1 := near(i, hh), near(j, hw)
				a := float32(0.75*half[i/2*hw+j/2]) + float32(0.25*half[i/2*hw+j1])
				b := float32(0.75*half[i1*hw+j/2]) + float32(0.25*half[i1*hw+j1])
				p[i*w+j] = float32(0.75*a) + float32(0.25*b)
			}
		}
	}
	together(pix, y, cb, cr)
}

// apart returns the brightness and the two differences of colour of JPEG.
func apart(pix []float32) (y, cb, cr []float32) {
	n := len(pix) / 3
	all := make([]float32, 3*n)
	y, cb, cr = all[:n:n], all[n:2*n:2*n], all[2*n:]
	for i := range y {
		r, g, b := pix[3*i], pix[3*i+1], pix[3*i+2]
		l := tensor.Luma(r, g, b)
		y[i], cb[i], cr[i] = l, (b-l)/1.772, (r-l)/1.402
	}
	return y, cb, cr
}

// together is the way back.
func together(pix, y, cb, cr []float32) {
	for i := range y {
		pix[3*i] = y[i] + float32(1.402*cr[i])
		pix[3*i+2] = y[i] + float32(1.772*cb[i])
		pix[3*i+1] = y[i] - float32(0.344136*cb[i]) - float32(0.714136*cr[i])
	}
}

// near returns the half sample next to i's own, on the side that i lies on.
func near(i, n int) int { return max(0, min(i/2+2*(i&1)-1, n-1)) }

// quantise rounds the blocks of a plane to multiples of steps.
func quantise(p []float32, h, w int, steps *[64]float32) {
	var b [block * block]float32
	for y := 0; y < h; y += block {
		for x := 0; x < w; x += block {
			for i := range block {
				for j := range block {
					b[i*block+j] = p[min(y+i, h-1)*w+min(x+j, w-1)] - 128.0/255
				}
			}
			b = tensor.Cosine(b)
			for i, s := range steps {
				q := b[i] / s
				if q < 0 {
					b[i] = float32(int32(q-0.5)) * s
				} else {
					b[i] = float32(int32(q+0.5)) * s
				}
			}
			b = tensor.Uncosine(b)
			for i := range min(block, h-y) {
				for j := range min(block, w-x) {
					p[(y+i)*w+x+j] = b[i*block+j] + 128.0/255
				}
			}
		}
	}
}
