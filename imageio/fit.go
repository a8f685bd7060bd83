package imageio

import (
	"image"

	"github.com/disintegration/imaging"

	"sieve/model/tensor"
)

// Fit returns a picture (1, H, W, 1|3) in [0, 1] at another size: its middle, as large as the shape allows, scaled
// by Lanczos's filter, in levels of 8 bits.
func Fit(x *tensor.Tensor, h, w int) *tensor.Tensor {
	_, oh, ow, c := x.Dims4()
	if oh == h && ow == w {
		return x
	}
	scaled := imaging.Fill(ToRGBA(nil, x), w, h, imaging.Center, imaging.Lanczos)
	return fromNRGBA(scaled, c)
}

// fromNRGBA reads an opaque picture.
func fromNRGBA(img *image.NRGBA, c int) *tensor.Tensor {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := tensor.New(1, h, w, c)
	for i := range h * w {
		p := img.Pix[i/w*img.Stride+4*(i%w):]
		for k := range c {
			out.Data[i*c+k] = float32(p[k]) / 255
		}
	}
	return out
}
